import { z } from 'zod';
import { createFactDetector } from '../../../../detectors/core/fact-detector.js';

interface Own {
  readonly lastMs: number;
  readonly names: readonly string[];
  readonly pair: readonly (readonly number[])[];
}

const detector = createFactDetector<Own>({
  id: 'made-up',
  version: 1,
  ownBytesMax: 1000,
  idleMs: 1,
  stages: ['token'],
  rules: {},
  falsePositives: [],
  nextSteps: [],
  schema: z.strictObject({ lastMs: z.number(), names: z.array(z.string()), pair: z.array(z.array(z.number())) }),
  initial: () => ({ lastMs: -1, names: [], pair: [[], []] }),
  facts: () => [],
  learn: (own) => own,
});

describe('the encoded state of a detector of facts', () => {
  const own = { lastMs: 5, names: [], pair: [[1], []] };
  const episode = ['measure', 1, 2, 3] as const;

  it('leaves out what is as it begins, and comes back whole', () => {
    expect(detector.encode(detector.initial())).toBe('[{"pair":[[],[]]}]');
    for (const state of [detector.initial(), { own, episodes: [] }, { own, episodes: [episode] }]) {
      expect(detector.decode(detector.encode(state))).toEqual(state);
    }
  });

  it('is read as it was written before anything was left out', () => {
    expect(detector.decode(JSON.stringify([own, []]))).toEqual({ own, episodes: [] });
    expect(detector.decode(JSON.stringify([own, [episode]]))).toEqual({ own, episodes: [episode] });
  });

  it.each(['', 'null', '{}', '[1]', '[null]', '[{"lastMs":"x"}]', '[{"more":1}]', '[{},1]', '[{"__proto__":{}}]'])(
    'refuses or ignores %s without harm',
    (text) => {
      let state;
      try {
        state = detector.decode(text);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(state).toEqual(detector.initial());
    },
  );
});
