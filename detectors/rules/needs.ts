import { fieldOf, type Field } from './fields.js';
import { also } from './read-rules.js';
import type { Correlation, Measure, Rule } from './rule-schema.js';
import type { Condition, Conditions } from './measures.js';
import { sql, type Sql } from './sql.js';

/**
 * What any window must have in which a rule holds, and what is cheap to count. It may be less than what the rule asks for, never
 * more: a group of which it is not true, over a window or more, need not be looked at.
 */
export interface Need {
  /** Events that count: those that meet one of these conditions, */
  readonly events: readonly Sql[];
  /** and tell these fields. */
  readonly told: readonly Field[];
  /** Whether different values of the fields are counted instead. */
  readonly distinct?: true;
  /** So many. */
  readonly least: number;
}

/** Distinct values are counted up to here, one list for each group: more of them say little more. */
const VALUES_MAX = 16;
/** `uniq` is exact up to 65,536 values; beyond it, it may be above what there is. */
const UNIQ_EXACT = 65_536;
const UNIQ_SHARE = 0.9;

type Part = Correlation | Measure;
type On = (names?: readonly string[]) => readonly Sql[];

/** One or more for each rule. @param conditions of the rule's events, by name. */
export function needsOf({ correlation }: Rule, conditions: Conditions): readonly Need[] {
  const on: On = (names = [...conditions.keys()]) => names.map((one) => conditions.get(one) ?? sql`0`);
  const parts: readonly Part[] = [correlation, ...also(correlation)];
  const counts = parts.flatMap((part) => countsOf(part, on)).filter(({ least }) => least > 0);
  const [values] = parts.flatMap((part) => valuesOf(part, on)).sort((a, b) => costOf(a) - costOf(b));
  const needs = [{ events: on(), told: [], least: 1 }, ...counts, ...(values === undefined ? [] : [values])];
  return needs.filter(
    (one, i) => !needs.some((other, n) => n !== i && implies(other, one) && (n < i || !implies(one, other))),
  );
}

/** Whether whoever has the one has the other as well, so that it need not be counted. */
const implies = (one: Need, other: Need): boolean =>
  other.distinct !== true &&
  one.least >= other.least &&
  one.events.every((event) => other.events.includes(event)) &&
  other.told.every((field) => one.told.includes(field));

function countsOf(part: Part, on: On): readonly Need[] {
  switch (part.type) {
    case 'event_count':
      return [{ events: on(part.events), told: [], least: leastOf(part.condition) }];
    case 'value_count':
    case 'new_terms': {
      const least = leastOf(part.condition);
      return [{ ...telling(part, on), least: least > UNIQ_EXACT ? Math.floor(least * UNIQ_SHARE) : least }];
    }
    case 'events_per_value':
      return [{ ...telling(part, on), least: Math.max(1, leastOf(part.condition)) }];
    case 'ratio':
      return [
        { events: on(part.of), told: [], least: 1 },
        { events: on(part.events), told: [], least: Math.min(1, leastOf(part.condition)) },
      ];
    case 'value_ratio':
      return [
        { ...telling({ ...part, events: part.of }, on), least: 1 },
        { ...telling(part, on), least: Math.min(1, leastOf(part.condition)) },
      ];
    case 'value_avg':
    case 'value_percentile':
      return [{ ...telling(part, on), least: 1 }];
    case 'value_sum':
      return [];
    case 'temporal':
    case 'temporal_ordered':
      return part.events.map((one) => ({ events: on([one]), told: [], least: 1 }));
  }
}

/** The same for values, where it takes more than one. */
function valuesOf(part: Part, on: On): readonly Need[] {
  if (part.type !== 'value_count' && part.type !== 'new_terms') return [];
  const least = Math.min(VALUES_MAX, leastOf(part.condition));
  return least < 2 ? [] : [{ ...telling(part, on), distinct: true, least }];
}

interface OfFields {
  readonly events?: readonly string[] | undefined;
  readonly condition: { readonly field: string | readonly string[] };
}

const telling = ({ events, condition: { field } }: OfFields, on: On): Pick<Need, 'events' | 'told'> => ({
  events: on(events),
  told: [field].flat().map(fieldOf),
});

/** The smallest whole number that meets the condition's lower bounds, 0 without any. A share is rounded up, too. */
const leastOf = ({ gt, gte, eq }: Condition): number =>
  Math.max(0, gt === undefined ? 0 : Math.floor(gt) + 1, Math.ceil(gte ?? 0), Math.ceil(eq ?? 0));

const costOf = ({ told }: Need): number =>
  told.reduce((sum, { kind, stored }) => sum + (kind === 'number' ? 1 : stored ? 2 : 4), 0);
