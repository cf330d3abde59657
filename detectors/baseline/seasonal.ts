import type { QuantisedRing } from '../core/quantised-ring.js';
import { robustCentre, type RobustCentre } from '../core/robust.js';
import { comparableHours, HOURS_OF_DAY, HOURS_OF_WEEK } from '../core/seasonal-hours.js';

/** An hour a fifth above its expectation is ordinary, however steady the past was. */
const RELATIVE_FLOOR = 0.2;

/**
 * Expected requests of the running hour.
 *
 * @param floor least spread, requests an hour.
 * @returns null when nothing is known.
 */
export function expectedVolume(ring: QuantisedRing, floor: number): RobustCentre | null {
  const hours = comparableHours(ring);
  if (hours.length === 0) return null;
  return robustCentre(hours, { absolute: floor, relative: RELATIVE_FLOOR, tail: true });
}

/** Requests of the busiest closed hour. */
export const peakVolume = (ring: QuantisedRing): number =>
  ring.values().reduce((peak, value) => Math.max(peak, value), 0);

/** Hours of silence for which a client that was cut off may catch up. */
const OWED_HOURS_MAX = 48;

/** Requests that the silent hours just closed would have brought, by the same hours of the last days with any. */
export function owedVolume(ring: QuantisedRing): number {
  let silent = 0;
  while (silent < OWED_HOURS_MAX && ring.at(silent + 1) === 0) silent += 1;
  const period = HOURS_OF_DAY * Math.ceil(silent / HOURS_OF_DAY);
  let owed = 0;
  for (let lag = 1; lag <= silent; lag += 1) owed += ring.at(lag + period) ?? 0;
  return owed;
}

/**
 * Whether the hour about to close had an excess a week ago, or on each of the three days before, too: a job whose every run
 * was suspect would else stay so for ever.
 */
export function recurs(ring: QuantisedRing): boolean {
  const wasSuspect = (lag: number): boolean => ring.size >= lag && ring.at(lag) === undefined;
  return wasSuspect(HOURS_OF_WEEK) || [1, 2, 3].every((days) => wasSuspect(days * HOURS_OF_DAY));
}
