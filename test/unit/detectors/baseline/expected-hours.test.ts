import { createBaselineDetector } from '../../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../../detectors/baseline/baseline-options.js';
import { expectedHours } from '../../../../detectors/baseline/expected-hours.js';
import type { HourlyUsage, Observation } from '../../../../detectors/core/detector.js';
import { toObservation } from '../../../../detectors/core/observation.js';
import { use } from '../../../integration/api/seeded-store.js';
import { T0 } from '../../../support/alert-fixtures.js';

const HOUR = 3_600_000;
const options = baselineOptionsSchema.parse({});
const start = Math.floor(T0 / HOUR) * HOUR - 40 * 24 * HOUR;

/** A day and night rhythm with some noise, without chance. */
const requestsAt = (hour: number): number =>
  Math.round(40 + 35 * Math.sin((hour / 24) * 2 * Math.PI) + ((hour * 7) % 5));

const usageOf = (hours: number): HourlyUsage[] =>
  Array.from({ length: hours }, (_, hour) => ({
    hourStartMs: start + hour * HOUR,
    requests: requestsAt(hour),
    failures: 0,
  }));

describe('the expectation of single hours', () => {
  it.each([30, 150, 500, 900])('is what the detector itself expects after %d hours', (hours) => {
    const history = usageOf(hours);
    const at = start + hours * HOUR;
    const [hour] = expectedHours(history, at, at + HOUR, options);
    const detector = createBaselineDetector(options);
    let state = detector.warmUp(detector.initial(), history);
    let expected: { expected: number; spread: number } | undefined;
    for (let n = 0; n < options.requests_min; n += 1) {
      const observation: Observation = toObservation(use(n, at + n * 1000));
      expected = detector.score(state, observation)[0];
      state = detector.learn(state, observation, false);
    }
    expect(expected).toBeDefined();
    expect(hour).toMatchObject({ expected: expected?.expected, spread: expected?.spread });
  });

  it('has none during the grace period, and counts hours without a request', () => {
    const hours = expectedHours(usageOf(1), start, start + 30 * HOUR, options);
    expect(hours).toHaveLength(30);
    expect(hours[options.hours_min - 1]?.expected).toBeNull();
    expect(hours[options.hours_min]).toMatchObject({ expected: 0, requests: 0, sampleCount: options.hours_min });
  });

  it('is not taught by an hour above the threshold', () => {
    const calm = usageOf(200);
    const loud = calm.map((usage, hour) => (hour % 24 === 5 && hour > 150 ? { ...usage, requests: 5_000 } : usage));
    const at = start + 197 * HOUR;
    const [after] = expectedHours(loud, at, at + HOUR, options);
    const [before] = expectedHours(calm, at, at + HOUR, options);
    // Two hours fewer to compare with may move the median by one request, not towards 5,000.
    expect(Math.abs((after?.expected ?? 0) - (before?.expected ?? 0))).toBeLessThan(2);
  });
});
