import { KeyedState } from '../../../../detectors/worker/keyed-state.js';

const snapshotOf = (emitted: unknown): string => JSON.stringify({ detectors: {}, emitted, recent: [], lastMs: 5 });

/** What a restored entity says of its windows, after as many restarts. */
function emittedAfter(restarts: number, emitted: unknown): unknown {
  let text = snapshotOf(emitted);
  for (let restart = 0; restart < restarts; restart += 1) {
    const state = new KeyedState([], 10);
    state.restore('one', text);
    const entity = state.peek('one');
    if (entity === undefined) throw new Error('The entity was not restored.');
    text = state.encode(entity);
  }
  return (JSON.parse(text) as { emitted: unknown }).emitted;
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
});
