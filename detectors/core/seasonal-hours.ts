import type { QuantisedRing } from './quantised-ring.js';

export const HOURS_OF_DAY = 24;
export const HOURS_OF_WEEK = 168;
const SAME_HOUR_OF_WEEK_MIN = 3;
const SAME_HOUR_OF_DAY_MIN = 5;

/** Values of the closed hours that stand `period` hours apart from the running one. */
function everyNth(ring: QuantisedRing, period: number): number[] {
  const found: number[] = [];
  for (let lag = period; lag <= ring.size; lag += period) {
    const value = ring.at(lag);
    if (value !== undefined) found.push(value);
  }
  return found;
}

/**
 * The past hours at the running hour's place: the same hour of the week where three weeks are known, else the same hour of the
 * day where five days are.
 *
 * @returns newest first; empty where less is known.
 */
export function seasonalHours(ring: QuantisedRing): number[] {
  const week = everyNth(ring, HOURS_OF_WEEK);
  if (week.length >= SAME_HOUR_OF_WEEK_MIN) return week;
  const day = everyNth(ring, HOURS_OF_DAY);
  return day.length >= SAME_HOUR_OF_DAY_MIN ? day : [];
}

/**
 * The past hours that the running hour is to be compared with: those at its place in week or day, else every hour.
 *
 * @returns newest first; empty when nothing is known.
 */
export function comparableHours(ring: QuantisedRing): number[] {
  const seasonal = seasonalHours(ring);
  return seasonal.length > 0 ? seasonal : ring.values();
}
