const WEEK_HOURS = 168;
const HOUR_MINUTES = 60;
/** Whole weeks that an hour must have had a word in each of, so that one is expected. */
export const WEEKS = 3;
/** Expected hours without a word, and days they lie on, that are too many: public holidays seldom take three working days. */
export const HOURS_MISSED = 8;
const DAYS_MISSED = 3;
const DAY_HOURS = 24;
/** Whoever misses that many in so long misses no working days, but speaks now and then. */
const LOOK_AHEAD_HOURS = 2 * WEEK_HOURS;
const NO_HOURS = '0'.repeat(WEEK_HOURS / 4);

/** Hours of the week (UTC, from Thursday) with a word, a bit each in hexadecimal. */
export interface WeekProfile {
  /** Number of the running week since the epoch, -1 before the first word. */
  week: number;
  running: string;
  /** Of the weeks right before it, oldest first, at most three. */
  whole: string[];
  /** What it would miss, were the last word its last; null for one that keeps no hours. */
  due: Missed | null;
}

export const newWeekProfile = (): WeekProfile => ({ week: -1, running: NO_HOURS, whole: [], due: null });

const nibble = (hours: string, hourOfWeek: number): number => parseInt(hours.charAt(hourOfWeek >> 2), 16);
const has = (hours: string, hourOfWeek: number): boolean => (nibble(hours, hourOfWeek) & (1 << (hourOfWeek & 3))) !== 0;

/** @param hour since the epoch, not before that of the last word. @returns false if it is known to have spoken in it. */
export function markHour(profile: WeekProfile, hour: number): boolean {
  const week = Math.floor(hour / WEEK_HOURS);
  if (week > profile.week) {
    // Weeks without a word are no weeks to go by.
    profile.whole = week === profile.week + 1 ? [...profile.whole, profile.running].slice(-WEEKS) : [];
    profile.running = NO_HOURS;
    profile.week = week;
  }
  const at = hour % WEEK_HOURS;
  if (has(profile.running, at)) return false;
  const digit = (nibble(profile.running, at) | (1 << (at & 3))).toString(16);
  profile.running = `${profile.running.slice(0, at >> 2)}${digit}${profile.running.slice((at >> 2) + 1)}`;
  return true;
}

/** When the first and the last of the hours end that are too many to miss, minutes since the epoch. */
export interface Missed {
  readonly firstMinute: number;
  readonly lastMinute: number;
}

/** What is missed by one whose last word is of an hour since the epoch; null for one that keeps no hours. */
export function hoursToMiss({ whole }: Pick<WeekProfile, 'whole'>, hour: number): Missed | null {
  if (whole.length < WEEKS) return null;
  let first = -1;
  let missed = 0;
  const days = new Set<number>();
  for (let next = hour + 1; next <= hour + LOOK_AHEAD_HOURS; next += 1) {
    if (!whole.every((hours) => has(hours, next % WEEK_HOURS))) continue;
    if (first < 0) first = next;
    missed += 1;
    days.add(Math.floor((next - first) / DAY_HOURS));
    if (missed < HOURS_MISSED || days.size < DAYS_MISSED) continue;
    return { firstMinute: (first + 1) * HOUR_MINUTES, lastMinute: (next + 1) * HOUR_MINUTES };
  }
  return null;
}
