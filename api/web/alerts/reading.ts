import { count, percent } from '../lib/format.js';

interface Reading {
  readonly measure: string;
  readonly unit: string;
  readonly observed: number;
  readonly expected: number;
  /** Null where it is not known. */
  readonly spread: number | null;
}

const measures: Readonly<Record<string, string>> = { requests: 'requests', failure_share: 'failing' };

const number = (n: number): string =>
  n !== 0 && Math.abs(n) < 10 ? n.toFixed(1).replace(/\.0$/, '') : count(Math.round(n));

/** A unit `1` is a share; others stand behind the number: `requests/h` reads `71 requests/h`. */
const inUnit = (n: number, unit: string): string => (unit === '1' ? percent(n) : `${number(n)} ${unit}`);

/** How much past the usual value rests on. */
export const samplesText = (n: number): string => `${count(n)} ${n === 1 ? 'sample' : 'samples'}`;

/** Of detector rate: a limit that the operator has set, by its name behind. What it is held against was not learnt. */
const LIMIT = 'limit:';

/** Observed against usual, as people say it; against the limit where that was set by hand. */
export function readingText(reading: Reading): {
  readonly observed: string;
  readonly against: 'usual' | 'limit';
  readonly usual: string;
} {
  const { measure, unit, observed, expected, spread } = reading;
  if (measure.startsWith(LIMIT)) {
    return {
      observed: inUnit(observed, unit),
      against: 'limit',
      usual: `${inUnit(expected, unit)} (${measure.slice(LIMIT.length)})`,
    };
  }
  const what = unit === '1' || !unit.startsWith(measure) ? ` ${measures[measure] ?? measure.replaceAll('_', ' ')}` : '';
  const around = spread === null ? '' : ` ± ${unit === '1' ? percent(spread) : number(spread)}`;
  return {
    observed: `${inUnit(observed, unit)}${what}`,
    against: 'usual',
    usual: `${inUnit(expected, unit)}${around}`,
  };
}
