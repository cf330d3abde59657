import type { TokenDetail } from '../lib/api-types.js';
import { count, moment, parse } from '../lib/format.js';
import { GUTTER_PX, MARGIN_PX } from './chart-frame.js';

type Seen = TokenDetail['seen_with'][number];
type Value = Seen['values'][number];

const facets = [
  ['client_address', 'addresses'],
  ['user_agent', 'user agents'],
  ['caller_service', 'callers'],
  ['target_service', 'services'],
  ['target_route', 'routes'],
] as const;

const DAY_MS = 86_400_000;
const VALUES_MAX = 5;
const FRESH_MAX = 3;
const ROW_PX = 20;

interface Props {
  readonly seen: readonly Seen[];
  readonly width: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** From when to when each value was seen, under the axis of the chart; a diamond where it was seen for the first time. */
export function FirstSeenLanes({ seen, width, fromMs, toMs }: Props) {
  return (
    <div class="lanes-of">
      {facets.map(([dimension, title]) => {
        const group = seen.find((one) => one.dimension === dimension);
        return <FacetLanes key={dimension} title={title} group={group} width={width} fromMs={fromMs} toMs={toMs} />;
      })}
    </div>
  );
}

interface FacetProps {
  readonly title: string;
  readonly group: Seen | undefined;
  readonly width: number;
  readonly fromMs: number;
  readonly toMs: number;
}

function FacetLanes({ title, group, width, fromMs, toMs }: FacetProps) {
  const values = chosen(group?.values ?? [], fromMs);
  const hidden = (group?.distinct_values ?? 0) - values.length;
  return (
    <section aria-label={`First seen: ${title}`}>
      <h3>
        {title} <span class="dim">{hidden > 0 ? `+${count(hidden)} more` : ''}</span>
      </h3>
      {values.length === 0 ? (
        <p class="not-observed">not observed: no source of this token names {title}</p>
      ) : (
        <ul>
          {values.map((value) => (
            <li key={value.value}>
              <Bar value={value} width={width} fromMs={fromMs} toMs={toMs} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What is usual and what came after a day of it, most used first; shown in the order of their first use. */
function chosen(values: readonly Value[], fromMs: number): readonly Value[] {
  const started = parse(values.reduce((least, value) => (value.first_time < least ? value.first_time : least), '9999'));
  const late = (value: Value): boolean => parse(value.first_time) > Math.max(fromMs, started + DAY_MS);
  const busiest = [...values].sort((a, b) => b.events - a.events);
  const fresh = busiest.filter(late).slice(0, FRESH_MAX);
  const usual = busiest.filter((value) => !late(value)).slice(0, VALUES_MAX - fresh.length);
  return [...usual, ...fresh].sort((a, b) => (a.first_time < b.first_time ? -1 : 1));
}

function Bar({ value, width, fromMs, toMs }: { value: Value; width: number; fromMs: number; toMs: number }) {
  const room = Math.max(1, width - GUTTER_PX - MARGIN_PX);
  const x = (ms: number): number => ((Math.max(fromMs, Math.min(toMs, ms)) - fromMs) / (toMs - fromMs)) * room;
  const [first, last] = [parse(value.first_time), parse(value.last_time)];
  const inside = first >= fromMs && first <= toMs;
  return (
    <>
      <span class="lane-name clip" title={value.value}>
        {value.value}
      </span>
      <svg
        width={room}
        height={ROW_PX}
        role="img"
        aria-label={`first seen ${moment(first)}, last ${moment(last)}, ${count(value.events)} events`}
      >
        <line class="lane-axis" x1={0} x2={room} y1={ROW_PX / 2} y2={ROW_PX / 2} />
        <line class="lane-bar" x1={x(first)} x2={Math.max(x(last), x(first) + 2)} y1={ROW_PX / 2} y2={ROW_PX / 2} />
        {inside ? <path class="lane-first" d={`M${x(first)} ${ROW_PX / 2 - 6}l6 6l-6 6l-6-6z`} /> : null}
      </svg>
    </>
  );
}
