import { LiveBound } from '../../../../detectors/worker/live-bound.js';

const MANY = 300;
const FEW = 32;

/** Its bound, after uses by name, each told what was said at the use before of the same. */
class Uses {
  readonly bound = new LiveBound(MANY);
  readonly #last = new Map<number, number>();

  add(...names: readonly number[]): number {
    for (const name of names) this.#last.set(name, this.bound.use(this.#last.get(name) ?? null));
    return this.bound.entities;
  }
}

const turns = (entities: number, rounds: number, bursts = 1): readonly number[] =>
  Array.from({ length: rounds * entities * bursts }, (_, n) => Math.floor(n / bursts) % entities);

describe('how many entities are held as objects', () => {
  it('are many where as many take turns as can be held, used once or several times in a row', () => {
    for (const bursts of [1, 5]) expect(new Uses().add(...turns(250, 10, bursts))).toBe(MANY);
  });

  it('are few where more take turns than can be held, or ever new ones come', () => {
    expect(new Uses().add(...turns(1000, 3))).toBe(FEW);
    expect(new Uses().add(...turns(5000, 1))).toBe(FEW);
  });

  it('are many again once that helps, and stay what they are while few would do', () => {
    const uses = new Uses();
    uses.add(...turns(1000, 3));
    expect(uses.add(...turns(25, 50))).toBe(FEW);
    expect(uses.add(...turns(200, 10))).toBe(MANY);
    expect(uses.add(...turns(25, 50))).toBe(MANY);
  });

  it('is not moved by a few that come back late', () => {
    // Every twentieth is one of eight that come back after some 150 others.
    const names = Array.from({ length: 9000 }, (_, n) => (n % 20 === 19 ? 100_000 + (Math.floor(n / 20) % 8) : n));
    expect(new Uses().add(...names)).toBe(FEW);
  });

  it('holds all where no bound was named', () => {
    const bound = new LiveBound(Infinity);
    for (let n = 0; n < 1000; n += 1) bound.use(null);
    expect(bound.entities).toBe(Infinity);
  });
});
