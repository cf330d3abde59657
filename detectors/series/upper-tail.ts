import { SortedWindow } from './sorted-window.js';

/** Share of the past that counts as tail: the initial threshold of SPOT, the 98th percentile (Siffer et al. 2017, §4). */
const TAIL_SHARE = 0.02;
/** With fewer readings than this there is no tail to speak of. */
const READINGS_MIN = 50;

/**
 * How improbable a reading is, learnt from the readings before it: the share of them that was larger, and beyond the
 * 98th percentile an exponential tail (peaks over threshold with shape 0, Pickands 1975). Its mean is known from k
 * excesses only, so the predictive distribution is taken: P(X > x) = (1 + x / (k·mean))^−k, a Lomax distribution, which
 * is heavy while little is known and tends to the exponential one (Jeffreys' prior; Gelman et al., Bayesian Data Analysis).
 */
export class UpperTail {
  readonly #past: SortedWindow;

  /** @param memory readings that are remembered. */
  constructor(memory: number) {
    this.#past = new SortedWindow(memory);
  }

  /**
   * @param excessMin least mean excess, in the reading's unit: a series that never moved must not alarm at a breath.
   * @returns −log10 of the probability of a reading this large or larger, ≥ 0; 0 until enough is known.
   */
  surprise(reading: number, excessMin: number): number {
    const { size } = this.#past;
    if (size < READINGS_MIN) return 0;
    const first = Math.floor(size * (1 - TAIL_SHARE));
    const threshold = this.#past.at(first);
    if (reading <= threshold) return -Math.log10(Math.max(1 - this.#past.rank(reading) / size, TAIL_SHARE));
    const mean = Math.max(this.#meanExcess(first, threshold), excessMin);
    const excesses = size - first;
    return -Math.log10(TAIL_SHARE) + excesses * Math.log10(1 + (reading - threshold) / (excesses * mean));
  }

  learn(reading: number): void {
    this.#past.push(reading);
  }

  #meanExcess(first: number, threshold: number): number {
    let sum = 0;
    for (let rank = first; rank < this.#past.size; rank += 1) sum += this.#past.at(rank) - threshold;
    return sum / (this.#past.size - first);
  }
}
