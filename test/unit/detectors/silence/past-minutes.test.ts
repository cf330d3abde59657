import fc from 'fast-check';
import type { SpokenHour } from '../../../../detectors/core/detector.js';
import { toObservation } from '../../../../detectors/core/observation.js';
import { entityOf } from '../../../../detectors/core/observation.js';
import { sourceKey, STREAM_KEY, toPulse } from '../../../../detectors/core/pulse.js';
import { createSilenceDetector } from '../../../../detectors/silence/silence-detector.js';
import { silenceOptionsSchema } from '../../../../detectors/silence/silence-options.js';
import type { SilenceState } from '../../../../detectors/silence/silence-state.js';
import { makeEvent } from '../../../support/token-events.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 5);
const names = ['first', 'second', 'third'] as const;
/** Minutes since the start in which each source speaks. */
type Spoken = readonly (readonly number[])[];

const ofSource = (instance: string, minute: number) => {
  const event = makeEvent({ timeMs: START_MS + minute * MINUTE_MS, token: 't', id: `${instance} ${minute}` });
  return { ...event, source: { ...event.source, instance } };
};
const keys = names.map((name) => sourceKey(ofSource(name, 0).source));

/** Hours of history, as the store has them. */
function hoursOf(minutes: Iterable<number>): readonly SpokenHour[] {
  const hours = new Map<number, [number, number]>();
  for (const minute of [...minutes].sort((a, b) => a - b)) {
    const hour = Math.floor(minute / 60);
    const bits = hours.get(hour) ?? [0, 0];
    bits[minute % 60 < 30 ? 0 : 1] |= 1 << (minute % 30);
    hours.set(hour, bits);
  }
  return [...hours].map(([hour, minutes_]) => ({ hourStartMs: START_MS + hour * HOUR_MS, minutes: minutes_ }));
}

/** What the pulses of these minutes teach, one after the other. */
function learnt(detector: ReturnType<typeof createSilenceDetector>, spoken: Spoken): ReadonlyMap<string, SilenceState> {
  const states = new Map<string, SilenceState>();
  const hear = (minute: number, name: string, of: 'source' | 'stream'): void => {
    const pulse = toPulse(ofSource(name, minute), of);
    const key = entityOf(pulse, 'principal') ?? '';
    const observation = toObservation(pulse, 'principal');
    const state = states.get(key) ?? detector.initial();
    states.set(
      key,
      detector.learn(state, observation, false, (peer) => states.get(peer)),
    );
  };
  const all = spoken.flatMap((minutes, n) => minutes.map((minute) => [minute, n] as const)).sort(([a], [b]) => a - b);
  for (const [minute, n] of all) {
    // History begins with a stream that is known; live, the very first word comes before it.
    hear(minute, names[n]!, 'stream');
    hear(minute, names[n]!, 'source');
  }
  return states;
}

/** Every so many minutes with some left out, over days. */
const rhythm = fc
  .record({ every: fc.constantFrom(5, 7, 60, 400), days: fc.integer({ min: 0, max: 25 }), gaps: fc.array(fc.nat(43_000), { maxLength: 8 }) })
  .map(({ every, days, gaps }) =>
    Array.from({ length: Math.floor((days * 1440) / every) }, (_, n) => n * every).filter(
      (minute) => !gaps.some((gap) => minute >= gap && minute < gap + 300),
    ),
  ); // prettier-ignore

describe('the minutes that the store knows of sources', () => {
  it.each([{}, { period_hours: 0.5, periods_min: 4, minutes_min: 1 }])(
    'teach what the pulses of them would have taught: %j',
    (options) => {
      const detector = createSilenceDetector(silenceOptionsSchema.parse(options));
      fc.assert(
        fc.property(fc.tuple(rhythm, rhythm, rhythm), (spoken) => {
          const live = learnt(detector, spoken);
          const stream = hoursOf(new Set(spoken.flat()));
          const past = [...keys.map((key, n) => [key, hoursOf(spoken[n]!)] as const), [STREAM_KEY, stream] as const];
          for (const [key, own] of past) {
            const warm = detector.hear?.(detector.initial(), key, own, stream);
            if (own.length === 0) continue;
            expect(warm).toEqual({ ...live.get(key), wake: -1 });
          }
        }),
        { numRuns: 8 },
      );
    },
    60_000,
  );

  it('change nothing of who has been heard', () => {
    const detector = createSilenceDetector(silenceOptionsSchema.parse({}));
    const [state] = learnt(detector, [[5000]]).values();
    const before = detector.encode(state!);
    const past = hoursOf([1, 2, 3]);
    expect(detector.encode(detector.hear!(state!, keys[0]!, past, past))).toBe(before);
  });
});
