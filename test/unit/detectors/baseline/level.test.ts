import { createBaselineDetector } from '../../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../../detectors/baseline/baseline-options.js';
import { toObservation } from '../../../../detectors/core/observation.js';
import { makeEvent } from '../../../support/token-events.js';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 0, 5);
const KNOWN_HOURS = 10 * 24;

/** What is told of each hour that something is told of, by its number, and what is expected of the hour after all of them. */
function told(requestsOf: (hour: number) => number, hours: number) {
  const detector = createBaselineDetector(baselineOptionsSchema.parse({}));
  let state = detector.initial();
  const found = new Map<number, Set<string>>();
  for (let hour = 0; hour < hours; hour += 1) {
    const requests = requestsOf(hour);
    for (let n = 0; n < requests; n += 1) {
      const timeMs = T0 + hour * HOUR_MS + Math.floor((n * HOUR_MS) / requests);
      const event = makeEvent({ timeMs, id: `${hour}-${n}` });
      const observation = toObservation(event);
      const verdicts = detector
        .score(state, observation)
        .filter((score) => detector.classify(score, observation, state) !== null);
      for (const { measure } of verdicts) found.set(hour, (found.get(hour) ?? new Set()).add(measure));
      state = detector.learn(state, observation, verdicts.length > 0);
    }
    // What is stored is enough to go on.
    if (hour % 7 === 0) state = detector.decode(detector.encode(state));
  }
  return { found, expected: state.volumeExpected };
}

const measuresOf = (found: ReadonlyMap<number, ReadonlySet<string>>, measure: string): number[] =>
  [...found].filter(([, measures]) => measures.has(measure)).map(([hour]) => hour);

describe('an excess that stays', () => {
  it('is told each hour for three days, then once as a new level, and teaches no sooner', () => {
    const { found, expected } = told((hour) => (hour < KNOWN_HOURS ? 60 : 300), KNOWN_HOURS + 120);
    expect(measuresOf(found, 'requests')).toEqual(Array.from({ length: 72 }, (_, n) => KNOWN_HOURS + n));
    expect(measuresOf(found, 'requests_level')).toEqual([KNOWN_HOURS + 72]);
    expect(expected).toBe(60);
  });

  it('is told again where it grows, and where it comes back after a rest', () => {
    const grown = KNOWN_HOURS + 100;
    const back = KNOWN_HOURS + 110;
    const { found } = told((hour) => {
      if (hour < KNOWN_HOURS || (hour > grown && hour < back)) return 60;
      return hour === grown ? 600 : 300;
    }, back + 3);
    expect(measuresOf(found, 'requests').filter((hour) => hour > KNOWN_HOURS + 72)).toEqual([
      grown,
      back,
      back + 1,
      back + 2,
    ]);
  });

  it('is learnt in the end', () => {
    const { found, expected } = told((hour) => (hour < KNOWN_HOURS ? 60 : 300), KNOWN_HOURS + 28 * 24);
    expect(expected).toBeGreaterThan(250);
    expect(found.has(KNOWN_HOURS + 28 * 24 - 1)).toBe(false);
    expect(found.size).toBe(73);
  });
});
