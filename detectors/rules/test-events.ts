import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import { fields } from './fields.js';
import type { Rule, RuleTest, Scalar, TestEvents } from './rule-schema.js';

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

interface Test {
  readonly name: string;
  readonly events: readonly TestEvents[];
}

/** Event time of the last event of a test after its start, seconds. */
export const lastSecond = ({ events }: Pick<Test, 'events'>): number =>
  Math.max(...events.map(({ at, count, every }) => at + (count - 1) * every));

/** How far the events of a test reach, before and after its start, that another test's must not meet, seconds. */
export function reachOf({ correlation }: Rule, test: RuleTest): number {
  const history = correlation.type === 'new_terms' ? correlation.history : 0;
  return lastSecond(test) + 2 * correlation.timespan + history;
}

/** An event of a test: its time in milliseconds, and its columns without times. */
export interface TimedRow {
  readonly timeMs: number;
  readonly row: TestRow;
}

/** @param owner what carries the test. @param startMs event time at which the test begins. */
export function timedRows(owner: string, { name, events }: Test, startMs: number): readonly TimedRow[] {
  return events.flatMap(({ at, count, every, set }, part) =>
    Array.from({ length: count }, (_, i) => ({
      timeMs: startMs + (at + i * every) * 1000,
      row: {
        ...defaults,
        event_uid: deterministicUuid('rule test', owner, name, String(part), String(i)),
        ...Object.fromEntries(Object.entries(set).map(([key, value]) => [key, filled(value, i + 1)])),
      },
    })),
  );
}

/** @param startMs event time at which the test begins. */
export function testRows(rule: Rule, test: RuleTest, startMs: number): readonly TestRow[] {
  return timedRows(rule.id, test, startMs).map(({ timeMs, row }) => {
    const time = formatTime(timeMs).slice(0, 23).replace('T', ' ');
    return { ...row, time, observed_time: time };
  });
}

/** `{n}` is the number of the event, `{n%5}` its remainder. */
function filled(value: Scalar | readonly string[], n: number): unknown {
  if (typeof value === 'object' && value !== null) return value.map((one) => filled(one, n));
  if (typeof value !== 'string') return value ?? '';
  return value.replace(/\{n(?:%(\d{1,6}))?\}/g, (_, divisor?: string) =>
    String(divisor === undefined || Number(divisor) === 0 ? n : n % Number(divisor)),
  );
}

/** What is wrong in a test, and where below it. */
interface TestFault {
  readonly at: readonly PropertyKey[];
  readonly message: string;
  readonly mend: string;
}

/** Values that no stored event has. */
export const eventFaults = ({ events }: Pick<Test, 'events'>): readonly TestFault[] =>
  events.flatMap(({ set }, e) =>
    Object.entries(set).flatMap(([name, value]) => {
      const at = ['events', e, 'set', name];
      const field = fields.get(name);
      if (field === undefined || !field.stored) {
        return [{ at, message: `${name} cannot be set`, mend: 'Set a stored field; derived ones follow from them.' }];
      }
      const isList = Array.isArray(value);
      if (isList !== (field.kind === 'list') || (field.kind === 'number') !== (typeof value === 'number')) {
        return [{ at, message: `not a value of ${name}`, mend: `It is a ${field.kind}.` }];
      }
      const unknown =
        field.values !== undefined && typeof value === 'string' && value !== '' && !field.values.includes(value);
      return unknown
        ? [{ at, message: `${name} is never that`, mend: `Use one of ${(field.values ?? []).join(', ')}.` }]
        : [];
    }),
  );
