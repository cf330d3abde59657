import fc from 'fast-check';
import { brushOf, stripSpan } from '../../../api/web/map/strip-span.js';

const HOUR = 3_600_000;

describe('the time strip', () => {
  it('holds the window whole, in whole buckets, and does not reach beyond now or the window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 * 24 }),
        fc.integer({ min: 1, max: 93 * 24 * 4 }),
        fc.integer({ min: 0, max: 400 * 24 }),
        (backHours, quarters, ahead) => {
          const now = Date.UTC(2026, 5, 1) + ahead * 1000;
          const toMs = now - backHours * HOUR;
          const fromMs = toMs - quarters * (HOUR / 4);
          const span = stripSpan({ fromMs, toMs }, now);
          const [first, last] = span.window;
          expect(span.fromMs % span.bucketMs).toBe(0);
          expect(span.fromMs + first * span.bucketMs).toBeLessThanOrEqual(fromMs);
          expect(span.fromMs + last * span.bucketMs).toBeGreaterThanOrEqual(toMs);
          expect(last).toBeLessThanOrEqual(span.buckets);
          expect(span.fromMs + span.buckets * span.bucketMs).toBeLessThan(now + span.bucketMs);
        },
      ),
    );
  });

  it('takes a brush in either direction, never of nothing', () => {
    expect(brushOf(10.2, 12.7, 96)).toEqual([10, 13]);
    expect(brushOf(12.7, 10.2, 96)).toEqual([10, 13]);
    expect(brushOf(5, 5, 96)).toEqual([5, 6]);
    expect(brushOf(-3, 200, 96)).toEqual([0, 96]);
    expect(brushOf(96, 96, 96)).toEqual([95, 96]);
  });
});
