/**
 * A cache of strings to values with a hard bound, in two generations: a hit in the old one is moved to the young one,
 * and when the young one is full the old one is forgotten whole. This approximates LRU without the delete and
 * re-insert that a Map-based LRU pays on every hit.
 */
export class BoundedCache<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #youngCost = 0;
  readonly #costMax: number;
  readonly #valueCost: (value: V) => number;

  /**
   * @param costMax cost kept in each of the two generations; an entry costs its key's characters plus 64.
   * @param valueCost what an entry's value costs beside that.
   */
  constructor(costMax: number, valueCost: (value: V) => number = () => 0) {
    this.#costMax = costMax;
    this.#valueCost = valueCost;
  }

  get(key: string): V | undefined {
    const found = this.#young.get(key);
    if (found !== undefined) return found;
    const aged = this.#old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: string, value: V): void {
    const own = this.#valueCost(value);
    const cost = key.length + 64 + own;
    if (this.#youngCost + cost > this.#costMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCost = 0;
      if (cost > this.#costMax) return;
    }
    this.#youngCost += this.#young.has(key) ? own : cost;
    this.#young.set(key, value);
  }

  /** Entries held in both generations; one that moved up counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
