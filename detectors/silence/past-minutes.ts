import type { SpokenHour } from '../core/detector.js';

const MINUTE_MS = 60_000;
const HALF_HOUR = 30;
const HOUR_MINUTES = 60;

export interface PastMinute {
  /** Since the epoch. */
  readonly at: number;
  /** Minutes before it in which the stream spoke, as far back as history tells. */
  readonly before: number;
}

const NOTHING: SpokenHour['minutes'] = [0, 0];

const spokeIn = (minutes: SpokenHour['minutes'], minute: number): boolean => {
  const half = minute < HALF_HOUR ? minutes[0] : minutes[1];
  return ((half >> (minute % HALF_HOUR)) & 1) === 1;
};

/**
 * The minutes in which a source spoke, in order.
 *
 * @param stream hours of all sources, this one among them; both oldest first.
 */
export function* minutesOf(own: readonly SpokenHour[], stream: readonly SpokenHour[]): Generator<PastMinute> {
  const byHour = new Map(own.map(({ hourStartMs, minutes }) => [hourStartMs, minutes]));
  let before = 0;
  for (const { hourStartMs, minutes } of stream) {
    const spoken = byHour.get(hourStartMs) ?? NOTHING;
    for (let minute = 0; minute < HOUR_MINUTES; minute += 1) {
      if (!spokeIn(minutes, minute)) continue;
      if (spokeIn(spoken, minute)) yield { at: hourStartMs / MINUTE_MS + minute, before };
      before += 1;
    }
  }
}
