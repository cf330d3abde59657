import {
  MEMBER_SPAN,
  othersIn,
  PEERS_SAMPLED,
  withMember,
  type PeerSample,
} from '../../../../detectors/core/peer-sample.js';

const T0 = Date.UTC(2026, 2, 2, 12);
const DAY_MS = 86_400_000;
const FORGET_DAYS = 30;
/** A hundred members, evenly spread. */
const members = Array.from({ length: 100 }, (_, n) => Math.floor(((n + 1) * MEMBER_SPAN) / 101));
const all = members.reduce<PeerSample>((sample, member) => withMember(sample, member, T0, FORGET_DAYS), []);
const stranger = MEMBER_SPAN - 1;

describe('the number of others who have a value', () => {
  it('is exact while all of them are remembered', () => {
    const few = members.slice(0, PEERS_SAMPLED - 1).reduce<PeerSample>((s, m) => withMember(s, m, T0, FORGET_DAYS), []);
    expect(othersIn(few, stranger, T0 + 1, FORGET_DAYS).count).toBe(PEERS_SAMPLED - 1);
  });

  it('is estimated where a member that takes the place of another came at that very moment, before or after it was told', () => {
    const newcomer = 5;
    const atMs = T0 + DAY_MS;
    const before = othersIn(all, newcomer, atMs, FORGET_DAYS).count;
    const told = withMember(all, newcomer, atMs, FORGET_DAYS);
    const after = othersIn(told, newcomer, atMs, FORGET_DAYS).count;
    expect(before).toBeGreaterThan(60);
    expect(after).toBeGreaterThan(60);
    expect(Math.abs(Math.log2(after / before))).toBeLessThan(0.5);
  });

  it('stays an estimate while the place of one that was forgotten is not taken again', () => {
    // All come again but one of those with the smallest hashes, and after it was forgotten one of the others.
    const again = members.filter((_, n) => n !== 2).reduce<PeerSample>((s, m) => withMember(s, m, T0 + 20 * DAY_MS, FORGET_DAYS), all); // prettier-ignore
    const atMs = T0 + (FORGET_DAYS + 1) * DAY_MS;
    for (const n of [0, 50, 99]) {
      const { count } = othersIn(withMember(again, members[n]!, atMs, FORGET_DAYS), stranger, atMs + 1, FORGET_DAYS);
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(150);
    }
  });

  it('has no share of members that left and were not replaced yet', () => {
    const left = all.map((value, at) => (at % 3 === 2 && at < 12 ? value - 2 * FORGET_DAYS : value));
    const count = othersIn(left, stranger, T0 + 1, FORGET_DAYS).count;
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(60);
  });
});
