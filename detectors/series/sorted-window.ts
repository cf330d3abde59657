/**
 * The last `capacity` values, kept in order of arrival and in order of size, so that quantiles of the recent past
 * are exact. An insertion moves part of one typed array: cheap up to some ten thousand values.
 */
export class SortedWindow {
  readonly capacity: number;
  readonly #arrived: Float64Array;
  readonly #sorted: Float64Array;
  #size = 0;
  #next = 0;

  /** @param capacity values that are remembered, 1 or more. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#arrived = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The value of rank `rank`, 0 being the smallest; NaN outside 0 … size − 1. */
  at(rank: number): number {
    return rank < this.#size ? (this.#sorted[rank] ?? NaN) : NaN;
  }

  /** The smallest value that at least a share `p` (0 to 1) of the window does not exceed; NaN without values. */
  quantile(p: number): number {
    return this.at(Math.min(this.#size - 1, Math.floor(p * this.#size)));
  }

  /** How many values are smaller than `value`. */
  rank(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? NaN) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param value finite. */
  push(value: number): void {
    if (this.#size === this.capacity) this.#remove(this.#arrived[this.#next] ?? NaN);
    const rank = this.rank(value);
    this.#sorted.copyWithin(rank + 1, rank, this.#size);
    this.#sorted[rank] = value;
    this.#size += 1;
    this.#arrived[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
  }

  #remove(value: number): void {
    const rank = this.rank(value);
    this.#sorted.copyWithin(rank, rank + 1, this.#size);
    this.#size -= 1;
  }
}
