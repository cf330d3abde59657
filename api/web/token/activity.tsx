import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Alert, Baseline, TokenDetail } from '../lib/api-types.js';
import { behindText } from '../lib/behind.js';
import { count, moment, parse } from '../lib/format.js';
import { SortableTable, type Column } from '../shell/sortable-table.js';
import { FirstSeenLanes } from './first-seen-lanes.js';

interface Props {
  readonly baseline: Baseline | null;
  readonly seen: TokenDetail['seen_with'];
  readonly alerts: readonly Alert[];
  readonly fromMs: number;
  readonly toMs: number;
}

type Hour = Baseline['hours'][number];

const upperOf = (hour: Hour, threshold: number): number | null =>
  hour.expected === null || hour.spread === null ? null : hour.expected + threshold * hour.spread;

/** Requests of each hour over the band that the detector expects, and under the same axis what was first seen when. */
export function Activity({ baseline, seen, alerts, fromMs, toMs }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [width]);
  return (
    <section class="panel activity" aria-labelledby="activity-title">
      <h2 id="activity-title">
        Requests an hour{' '}
        <span class="dim">
          {moment(fromMs)} – {moment(toMs)} UTC
          {baseline === null ? '' : behindText(baseline)}
        </span>
        <span class="keys-of">
          <i class="swatch swatch-series" /> requests <i class="swatch swatch-failed" /> failed{' '}
          <i class="swatch swatch-band" /> usual band
        </span>
      </h2>
      <div ref={frame}>
        {baseline === null || width.value === 0 ? (
          <p class="chart-wait dim">Reading…</p>
        ) : (
          <UsageFigure baseline={baseline} alerts={alerts} width={width.value} fromMs={fromMs} toMs={toMs} />
        )}
        {width.value === 0 ? null : <FirstSeenLanes seen={seen} width={width.value} fromMs={fromMs} toMs={toMs} />}
      </div>
      {baseline === null ? null : <Reasons baseline={baseline} />}
      {baseline === null ? null : <HoursTable baseline={baseline} />}
    </section>
  );
}

interface FigureProps {
  readonly baseline: Baseline;
  readonly alerts: readonly Alert[];
  readonly width: number;
  readonly fromMs: number;
  readonly toMs: number;
}

function UsageFigure({ baseline, alerts, width, fromMs, toMs }: FigureProps) {
  const mount = useRef<HTMLDivElement>(null);
  const move = useRef<((index: number) => void) | null>(null);
  const at = useSignal<number | null>(null);
  useEffect(() => {
    let gone = false;
    let drop: (() => void) | null = null;
    void import('./usage-chart.js').then(({ drawUsage }) => {
      if (gone || mount.current === null) return;
      const chart = drawUsage(mount.current, {
        baseline,
        alerts,
        width,
        fromMs,
        toMs,
        onPoint: (index) => (at.value = index),
      });
      move.current = chart.point;
      drop = chart.drop;
    });
    return () => {
      gone = true;
      move.current = null;
      drop?.();
    };
  }, [baseline, alerts, width, fromMs, toMs, at]);
  const hours = baseline.hours;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || hours.length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(hours.length - 1, (at.peek() ?? hours.length - 1) + step));
    at.value = next;
    move.current?.(next);
  };
  const hour = at.value === null ? undefined : hours[at.value];
  return (
    <figure>
      {/* The chart is a picture with a keyboard: arrows move over the hours, and what stands there is read out. */}
      <div
        class="chart"
        ref={mount}
        role="application"
        tabIndex={0}
        aria-label={`${summaryOf(baseline)} Left and right arrows read single hours.`}
        onKeyDown={onKeyDown}
      />
      <figcaption class="dim" aria-live="polite">
        {hour === undefined ? summaryOf(baseline) : hourText(hour, baseline.threshold)}
      </figcaption>
    </figure>
  );
}

function summaryOf({ hours, threshold }: Baseline): string {
  const busiest = hours.reduce<Hour | null>(
    (most, hour) => (most === null || hour.requests > most.requests ? hour : most),
    null,
  );
  if (busiest === null || busiest.requests === 0) return 'No requests in this time.';
  const above = hours.filter((hour) => hour.told > (upperOf(hour, threshold) ?? Infinity)).length;
  const words =
    above === 0
      ? 'No hour is above the usual band.'
      : `${above === 1 ? 'One hour is' : `${above} hours are`} above the usual band.`;
  return `${words} The busiest is ${hourText(busiest, threshold)}`;
}

function hourText(hour: Hour, threshold: number): string {
  const upper = upperOf(hour, threshold);
  const usual =
    upper === null || hour.expected === null
      ? 'usual not known yet'
      : `usual ${count(Math.round(hour.expected))}, up to ${count(Math.round(upper))}, from ${hour.samples} hours`;
  return `${moment(parse(hour.time))}: ${count(hour.requests)} requests, ${count(hour.failures)} failed${countedOf(hour)}; ${usual}.`;
}

/** What detectors count of the hour, where it is not just its requests; the band is of that. */
function countedOf({ requests, told, issuer_refusals: refusals }: Hour): string {
  const byCallee = told - refusals;
  if (byCallee === requests && refusals === 0) return '';
  const parts = [
    byCallee === requests ? 'all requests' : `${count(byCallee)} of which the callee’s log names this token`,
    ...(refusals === 0 ? [] : [`${count(refusals)} refused by the issuer`]),
  ];
  return ` (detectors count ${count(told)}: ${parts.join(' and ')})`;
}

/** Why requests of these hours failed; the numbers add up to those of the chart. */
function Reasons({ baseline: { failures_by_reason: reasons } }: { baseline: Baseline }) {
  if (reasons.length === 0) return null;
  const failed = reasons.reduce((sum, { failures }) => sum + failures, 0);
  return (
    <p class="dim">
      {count(failed)} failed:{' '}
      {reasons
        .map(({ reason, failures }) => `${reason === '' ? 'reason not told' : reason} ${count(failures)}×`)
        .join(', ')}
    </p>
  );
}

const columns: readonly Column<Hour>[] = [
  { title: 'Hour (UTC)', value: (hour) => hour.time, show: (hour) => moment(parse(hour.time)) },
  { title: 'Requests', value: (hour) => hour.requests, number: true },
  { title: 'Counted by detectors', value: (hour) => hour.told, number: true },
  { title: 'Failed', value: (hour) => hour.failures, number: true },
  { title: 'Refused by issuer', value: (hour) => hour.issuer_refusals, number: true },
  {
    title: 'Usual',
    value: (hour) => hour.expected ?? -1,
    show: (hour) => (hour.expected === null ? '' : Math.round(hour.expected)),
    csv: (hour) => hour.expected ?? '',
    number: true,
  },
  {
    title: 'Spread',
    value: (hour) => hour.spread ?? -1,
    show: (hour) => (hour.spread === null ? '' : Math.round(hour.spread)),
    csv: (hour) => hour.spread ?? '',
    number: true,
  },
  { title: 'Hours known', value: (hour) => hour.samples, number: true },
];

function HoursTable({ baseline }: { baseline: Baseline }) {
  return (
    <details>
      <summary>The same as a table</summary>
      <SortableTable
        caption="Hours"
        file="tourniquet-hours.csv"
        columns={columns}
        rows={[...baseline.hours].reverse()}
        keyOf={(hour) => hour.time}
      />
    </details>
  );
}
