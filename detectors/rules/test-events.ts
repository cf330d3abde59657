import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import type { Rule, RuleTest, Scalar } from './rule-schema.js';

/** An event of a test as the store takes it. */
export type TestRow = Readonly<Record<string, unknown>>;

/** What an event of a test has unless it says otherwise: an ordinary request that was served. */
const defaults = {
  source_product: 'test',
  source_instance: 'test',
  source_kind: 'proxy',
  action: 'use',
  outcome: 'success',
  direction: 'inbound',
} as const;

/** Event time of the last event of a test after its start, seconds. */
export const lastSecond = ({ events }: RuleTest): number =>
  Math.max(...events.map(({ at, count, every }) => at + (count - 1) * every));

/** How far the events of a test reach, before and after its start, that another test's must not meet, seconds. */
export function reachOf({ correlation }: Rule, test: RuleTest): number {
  const history = correlation.type === 'new_terms' ? correlation.history : 0;
  return lastSecond(test) + 2 * correlation.timespan + history;
}

/** @param startMs event time at which the test begins. */
export function testRows(rule: Rule, test: RuleTest, startMs: number): readonly TestRow[] {
  return test.events.flatMap(({ at, count, every, set }, part) =>
    Array.from({ length: count }, (_, i) => {
      const time = formatTime(startMs + (at + i * every) * 1000)
        .slice(0, 23)
        .replace('T', ' ');
      return {
        ...defaults,
        event_uid: deterministicUuid('rule test', rule.id, test.name, String(part), String(i)),
        time,
        observed_time: time,
        ...Object.fromEntries(Object.entries(set).map(([key, value]) => [key, filled(value, i + 1)])),
      };
    }),
  );
}

/** `{n}` is the number of the event, `{n%5}` its remainder. */
function filled(value: Scalar | readonly string[], n: number): unknown {
  if (typeof value === 'object' && value !== null) return value.map((one) => filled(one, n));
  if (typeof value !== 'string') return value ?? '';
  return value.replace(/\{n(?:%(\d{1,6}))?\}/g, (_, divisor?: string) =>
    String(divisor === undefined || Number(divisor) === 0 ? n : n % Number(divisor)),
  );
}
