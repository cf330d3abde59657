import type { QuantisedRing } from '../core/quantised-ring.js';
import { robustCentre, type RobustCentre } from '../core/robust.js';
import { HOURS_OF_DAY, HOURS_OF_WEEK, seasonalHours } from '../core/seasonal-hours.js';

/** Below this share of the least busy hour like it, an hour is a low one. */
const LOW_SHARE = 0.5;
/** So many low hours in a row are told: one alone is a deploy, or a client between two of its runs. */
export const LOW_HOURS = 3;
/** After a longer silence it is the silence that is to be told, not what came after it; hours. */
export const SILENT_HOURS_MAX = 3;

/** Chance and what was seen bound the spread; a share of the median would hide every drop. */
const FLOORS = { absolute: 0, relative: 0, tail: false } as const;

export type Shortfall = Pick<RobustCentre, 'expected' | 'spread'>;

export interface DropLimits {
  /** Hours that were less busy than this may be as quiet as they like, requests. */
  readonly requestsMin: number;
  /** Robust deviations below the expectation. */
  readonly threshold: number;
}

/**
 * What was expected of the hour that closes, where it is a low one: under half of the least busy of at least three same hours of the
 * week, or five of the day, and so many deviations below their median. The spread is 1.4826·MAD, at least that of a Poisson count.
 *
 * @param closed hours before the one that closes.
 * @param requests in the hour that closes.
 * @returns null where it is as busy as it should be, or nobody knows how busy that is: in the first week.
 */
export function shortfall(closed: QuantisedRing, requests: number, { requestsMin, threshold }: DropLimits): Shortfall | null {
  // Before a week is known, nobody knows a week-end.
  if (closed.size < HOURS_OF_WEEK) return null;
  // Asked of every hour of everybody, so that hours without much to lose must be cheap.
  const before = closed.at(HOURS_OF_WEEK) ?? closed.at(HOURS_OF_DAY);
  if (before === undefined || before < requestsMin || requests >= LOW_SHARE * before) return null;
  const hours = seasonalHours(closed);
  const least = Math.min(...hours);
  if (hours.length === 0 || least < requestsMin || requests >= LOW_SHARE * least) return null;
  const { expected, spread } = robustCentre(hours, FLOORS);
  return (expected - requests) / spread < threshold ? null : { expected, spread };
} // prettier-ignore
