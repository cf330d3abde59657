import { z } from 'zod';
import { newWeekProfile, WEEKS } from './week-profile.js';

/** Periods whose longest silence is remembered: four weeks of days. */
export const PERIODS_MAX = 28;

const minute = z.number();
const hoursText = z.string().regex(/^[0-9a-f]{42}$/);

/** Times are minutes since the epoch, -1 for never; silences are minutes in which what the speaker speaks through spoke. */
export const silenceStateSchema = z.strictObject({
  /** Minute in which it spoke last. */
  last: minute,
  /** Minutes in which it spoke. */
  spoken: z.number(),
  /** Key of what it speaks through, and how many minutes that had spoken in before `last`, -1 where nobody knew. */
  through: z.string(),
  before: z.number(),
  /** The running period, and the longest silence that ended in it. */
  period: z.number(),
  longest: z.number(),
  /** Of the periods before in which it spoke after a silence, oldest first. */
  periods: z.array(z.number()).max(PERIODS_MAX),
  /** How many of these come from hours of history, and are longer than what was. */
  warmed: z.number(),
  /** A silence longer than this is a finding; 0 while its silences are not regular. */
  limit: z.number(),
  /** When to look, -1 for never. */
  wake: minute,
  /** In which hours of the week it speaks. */
  profile: z.strictObject({
    week: z.number(),
    running: hoursText,
    whole: z.array(hoursText).max(WEEKS),
    due: z.strictObject({ firstMinute: minute, lastMinute: minute }).nullable(),
  }),
  /** Nobody is expected to hear from it before this minute: it delivers late, or its time is not the others'. */
  unsure: minute,
});

export type SilenceState = z.output<typeof silenceStateSchema>;

/** A source has two names of up to 256 characters, which JSON may make six times as long. */
export const SILENCE_BYTES_MAX = 350 + 6 * 540 + PERIODS_MAX * 12 + (WEEKS + 1) * 45 + 80;

export const newSilenceState = (): SilenceState => ({
  last: -1, spoken: 0, through: '', before: 0, period: -1, longest: 0, periods: [], warmed: 0, limit: 0, wake: -1,
  profile: newWeekProfile(), unsure: -1,
}); // prettier-ignore

/** How many minutes before `at` it spoke in; -1 where it has been heard of later minutes already. */
export function spokenBefore(state: SilenceState, at: number): number {
  if (state.last < at) return state.spoken;
  return state.last === at ? state.spoken - 1 : -1;
}
