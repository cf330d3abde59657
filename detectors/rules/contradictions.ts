import { fields } from './fields.js';
import { hasWildcard, type MatcherFault } from './matching.js';
import type { Matcher, Scalar } from './rule-schema.js';

/** What a field may still be. */
interface Left {
  /** Of those that were listed, texts in small letters; all, where nothing was. */
  values?: readonly Scalar[];
  low: number;
  high: number;
  /** A bound itself is left out. */
  aboveLow?: boolean;
  belowHigh?: boolean;
}

/**
 * Fields of which no value is left where all conditions must hold. A list holds several values, so it can meet what a word cannot.
 *
 * @param matcher one that has no other fault.
 */
export function contradictionsOf(matcher: Matcher): readonly MatcherFault[] {
  if (matcher.length !== 1) return [];
  const lefts = new Map<string, Left>();
  const faults: MatcherFault[] = [];
  const gather = (one: Matcher, path: readonly (string | number)[]): void => {
    const [map, ...more] = one;
    if (map === undefined || more.length > 0) return;
    for (const [key, values] of Object.entries(map.fields)) {
      const [name = '', ...marks] = key.split('|');
      if (fields.get(name)?.kind === 'list' || marks.length > 1) continue;
      const left = lefts.get(name) ?? { low: -Infinity, high: Infinity };
      lefts.set(name, left);
      narrow(left, marks[0], values);
      if (!isAnyLeft(left)) {
        const message = `contradicts another condition on ${name}: no event can meet both`;
        faults.push({ path: [...path, key], message, mend: 'Keep one of them.' });
      }
    }
    map.all?.forEach((inner, n) => gather(inner, [...path, 'all', n]));
  };
  gather(matcher, []);
  return faults;
}

/** One of the values must hold, so of several bounds the widest does. */
function narrow(left: Left, mark: string | undefined, values: readonly Scalar[]): void {
  const numbers = values.filter((value) => typeof value === 'number');
  if (mark === 'gt' || mark === 'gte') {
    const low = Math.min(...numbers);
    if (low >= left.low) left.aboveLow = mark === 'gt' || (low === left.low && left.aboveLow === true);
    left.low = Math.max(left.low, low);
  } else if (mark === 'lt' || mark === 'lte') {
    const high = Math.max(...numbers);
    if (high <= left.high) left.belowHigh = mark === 'lt' || (high === left.high && left.belowHigh === true);
    left.high = Math.min(left.high, high);
  } else if (mark === undefined && !values.some((value) => typeof value === 'string' && hasWildcard(value))) {
    const small = values.map((value) => (typeof value === 'string' ? value.toLowerCase() : value));
    left.values = left.values === undefined ? small : small.filter((value) => left.values?.includes(value));
  }
}

function isAnyLeft(left: Left): boolean {
  const { low, high, aboveLow, belowHigh } = left;
  if (low > high || (low === high && (aboveLow === true || belowHigh === true))) return false;
  const isInside = (value: Scalar): boolean =>
    typeof value !== 'number' ||
    ((aboveLow === true ? value > low : value >= low) && (belowHigh === true ? value < high : value <= high));
  return left.values === undefined || left.values.some(isInside);
}
