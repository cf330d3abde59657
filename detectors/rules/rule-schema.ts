import { z } from 'zod';
import { fidelities, severities } from '../core/detector.js';
import { fieldNames } from './fields.js';

/** Bounds of one rule, so that no file can make a statement that the engine chokes on. */
export const ruleLimits = {
  textMax: 65_536,
  rulesPerFile: 32,
  eventsMax: 8,
  groupByMax: 4,
  conditionsMax: 64,
  valuesMax: 1000,
  valueLengthMax: 512,
  depthMax: 6,
  measuresMax: 6,
  testsMax: 32,
  testEventsMax: 50_000,
} as const;

const DAY_S = 86_400;
const unitSeconds = { s: 1, m: 60, h: 3600, d: DAY_S } as const;

/** A Sigma timespan, in seconds. */
const span = (minS: number, maxS: number, range: string) =>
  z
    .string()
    .regex(/^\d{1,7}[smhd]$/, 'a time such as 30s, 10m, 1h or 7d')
    .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])
    .refine((seconds) => seconds >= minS && seconds <= maxS, range);

const line = (max: number) => z.string().trim().min(1, 'must not be empty').max(max, `at most ${max} characters`);

const eventName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, 'lower-case letters, digits and _, at most 32, a letter first');
const field = z.enum(fieldNames as [string, ...string[]], {
  error: () => `not a field; use one of ${fieldNames.join(', ')}`,
});

const scalar = z.union(
  [z.string().max(ruleLimits.valueLengthMax), z.number(), z.boolean(), z.null()],
  `a text of at most ${ruleLimits.valueLengthMax} characters, a number, true, false or null`,
);
export type Scalar = z.output<typeof scalar>;
const values = z.union(
  [scalar.transform((one) => [one]), z.array(scalar).min(1).max(ruleLimits.valuesMax)],
  `a value or a list of 1 to ${ruleLimits.valuesMax} values`,
);

/** `all`, `any` and `not` hold further matchers; every other key is a field with Sigma's modifiers: `user_agent|contains`. */
export type Matcher = readonly MatcherMap[];
export interface MatcherMap {
  readonly fields: Readonly<Record<string, readonly Scalar[]>>;
  readonly all?: readonly Matcher[];
  readonly any?: readonly Matcher[];
  readonly not?: Matcher;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One map: all must hold. A list of maps: one of them must. */
const matcher: z.ZodType<Matcher> = z.lazy(() =>
  z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown) : [value]),
    z.array(matcherMap).min(1).max(ruleLimits.conditionsMax),
  ),
);
const matchers = z.array(matcher).min(1).max(ruleLimits.conditionsMax);

const matcherMap: z.ZodType<MatcherMap> = z.preprocess(
  (value) => {
    if (!isMap(value)) return value;
    const { all, any, not, ...fieldsOf } = value;
    return {
      fields: fieldsOf,
      ...(all !== undefined && { all }),
      ...(any !== undefined && { any }),
      ...(not !== undefined && { not }),
    };
  },
  z.strictObject(
    {
      fields: z.record(z.string().max(128), values),
      all: matchers.exactOptional(),
      any: matchers.exactOptional(),
      not: matcher.exactOptional(),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'fields with the values that they must have' : undefined) },
  ),
);

const comparisons = {
  gt: z.number().exactOptional(),
  gte: z.number().exactOptional(),
  lt: z.number().exactOptional(),
  lte: z.number().exactOptional(),
  eq: z.number().exactOptional(),
  neq: z.number().exactOptional(),
};
export const operators = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

const plainCondition = z.strictObject(comparisons);
const fieldsOf = z.union(
  [field.transform((one) => [one]), z.array(field).min(1).max(4)],
  'a field or a list of up to four',
);
const valueCondition = z.strictObject({ field: fieldsOf, ...comparisons });
const numberCondition = z.strictObject({ field, ...comparisons });
const names = z.array(eventName).min(1).max(ruleLimits.eventsMax);

