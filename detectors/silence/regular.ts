import { median } from 'simple-statistics';

/** A job that runs by the clock: hardly any silence differs from the others. */
const CLOCKWORK_RATIO = 1.25;
const CLOCKWORK_FACTOR = 1.5;
/** Of one that speaks often the longest silence of a period varies, but not from a night to a week-end. */
const STEADY_RATIO = 3;
const STEADY_FACTOR = 2;
/** So many minutes with a word, so that the longest silence of them says something. */
export const STEADY_MINUTES = 500;

/**
 * The longest silence that is ordinary, minutes; 0 for one whose silences are not regular enough to say.
 *
 * The longest of n silences of a random (Poisson) speaker lies near m·ln n for a mean m, and one twice as long comes once in
 * n². So twice the longest of many is rare whatever the mean, and half as long again is enough for a clockwork.
 *
 * @param longest of each period, in minutes, at least one.
 * @param running the longest of the running period so far.
 * @param spoken minutes in which it spoke.
 */
export function silenceLimit(longest: readonly number[], running: number, spoken: number): number {
  const usual = median([...longest]);
  const top = Math.max(running, ...longest);
  if (top <= CLOCKWORK_RATIO * usual) return Math.ceil(top * CLOCKWORK_FACTOR);
  if (spoken >= STEADY_MINUTES && top <= STEADY_RATIO * usual) return Math.ceil(top * STEADY_FACTOR);
  return 0;
}
