import { randomStream } from '../support/random.js';

/** Everything random in an evaluation; the same seed throws the same. */
export class Dice {
  readonly unit: () => number;
  readonly #seed: string;

  constructor(seed: string) {
    this.#seed = seed;
    this.unit = randomStream(seed);
  }

  /** Dice of their own for one part, so that a change of one part leaves the others as they were. */
  fork(part: string): Dice {
    return new Dice(`${this.#seed}/${part}`);
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  between(from: number, to: number): number {
    return from + this.unit() * (to - from);
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  /** @param list not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** So many different ones, or all. */
  sample<T>(list: readonly T[], count: number): readonly T[] {
    const left = [...list];
    const found: T[] = [];
    while (found.length < count && left.length > 0) found.push(...left.splice(this.below(left.length), 1));
    return found;
  }

  /** Knuth's method below 30, the normal distribution above. */
  poisson(mean: number): number {
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let product = this.unit();
    let count = 0;
    while (product > limit) {
      product *= this.unit();
      count += 1;
    }
    return count;
  }

  /** Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  hex(length: number): string {
    let text = '';
    while (text.length < length) text += Math.floor(this.unit() * 0x1_0000_0000).toString(16).padStart(8, '0'); // prettier-ignore
    return text.slice(0, length);
  }

  /** Times in a span, in order. */
  times(count: number, fromMs: number, toMs: number): readonly number[] {
    return Array.from({ length: count }, () => Math.floor(this.between(fromMs, toMs))).sort((a, b) => a - b);
  }
}
