import { fieldOf } from './fields.js';
import { allPresent, valueOf } from './matching.js';
import { also } from './read-rules.js';
import type { Correlation, Measure, Rule } from './rule-schema.js';
import { join, name, param, sql, whole, type Sql } from './sql.js';

/** A figure of a window, in the three forms in which it is asked for. */
export interface Figure {
  /** Aggregates over the events of one group in one pane. */
  readonly states: readonly Sql[];
  /** The figure of a window from the states of its panes. */
  readonly merged: Sql;
  /** The figure straight from events. */
  readonly flat: Sql;
  /** What must be true of it, given its name. */
  holds(figure: Sql): Sql;
  /** True where it counts, so that a request must count once: its statements need the column `told_again`. */
  readonly countsOnce?: true;
  readonly unit: string;
  readonly measure: string;
  /** The limit that it has met, for people. */
  readonly limit: number;
}

type NewTerms = Extract<Correlation, { type: 'new_terms' }>;
type Temporal = Extract<Correlation, { type: 'temporal' | 'temporal_ordered' }>;
export type Condition = Readonly<Partial<Record<'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq', number>>>;

/** The condition of an event by its name. */
export type Conditions = ReadonlyMap<string, Sql>;

/** The correlation's own figure first, then those of `also`. @param conditions of the rule's events, by name. */
export function figuresOf({ correlation }: Rule, conditions: Conditions): readonly Figure[] {
  if (correlation.type === 'new_terms') return [newTerms(correlation)];
  const figures: Figure[] = [];
  let states = 0;
  for (const part of [correlation, ...also(correlation)]) {
    const figure = figureOf(part, conditions, states);
    states += figure.states.length;
    figures.push(figure);
  }
  return figures;
}

function figureOf(part: Exclude<Correlation, NewTerms> | Measure, conditions: Conditions, first: number): Figure {
  const all = [...conditions.keys()];
  const on = (names: readonly string[] = all): Sql =>
    names.length === all.length && all.every((one) => names.includes(one))
      ? sql`1`
      : sql`(${join(
          names.map((one) => conditions.get(one) ?? sql`0`),
          ' OR ',
        )})`;
  const once = (condition: Sql): Sql => sql`${condition} AND NOT told_again`;
  const countsOnce = true;
  const s = name('s', first);
  const second = name('s', first + 1);
  switch (part.type) {
    case 'temporal':
    case 'temporal_ordered':
      return temporal(part, conditions, first);
    case 'event_count': {
      const states = [sql`countIf(${once(on(part.events))})`];
      return {
        ...limited(part, 'events'),
        countsOnce,
        states,
        merged: sql`sum(${s})`,
        flat: sql`${states[0] ?? sql``}`,
      };
    }
    case 'value_count': {
      const { states, merged, flat } = countOfValues(part, on, first);
      return { ...limited(part, 'values'), states, merged, flat };
    }
    case 'value_ratio': {
      const { states, merged, flat } = countOfValues(part, on, first);
      const [value, counted] = valuesOf(part.condition.field, on(part.of));
      return {
        ...limited(part, '1'),
        states: [...states, sql`uniqStateIf(${value}, ${counted})`],
        merged: sql`(${merged}) / uniqMerge(${name('s', first + states.length)})`,
        flat: sql`(${flat}) / uniqIf(${value}, ${counted})`,
      };
    }
    case 'events_per_value': {
      const [value, counted] = valuesOf(part.condition.field, on(part.events));
      return {
        ...limited(part, 'events'),
        countsOnce,
        states: [sql`countIf(${once(counted)})`, sql`uniqStateIf(${value}, ${counted})`],
        merged: sql`sum(${s}) / uniqMerge(${second})`,
        flat: sql`countIf(${once(counted)}) / uniqIf(${value}, ${counted})`,
      };
    }
    case 'ratio': {
      const [some, of] = [sql`countIf(${once(on(part.events))})`, sql`countIf(${once(on(part.of))})`];
      return {
        ...limited(part, '1'),
        countsOnce,
        states: [some, of],
        merged: sql`sum(${s}) / sum(${second})`,
        flat: sql`${some} / ${of}`,
      };
    }
    case 'value_sum':
    case 'value_avg':
    case 'value_percentile':
      return { ...ofNumbers(part, once(on(part.events)), first), countsOnce };
  }
}

type OfValues = Extract<Measure, { type: 'value_count' | 'value_ratio' }>;

/** Different values; those that only some events tell are those of both less those of the others. */
function countOfValues(
  part: OfValues,
  on: (names?: readonly string[]) => Sql,
  first: number,
): Pick<Figure, 'states' | 'merged' | 'flat'> {
  const [value, counted] = valuesOf(part.condition.field, on(part.events));
  const [s, second] = [name('s', first), name('s', first + 1)];
  if (part.without === undefined) {
    const states = [sql`uniqStateIf(${value}, ${counted})`];
    return { states, merged: sql`uniqMerge(${s})`, flat: sql`uniqIf(${value}, ${counted})` };
  }
  const [, others] = valuesOf(part.condition.field, on(part.without));
  const both = sql`(${counted} OR ${others})`;
  return {
    states: [sql`uniqStateIf(${value}, ${both})`, sql`uniqStateIf(${value}, ${others})`],
    merged: sql`uniqMerge(${s}) - uniqMerge(${second})`,
    flat: sql`uniqIf(${value}, ${both}) - uniqIf(${value}, ${others})`,
  };
}

