import fc from 'fast-check';
import { SortedWindow } from '../../../../detectors/series/sorted-window.js';

const values = fc.array(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
  {
    minLength: 1,
    maxLength: 200,
  },
);

describe('SortedWindow', () => {
  it('holds the latest values in order of size', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), (all, capacity) => {
        const window = new SortedWindow(capacity);
        for (const value of all) window.push(value);
        const expected = all.slice(-capacity).sort((a, b) => a - b);
        expect(window.size).toBe(expected.length);
        expect(expected.map((_, rank) => window.at(rank) + 0)).toEqual(expected.map((value) => value + 0));
      }),
    );
  });

  it('ranks a value by how many are smaller', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: -4, max: 4 }), (all, value) => {
        const window = new SortedWindow(1000);
        for (const one of all) window.push(one);
        expect(window.rank(value)).toBe(all.filter((one) => one < value).length);
      }),
    );
  });

  it('knows no quantile of nothing', () => {
    const window = new SortedWindow(3);
    expect(window.quantile(0.5)).toBeNaN();
    window.push(7);
    expect([0, 0.5, 1].map((p) => window.quantile(p))).toEqual([7, 7, 7]);
  });
});
