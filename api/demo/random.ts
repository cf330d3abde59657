/** A small seeded generator (mulberry32), so that the sample traffic is the same on every machine. */
export interface SeededRandom {
  /** A number in [0, 1). */
  unit(): number;
  /** An integer in [0, below). */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
  /** A Poisson-distributed count; normal approximation above a mean of 30. */
  poisson(mean: number): number;
  hex(length: number): string;
}

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number): number => Math.floor(unit() * n);
  return {
    unit,
    below,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('cannot pick from an empty list');
      return item;
    },
    poisson: (mean) => {
      if (mean <= 0) return 0;
      if (mean > 30) {
        const gauss = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
        return Math.max(0, Math.round(mean + gauss * Math.sqrt(mean)));
      }
      const floor = Math.exp(-mean);
      let product = unit();
      let n = 0;
      while (product > floor) {
        product *= unit();
        n += 1;
      }
      return n;
    },
    hex: (length) => Array.from({ length }, () => below(16).toString(16)).join(''),
  };
}