type OfNumbers = Extract<Measure, { type: 'value_sum' | 'value_avg' | 'value_percentile' }>;

function ofNumbers(part: OfNumbers, on: Sql, first: number): Figure {
  const { sql: value, present } = fieldOf(part.condition.field);
  const counted = sql`(${on}) AND ${present}`;
  const [s, second] = [name('s', first), name('s', first + 1)];
  const [sum, count] = [sql`sumIf(toFloat64(${value}), ${counted})`, sql`countIf(${counted})`];
  const base = limited(part, unitOf(part.condition.field));
  if (part.type === 'value_sum') return { ...base, states: [sum], merged: sql`sum(${s})`, flat: sum };
  if (part.type === 'value_avg') {
    return { ...base, states: [sum, count], merged: sql`sum(${s}) / sum(${second})`, flat: sql`${sum} / ${count}` };
  }
  // Its buckets add up, so the order in which panes meet does not matter; error 1 %.
  const rank = sql`0.01, ${whole(Math.round(part.condition.percentile * 100))} / 10000`;
  return {
    ...base,
    states: [sql`quantileDDStateIf(${rank})(toFloat64(${value}), ${counted})`],
    merged: sql`quantileDDMerge(${rank})(${s})`,
    flat: sql`quantileDDIf(${rank})(toFloat64(${value}), ${counted})`,
  };
}

const unitOf = (field: string): string => (field.endsWith('_bytes') ? 'bytes' : field.endsWith('_ms') ? 'ms' : field);

/** A value and the condition that it counts. */
function valuesOf(names: string | readonly string[], on: Sql): readonly [Sql, Sql] {
  const list = (typeof names === 'string' ? [names] : names).map(fieldOf);
  return [valueOf(list), sql`(${on}) AND ${allPresent(list)}`];
}

function temporal({ type, events, timespan }: Temporal, conditions: Conditions, first: number): Figure {
  const wanted = events.map((one) => conditions.get(one) ?? sql`0`);
  const base = {
    unit: 'steps',
    measure: type,
    limit: events.length,
    holds: (figure: Sql) => sql`${figure} >= ${whole(events.length)}`,
  };
  if (type === 'temporal') {
    const states = wanted.map((condition) => sql`countIf(${condition})`);
    const kinds = states.map((_, i) => sql`(sum(${name('s', first + i)}) > 0)`);
    const flat = states.map((state) => sql`(${state} > 0)`);
    return { ...base, states, merged: plus(kinds), flat: plus(flat) };
  }
  // Each step at a later millisecond, so that no event is two of them; the chain is no longer than the timespan.
  const parameters = sql`${whole(timespan * 1000)}, 'strict_increase'`;
  const steps = sql`toUInt64(toUnixTimestamp64Milli(time)), ${join(wanted, ', ')}`;
  return {
    ...base,
    states: [sql`windowFunnelState(${parameters})(${steps})`],
    merged: sql`windowFunnelMerge(${parameters})(${name('s', first)})`,
    flat: sql`windowFunnel(${parameters})(${steps})`,
  };
}

const plus = (pieces: readonly Sql[]): Sql => pieces.reduce((sum, piece) => sql`${sum} + ${piece}`);

/** Values that are new; its states are those of `new-terms.ts`. */
function newTerms(correlation: NewTerms): Figure {
  return { ...limited(correlation, 'new values'), states: [], merged: sql`uniqExact(v)`, flat: sql`uniqExact(v)` };
}

function limited(
  { type, condition }: { readonly type: string; readonly condition: Condition },
  unit: string,
): Pick<Figure, 'holds' | 'unit' | 'measure' | 'limit'> {
  const { gt, gte, lt, lte, eq, neq } = condition;
  const limit = gte ?? gt ?? eq ?? lte ?? lt ?? neq ?? 0;
  return { unit, measure: type, limit, holds: (figure) => compare(figure, condition) };
}

/** Without events a share is no number, and meets nothing. */
function compare(figure: Sql, { gt, gte, lt, lte, eq, neq }: Condition): Sql {
  const number = (value: number): Sql => param('Float64', value);
  return join(
    [
      sql`isFinite(${figure})`,
      ...(gt === undefined ? [] : [sql`${figure} > ${number(gt)}`]),
      ...(gte === undefined ? [] : [sql`${figure} >= ${number(gte)}`]),
      ...(lt === undefined ? [] : [sql`${figure} < ${number(lt)}`]),
      ...(lte === undefined ? [] : [sql`${figure} <= ${number(lte)}`]),
      ...(eq === undefined ? [] : [sql`${figure} = ${number(eq)}`]),
      ...(neq === undefined ? [] : [sql`${figure} != ${number(neq)}`]),
    ],
    ' AND ',
  );
}
