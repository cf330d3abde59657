import { PeerView, peerBookSchema, withUse, type PeerBook } from '../../../../detectors/novelty/peer-book.js';

const T0 = Date.UTC(2026, 2, 2, 12);
const DAY_MS = 86_400_000;
const FORGET_DAYS = 30;
const VALUES_MAX = 384;
const MEMBER = 7;

const valuesFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, n) => first + n);
const used = (book: PeerBook, values: readonly number[], day: number): PeerBook =>
  peerBookSchema.parse(withUse(book, values, MEMBER, T0 + day * DAY_MS, FORGET_DAYS));
const view = (book: PeerBook, day: number): PeerView => new PeerView(book, 1, T0 + day * DAY_MS + 1, FORGET_DAYS);
const isComplete = (book: PeerBook, day: number): boolean => view(book, day).isComplete;

describe('what a group of peers remembers', () => {
  it('is not complete again before what had no room is forgotten, however early there is room', () => {
    // What was there first is over when there is no room for more on day 20, and leaves on day 31.
    const first = used([], valuesFrom(1, VALUES_MAX), 0);
    const full = used(first, [1000], 20);
    expect([isComplete(first, 0), isComplete(full, 20), view(full, 20).having(1000).count]).toEqual([true, false, 0]);
    const roomy = used(full, [2000], 31);
    expect(view(roomy, 31).having(2000).count).toBe(1);
    expect([31, 50].map((day) => isComplete(roomy, day))).toEqual([false, false]);
    // 1000 had members until day 50; since then whoever has it was told of again.
    expect(isComplete(roomy, 51)).toBe(true);
    expect(isComplete(used(roomy, [2001], 51), 51)).toBe(true);
  });

  it('is complete from the beginning where everything had room', () => {
    const few = used(used([], valuesFrom(1, VALUES_MAX - 1), 0), [1], 40);
    expect([isComplete(few, 0), isComplete(few, 40)]).toEqual([true, true]);
    expect(isComplete(used(few, [5000, 5001], 41), 41)).toBe(true);
  });

  it('of a version before, full, may have left out some', () => {
    const before: PeerBook = [0, ...valuesFrom(1, VALUES_MAX)].map((value) => [value, [MEMBER, T0, Math.floor(T0 / DAY_MS)]]); // prettier-ignore
    const roomy = used(before, [5000], 31);
    expect([isComplete(before, 0), view(roomy, 31).having(5000).count]).toEqual([false, 1]);
  });

  it('loses nothing that is newer to an archive', () => {
    const full = used([], valuesFrom(1, VALUES_MAX), 0);
    expect(view(used(full, [5000], -20), 0).having(1).count).toBe(1);
    expect(withUse(full, [5000], MEMBER, T0 - (FORGET_DAYS + 1) * DAY_MS, FORGET_DAYS)).toBe(full);
  });
});
