import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Alert, MapTimeline, Page } from '../lib/api-types.js';
import { nowMs } from '../lib/clock.js';
import { count, iso, moment, parse } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { go, withQuery } from '../lib/router.js';
import type { MapQuery } from './map-query.js';
import { brushOf, stripSpan, type Brush, type StripSpan } from './strip-span.js';

const HEIGHT = 40;
const AGAIN_MS = 60_000;
const bucketWords = { '15m': 'a quarter of an hour', '1h': 'an hour', '6h': 'six hours' } as const;

/** Calls around the window, with its alerts; a brush over it, drawn or moved by the keys of two sliders, is the next window. */
export function TimeStrip({ q }: { q: MapQuery }) {
  const again = useSignal(0);
  useEffect(() => {
    if (!q.moving) return undefined;
    const timer = window.setInterval(() => (again.value += 1), AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [q.moving, again]);
  const span = stripSpan(q, nowMs());
  const [from, to] = [iso(span.fromMs), iso(span.fromMs + span.buckets * span.bucketMs)];
  const filters = { service: q.service, token_uid: q.tokenUid, principal_uid: q.principalUid };
  const ask = new URLSearchParams({ from, to, bucket: span.bucket });
  for (const [name, value] of Object.entries(filters)) if (value !== '') ask.set(name, value);
  const calls = useJson<MapTimeline>(`/v1/map/timeline?${ask.toString()}`, again.value).value;
  const askAlerts = new URLSearchParams({ from, to, limit: '100' });
  if (q.tokenUid !== '') askAlerts.set('token_uid', q.tokenUid);
  const alerts = useJson<Page<Alert>>(`/v1/alerts?${askAlerts.toString()}`, again.value).value;
  const values = valuesOf(span, calls.value);
  const marks = [...new Set((alerts.value?.items ?? []).map(({ first_seen }) => bucketAt(span, parse(first_seen))))];
  return <Strip span={span} values={values} marks={marks} />;
}

const bucketAt = (span: StripSpan, ms: number): number => Math.floor((ms - span.fromMs) / span.bucketMs);

function valuesOf(span: StripSpan, timeline: MapTimeline | null): readonly number[] {
  const values = Array.from({ length: span.buckets }, () => 0);
  for (const { time, requests } of timeline?.buckets ?? []) {
    const at = bucketAt(span, parse(time));
    if (at >= 0 && at < values.length) values[at] = requests;
  }
  return values;
}

interface StripProps {
  readonly span: StripSpan;
  readonly values: readonly number[];
  /** Buckets in which an alert began. */
  readonly marks: readonly number[];
}

function Strip({ span, values, marks }: StripProps) {
  const brush = useSignal<Brush>(span.window);
  const from = useSignal<number | null>(null);
  const { buckets, bucketMs } = span;
  const [begins, ends] = span.window;
  useEffect(() => {
    brush.value = [begins, ends];
  }, [span.fromMs, begins, ends, brush]);
  const most = Math.max(1, ...values);
  const ms = (bucket: number): number => span.fromMs + bucket * bucketMs;
  const place = (event: PointerEvent): number => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    return ((event.clientX - left) / Math.max(1, width)) * buckets;
  };
  const choose = ([first, last]: Brush): void => {
    if (first === span.window[0] && last === span.window[1]) return;
    go(withQuery({ from: iso(ms(first)), to: iso(ms(last)), window: null }));
  };
  const [first, last] = brush.value;
  const busiest = values.indexOf(Math.max(...values));
  const move = (side: 0 | 1, to: number): Brush =>
    side === 0 ? [Math.min(to, last - 1), last] : [first, Math.max(to, first + 1)];
  return (
    <figure class="strip">
      <div class="strip-frame">
        <svg
          viewBox={`0 0 ${buckets} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            from.value = place(event);
            brush.value = brushOf(from.value, from.value, buckets);
          }}
          onPointerMove={(event) => {
            if (from.value !== null) brush.value = brushOf(from.value, place(event), buckets);
          }}
          onPointerUp={() => {
            if (from.value === null) return;
            from.value = null;
            choose(brush.value);
          }}
          onPointerCancel={() => {
            from.value = null;
            brush.value = span.window;
          }}
        >
          <rect class="strip-brush" x={first} y={0} width={last - first} height={HEIGHT} />
          {values.map((value, at) =>
            value === 0 ? null : (
              <rect
                key={at}
                class={at >= first && at < last ? 'strip-bar inside' : 'strip-bar'}
                x={at + 0.1}
                width={0.8}
                y={HEIGHT - Math.max(1, (value / most) * (HEIGHT - 6))}
                height={Math.max(1, (value / most) * (HEIGHT - 6))}
              />
            ),
          )}
          {marks.map((at) => (
            <rect key={`alert ${at}`} class="strip-mark" x={at + 0.2} width={0.6} y={0} height={4} />
          ))}
        </svg>
        {([0, 1] as const).map((side) => (
          <input
            key={side}
            type="range"
            class="strip-slider"
            aria-label={side === 0 ? 'Window begins' : 'Window ends'}
            aria-valuetext={`${moment(ms(brush.value[side]))} UTC`}
            min={0}
            max={buckets}
            step={1}
            value={brush.value[side]}
            onInput={(event) => (brush.value = move(side, Number(event.currentTarget.value)))}
            onChange={() => choose(brush.value)}
          />
        ))}
      </div>
      <figcaption class="dim">
        {moment(span.fromMs)} – {moment(ms(buckets))} UTC, calls in {bucketWords[span.bucket]}; the most,{' '}
        {count(values[busiest] ?? 0)}, from {moment(ms(busiest))}.{' '}
        {marks.length === 0
          ? 'No alert began.'
          : `Alerts began at ${marks.length === 1 ? 'one time' : `${marks.length} times`}.`}{' '}
        Chosen: {moment(ms(first))} – {moment(ms(last))}.
      </figcaption>
    </figure>
  );
}
