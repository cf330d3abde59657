import fc from 'fast-check';
import { QuantisedRing } from '../../../../detectors/core/quantised-ring.js';

const step = fc.oneof(
  fc.record({ value: fc.option(fc.integer({ min: 0, max: 900 })), count: fc.constant(1) }),
  fc.record({ value: fc.option(fc.integer({ min: 0, max: 900 })), count: fc.integer({ min: 0, max: 90 }) }),
);

describe('QuantisedRing', () => {
  it('holds the last windows as an array would, and survives encoding', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), (steps, capacity) => {
        const ring = new QuantisedRing(capacity);
        const model: (number | null)[] = [];
        for (const { value, count } of steps) {
          if (count === 1) ring.push(value);
          else ring.pushRun(value, count);
          for (let n = 0; n < count; n += 1) model.push(value);
        }
        const kept = model.slice(-capacity);
        for (const one of [ring, ring.clone(), QuantisedRing.decode(ring.encode(), capacity)]) {
          expect(one.size).toBe(kept.length);
          expect(kept.map((_, n) => one.at(kept.length - n) ?? null)).toEqual(kept);
          expect(one.values()).toEqual(kept.filter((value) => value !== null).reverse());
        }
      }),
    );
  });

  it('keeps large counts within a thousandth', () => {
    const ring = new QuantisedRing(4);
    ring.push(1_234_567);
    expect(Math.abs((ring.at(1) ?? 0) - 1_234_567) / 1_234_567).toBeLessThan(0.001);
  });

  it('corrects a closed window, but not one that must not teach', () => {
    const ring = new QuantisedRing(4);
    ring.push(3);
    ring.push(null);
    ring.addAt(2, 1);
    ring.addAt(1, 1);
    ring.addAt(9, 1);
    expect([ring.at(1), ring.at(2)]).toEqual([undefined, 4]);
  });
});