/** Figures over the events of a window; `events` are all of the rule's where it is left out. */
const measures = [
  z.strictObject({ type: z.literal('event_count'), events: names.exactOptional(), condition: plainCondition }),
  /** Values that events of `without` tell in the window as well are left out. */
  z.strictObject({
    type: z.literal('value_count'),
    events: names.exactOptional(),
    without: names.exactOptional(),
    condition: valueCondition,
  }),
  /** Events for each value of the field, on average. */
  z.strictObject({ type: z.literal('events_per_value'), events: names.exactOptional(), condition: valueCondition }),
  z.strictObject({ type: z.literal('value_sum'), events: names.exactOptional(), condition: numberCondition }),
  z.strictObject({ type: z.literal('value_avg'), events: names.exactOptional(), condition: numberCondition }),
  z.strictObject({
    type: z.literal('value_percentile'),
    events: names.exactOptional(),
    condition: numberCondition.extend({ percentile: z.number().min(1).max(99) }),
  }),
  z.strictObject({ type: z.literal('ratio'), events: names, of: names, condition: plainCondition }),
  /** Values as `value_count` counts them, divided by those of `of`. */
  z.strictObject({
    type: z.literal('value_ratio'),
    events: names,
    without: names.exactOptional(),
    of: names,
    condition: valueCondition,
  }),
] as const;
const measure = z.discriminatedUnion('type', measures);
export type Measure = z.output<typeof measure>;

const SPAN_MIN_S = 60;
const SPAN_MAX_S = 7 * DAY_S;
const HISTORY_MAX_S = 30 * DAY_S;

const window = {
  group_by: z.array(field).max(ruleLimits.groupByMax).default([]),
  timespan: span(SPAN_MIN_S, SPAN_MAX_S, 'from 1m to 7d'),
  also: z
    .array(measure)
    .max(ruleLimits.measuresMax - 1)
    .default([]),
};

const correlation = z.discriminatedUnion(
  'type',
  [
    measures[0].extend(window),
    measures[1].extend(window),
    measures[2].extend(window),
    measures[3].extend(window),
    measures[4].extend(window),
    measures[5].extend(window),
    measures[6].extend(window),
    measures[7].extend(window),
    z.strictObject({ type: z.literal('temporal'), events: names.min(2), ...window }),
    z.strictObject({ type: z.literal('temporal_ordered'), events: names.min(2), ...window }),
    z.strictObject({
      type: z.literal('new_terms'),
      events: names.exactOptional(),
      condition: valueCondition,
      group_by: window.group_by,
      timespan: window.timespan,
      history: span(3600, HISTORY_MAX_S, 'from 1h to 30d').default(14 * DAY_S),
      learning: span(0, HISTORY_MAX_S, 'from 0s to 30d').default(DAY_S),
    }),
  ],
  {
    error: () =>
      'type is one of event_count, value_count, events_per_value, value_sum, value_avg, value_percentile, ratio, value_ratio, temporal, temporal_ordered, new_terms',
  },
);
export type Correlation = z.output<typeof correlation>;

/** Events of a test: fields as they are stored; `{n}` in a text is the number of the event, from 1. */
const testEvents = z.strictObject({
  at: span(0, HISTORY_MAX_S, 'from 0s to 30d').default(0),
  count: z.number().int().min(1).max(ruleLimits.testEventsMax).default(1),
  every: span(0, DAY_S, 'from 0s to 1d').default(1),
  set: z.record(z.string(), z.union([scalar, z.array(z.string().max(256)).max(64)])),
});
export type TestEvents = z.output<typeof testEvents>;

/** What every test has. */
export const testForm = { name: line(200), events: z.array(testEvents).min(1).max(64) };

const ruleTest = z.strictObject({
  ...testForm,
  /** Entities of the findings, one for each; none where the rule must stay quiet. */
  alerts: z.array(z.string().max(1024)).max(100),
});
export type RuleTest = z.output<typeof ruleTest>;

export const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and -, at most 64'),
  title: line(120),
  description: line(4096),
  version: z.number().int().min(1).default(1),
  author: line(200).exactOptional(),
  references: z.array(line(512)).max(16).default([]),
  enabled: z.boolean().default(true),
  mode: z.enum(['alert', 'observe']).default('alert'),
  /** Whom its findings are about, if not whom it groups by: what many addresses do to one source is one incident. */
  about: z.literal('source').exactOptional(),
  severity: z.enum(severities),
  fidelity: z.enum(fidelities).default('medium'),
  techniques: z
    .array(z.string().regex(/^T\d{4}(\.\d{3})?$/, 'an ATT&CK technique such as T1110.004'))
    .max(16)
    .default([]),
  false_positives: z.array(line(512)).max(16).default([]),
  next_steps: z.array(line(512)).max(16).default([]),
  events: z.record(eventName, matcher),
  correlation,
  tests: z.array(ruleTest).max(ruleLimits.testsMax).default([]),
});

/** A rule as its file says it, with defaults filled in; times in seconds. */
export type Rule = z.output<typeof ruleSchema>;
