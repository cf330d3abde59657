import fc from 'fast-check';
import { isEarly, takeRequest, type Gcra } from '../../../../detectors/rate/gcra.js';
import { newRateState, type LimitState } from '../../../../detectors/rate/rate-state.js';

const newLimit = (): LimitState => newRateState(30, 1).limits[0]!;

/** Times of the requests that come not too early. */
function taken(gcra: Gcra, times: readonly number[]): number[] {
  const kept = newLimit();
  return times.filter((timeMs) => {
    const early = isEarly(kept, gcra, timeMs);
    takeRequest(kept, gcra, timeMs);
    return !early;
  });
}

const gcras = fc.record({
  intervalMs: fc.integer({ min: 1, max: 5000 }),
  burst: fc.integer({ min: 1, max: 50 }),
  episodeMs: fc.constant(60_000),
});
const gaps = fc.array(fc.integer({ min: 0, max: 6000 }), { minLength: 1, maxLength: 200 });
const timesOf = (steps: readonly number[]): number[] => {
  let at = Date.UTC(2026, 0, 5);
  return steps.map((step) => (at += step));
};

describe('GCRA', () => {
  it('takes no more in any span than the burst and the rate', () => {
    fc.assert(
      fc.property(gcras, gaps, (gcra, steps) => {
        const times = taken(gcra, timesOf(steps));
        times.forEach((from, first) => {
          times.slice(first).forEach((to, count) => {
            expect(count + 1).toBeLessThanOrEqual(gcra.burst + (to - from) / gcra.intervalMs);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  it('takes all that keep to the rate, and the burst at once', () => {
    fc.assert(
      fc.property(gcras, fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 100 }), (gcra, late) => {
        const burst = Array.from({ length: gcra.burst }, () => 0);
        const times = timesOf([...burst, ...late.map((ms) => gcra.intervalMs + ms)]);
        expect(taken(gcra, times)).toEqual(times);
      }),
      { numRuns: 60 },
    );
  });
});
