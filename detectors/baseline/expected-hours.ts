import type { HourlyUsage } from '../core/detector.js';
import { QuantisedRing } from '../core/quantised-ring.js';
import type { BaselineOptions } from './baseline-options.js';
import { expectedVolume } from './seasonal.js';

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;

/** What the detector would have expected of one hour. */
export interface ExpectedHour {
  readonly hourStartMs: number;
  readonly requests: number;
  readonly failures: number;
  /** Requests; null during the grace period. */
  readonly expected: number | null;
  readonly spread: number | null;
  /** Closed hours known before this one. */
  readonly sampleCount: number;
}

/**
 * The expectation of each hour of a window from the closed hours before it, by the detector's own seasonal rule. An hour
 * above the threshold teaches nothing, as in the detector. Its verdicts on single events are not known here, so where a
 * failing hour was suspect by its share alone, the band may stand slightly above the detector's.
 *
 * @param history hours with requests, oldest first; hours that it leaves out had none.
 * @param fromMs start of a whole hour.
 * @param toMs end of the window, exclusive.
 */
export function expectedHours(
  history: readonly HourlyUsage[],
  fromMs: number,
  toMs: number,
  options: BaselineOptions,
): readonly ExpectedHour[] {
  const known = new Map(history.map((usage) => [usage.hourStartMs, usage]));
  const ring = new QuantisedRing(options.weeks * WEEK_HOURS);
  const found: ExpectedHour[] = [];
  const first = history[0]?.hourStartMs ?? toMs;
  let suspectRun = 0;
  for (let hour = Math.min(first, fromMs); hour < toMs; hour += HOUR_MS) {
    const usage = known.get(hour);
    const requests = usage?.requests ?? 0;
    const centre = ring.size >= options.hours_min ? expectedVolume(ring, options.requests_floor) : null;
    if (hour >= fromMs) {
      const { expected, spread } = centre ?? { expected: null, spread: null };
      const failures = usage?.failures ?? 0;
      found.push({ hourStartMs: hour, requests, failures, expected, spread, sampleCount: ring.size });
    }
    if (hour < first) continue;
    const cap = centre === null ? Infinity : centre.expected + options.threshold * centre.spread;
    const suspect = requests >= options.requests_min && requests >= cap;
    const adopting = suspect && suspectRun >= options.adopt_hours;
    ring.push(!suspect ? requests : adopting ? Math.min(requests, cap) : null);
    suspectRun = suspect ? suspectRun + 1 : 0;
  }
  return found;
}
