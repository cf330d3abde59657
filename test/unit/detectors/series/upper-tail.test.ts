import { UpperTail } from '../../../../detectors/series/upper-tail.js';
import { seededRandom } from '../../../support/random.js';

function taught(readings: number, draw: (random: () => number) => number): UpperTail {
  const random = seededRandom(7);
  const tail = new UpperTail(readings);
  for (let i = 0; i < readings; i += 1) tail.learn(draw(random));
  return tail;
}

describe('UpperTail', () => {
  it('is silent until it knows a tail', () => {
    const tail = new UpperTail(100);
    for (let i = 0; i < 49; i += 1) tail.learn(i);
    expect(tail.surprise(1e9, 1)).toBe(0);
    tail.learn(49);
    expect(tail.surprise(1e9, 1)).toBeGreaterThan(8);
  });

  it('tells the probability of exponential readings, also of those never seen', () => {
    const tail = taught(20_000, (random) => -Math.log(1 - random()));
    // P(X > x) = e^-x: e^-9.21 = 1e-4, e^-13.8 = 1e-6.
    expect(tail.surprise(Math.log(10), 0)).toBeCloseTo(1, 1);
    expect(tail.surprise(4 * Math.log(10), 0)).toBeCloseTo(4, 0);
    expect(tail.surprise(6 * Math.log(10), 0)).toBeGreaterThan(5);
  });

  it('rises with the reading', () => {
    const tail = taught(500, (random) => random());
    let last = -1;
    for (let reading = 0; reading < 2; reading += 0.01) {
      const surprise = tail.surprise(reading, 0.01);
      expect(surprise).toBeGreaterThanOrEqual(last);
      last = surprise;
    }
  });

  it('measures a past that never moved by the least excess', () => {
    const tail = taught(100, () => 3);
    expect(tail.surprise(3, 1)).toBeLessThan(2);
    // Two excesses are known: P = 0.02 (1 + 1/2)^-2.
    expect(tail.surprise(4, 1)).toBeCloseTo(-Math.log10(0.02 / 1.5 ** 2), 6);
  });

  it('is the more careful the less it knows', () => {
    const surprise = (readings: number): number => {
      const tail = new UpperTail(readings);
      for (let i = 0; i < readings; i += 1) tail.learn(i % 100);
      return tail.surprise(110, 0);
    };
    expect(surprise(100)).toBeLessThan(surprise(1000));
    expect(surprise(1000)).toBeLessThan(surprise(5000));
  });
});
