import { AlarmClock } from '../../../../detectors/worker/alarm-clock.js';
import type { Entity } from '../../../../detectors/worker/entity.js';
import { KeyedState } from '../../../../detectors/worker/keyed-state.js';

/** A clock over entities that want to be woken when this says. */
function newClock(max = 100) {
  const keyed = new KeyedState([], { max });
  const wanted = new Map<string, number>();
  const clock = new AlarmClock(keyed, ({ uid }) => wanted.get(uid) ?? Infinity);
  const want = (uid: string, timeMs: number): Entity => {
    wanted.set(uid, timeMs);
    const entity = keyed.touch(uid);
    clock.arm(entity, timeMs);
    return entity;
  };
  const taken = (untilMs: number): string[] => {
    const found: string[] = [];
    for (let one = clock.take(untilMs); one !== null; one = clock.take(untilMs)) {
      found.push(one.uid);
      wanted.delete(one.uid);
    }
    return found;
  };
  return { keyed, clock, want, taken };
}

describe('AlarmClock', () => {
  it('wakes in order of time, then of name, and nobody before his time', () => {
    const { clock, want, taken } = newClock();
    for (const [uid, timeMs] of [['c', 20], ['b', 10], ['a', 10], ['d', 30]] as const) want(uid, timeMs); // prettier-ignore
    expect(clock.nextMs).toBe(10);
    expect(taken(10)).toEqual([]);
    expect(taken(21)).toEqual(['a', 'b', 'c']);
    expect(clock.nextMs).toBe(30);
    expect(taken(Infinity)).toEqual(['d']);
    expect(clock.nextMs).toBe(Infinity);
  });

  it('takes an alarm that was moved on at its new time, with one entry however often it was moved', () => {
    const { clock, want, taken } = newClock();
    for (let n = 0; n < 10_000; n += 1) want('busy', 10 + n);
    expect(clock.size).toBe(1);
    expect(taken(10_009)).toEqual([]);
    expect(taken(10_010)).toEqual(['busy']);
  });

  it('takes one that was moved forward once', () => {
    const { want, taken } = newClock();
    want('a', 50);
    want('a', 20);
    expect(taken(100)).toEqual(['a']);
  });

  it('forgets whose entity has left, and who wants nothing any more', () => {
    const { keyed, clock, want, taken } = newClock(2);
    for (const uid of ['left', 'b', 'c']) want(uid, 10);
    expect(keyed.peek('left')).toBeUndefined();
    want('b', Infinity);
    expect(taken(100)).toEqual(['c']);
    expect(clock.size).toBe(0);
  });

  it('stays bounded while entities come and go', () => {
    const { clock, want } = newClock(10);
    for (let n = 0; n < 20_000; n += 1) want(`one${n}`, 1000 + n);
    expect(clock.size).toBeLessThanOrEqual(2 * 10 + 1024 + 1);
  });
});
