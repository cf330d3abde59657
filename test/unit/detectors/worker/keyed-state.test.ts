import type { EncodedEntity } from '../../../../detectors/worker/entity.js';
import { KeyedState } from '../../../../detectors/worker/keyed-state.js';
import { createDetectors } from '../../../../detectors/registry.js';
import type { AnyDetector } from '../../../../detectors/core/detector.js';

const snapshotOf = (emitted: unknown): EncodedEntity =>
  JSON.parse(JSON.stringify({ detectors: {}, emitted, recent: [], lastMs: 5 })) as EncodedEntity;

/** What a restored entity says of its windows, after as many restarts. */
function emittedAfter(restarts: number, emitted: unknown): unknown {
  let encoded = snapshotOf(emitted);
  for (let restart = 0; restart < restarts; restart += 1) {
    const state = new KeyedState([], { max: 10 });
    state.restore('one', encoded);
    const entity = state.peek('one');
    if (entity === undefined) throw new Error('The entity was not restored.');
    encoded = JSON.parse(JSON.stringify(state.encode(entity))) as EncodedEntity;
  }
  return encoded.emitted;
}

describe('KeyedState', () => {
  it('keeps the gravest grade of a window that an older version told, over any number of restarts', () => {
    const old = [['rate/requests', 60_000]];
    const told = [['rate/requests', 60_000, Number.MAX_SAFE_INTEGER]];
    expect(emittedAfter(1, old)).toEqual(told);
    expect(emittedAfter(2, old)).toEqual(told);
  });

  it('takes the null that stood for it for a while', () => {
    expect(emittedAfter(1, [['rate/requests', 60_000, null]])).toEqual([
      ['rate/requests', 60_000, Number.MAX_SAFE_INTEGER],
    ]);
  });

  it('keeps a grade that is known', () => {
    expect(emittedAfter(2, [['rate/requests', 60_000, 12]])).toEqual([['rate/requests', 60_000, 12]]);
  });

  it('stores a state that is as it begins as the version alone, and knows it from one that it does not have', () => {
    const detectors: readonly AnyDetector[] = createDetectors();
    const state = new KeyedState(detectors, { max: 10 });
    const encoded = state.encode(state.touch('one'));
    expect(encoded.detectors).toEqual(Object.fromEntries(detectors.map(({ id, version }) => [id, version])));

    const back = new KeyedState(detectors, { max: 10 });
    back.restore('one', encoded);
    expect(back.isWarm('one')).toBe(true);
    expect(back.peek('one')?.states).toEqual(detectors.map((detector) => detector.initial()));

    const others = Object.entries(encoded.detectors).filter(([id]) => id !== 'rate');
    back.restore('two', { ...encoded, detectors: Object.fromEntries(others) });
    back.restore('three', { ...encoded, detectors: { ...encoded.detectors, rate: 999 } });
    expect([back.isWarm('two'), back.isWarm('three')]).toEqual([false, false]);
  });
});
