import { DayProfile } from './day-profile.js';
import { SortedWindow } from './sorted-window.js';
import { UpperTail } from './upper-tail.js';

/** Lengths over which the deviation is averaged, in points: a spike shows in the first, a small lasting shift in the last. */
const SCALES = [1, 2, 4, 8, 16, 32, 64] as const;
/** Points that are remembered: more than two weeks of readings every five minutes. */
const MEMORY = 5000;
/** Points before the first alarm can be raised. */
const GRACE = 150;
/**
 * An alarm asks for a deviation that one scale would show by chance once in 10^4.5 ≈ 32,000 independent readings. An average
 * over n points has n times fewer independent readings, so it may be n times as frequent among its own.
 */
const ALARM_SURPRISE = 4.5;
/** Points after an alarm in which the same incident raises no other. */
const REFRACTORY = 100;
/** Least mean excess of a tail, as a share of the range in which nine tenths of the values lie. */
const EXCESS_SHARE = 0.02;

/** From this score on, a point is an alarm. */
export const ALARM_SCORE = 0.5;
/** Larger magnitudes would overflow in sums; no series that is measured has them. */
export const VALUE_MAX = 1e150;

/** The score of what would be an alarm but falls into the grace or the refractory period. */
const BELOW_ALARM = 0.499;

interface Scale {
  readonly length: number;
  readonly bonus: number;
  readonly tail: UpperTail;
}

/**
 * Scores a plain series of numbers point by point, with what it has seen so far and nothing else; README.md beside this
 * file has the maths. Bounded memory, about half a megabyte.
 */
export class SeriesDetector {
  readonly #profile = new DayProfile();
  readonly #values = new SortedWindow(MEMORY);
  readonly #scales: readonly Scale[] = SCALES.map((length) => ({
    length,
    bonus: Math.log10(length),
    tail: new UpperTail(MEMORY),
  }));
  /** The latest deviations from the day's profile, as many as the longest scale takes. */
  readonly #deviations = new Float64Array(Math.max(...SCALES));
  #known = 0;
  #points = 0;
  #resting = 0;

  /**
   * @param timeMs milliseconds since the Unix epoch; only the time of the day matters.
   * @param value of magnitude up to `VALUE_MAX`.
   * @returns 0 to 1; 0.5 or more is an alarm, and for the next 100 points the score stays below.
   */
  score(timeMs: number, value: number): number {
    this.#points += 1;
    const surprise = this.#surprise(timeMs, value);
    this.#profile.learn(timeMs, value);
    this.#values.push(value);
    const score = toScore(surprise);
    const resting = this.#resting > 0;
    if (resting) this.#resting -= 1;
    if (score < ALARM_SCORE) return score;
    if (resting || this.#points < GRACE) return BELOW_ALARM;
    this.#resting = REFRACTORY;
    return score;
  }

  /** The largest surprise over all scales; learns the readings. */
  #surprise(timeMs: number, value: number): number {
    const expected = this.#profile.expected(timeMs);
    if (expected === null) return 0;
    this.#deviations[this.#known % this.#deviations.length] = value - expected;
    this.#known += 1;
    const excessMin = Math.max(
      Number.MIN_VALUE,
      EXCESS_SHARE * (this.#values.quantile(0.95) - this.#values.quantile(0.05)),
    );
    let sum = 0;
    let counted = 0;
    let largest = 0;
    for (const { length, bonus, tail } of this.#scales) {
      if (length > this.#known) break;
      for (; counted < length; counted += 1) sum += this.#deviation(counted);
      const reading = Math.abs(sum / length);
      largest = Math.max(largest, tail.surprise(reading, excessMin) + bonus);
      tail.learn(reading);
    }
    return largest;
  }

  /** @param back 0 for the latest deviation. */
  #deviation(back: number): number {
    return this.#deviations[(this.#known - 1 - back) % this.#deviations.length] ?? 0;
  }
}

/** Linear up to the alarm, then towards 1. */
function toScore(surprise: number): number {
  const ratio = surprise / ALARM_SURPRISE;
  return ratio < 1 ? ALARM_SCORE * ratio : 1 - (1 - ALARM_SCORE) / ratio;
}
