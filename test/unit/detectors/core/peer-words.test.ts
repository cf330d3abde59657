import fc from 'fast-check';
import { peerValues } from '../../../../detectors/core/dimensions.js';
import {
  othersIn,
  PEERS_REMEMBERED,
  PEERS_SAMPLED,
  withMember,
  type PeerSample,
} from '../../../../detectors/core/peer-sample.js';
import { memberOf, PeerWords } from '../../../../detectors/core/peer-words.js';
import { withUse, type PeerBook } from '../../../../detectors/novelty/peer-book.js';
import { makePrincipal } from '../../../../ingest/event/principal.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent } from '../../../support/token-events.js';
import { seededRandom } from '../../../support/random.js';

const T0 = Date.UTC(2026, 2, 2);
const DAY_MS = 86_400_000;
const FORGET_DAYS = 3;
const LATENESS_MS = 1000;

const uidOf = (n: number): string => `idp|system:serviceaccount:shop:w${n}`;

function use(n: number, timeMs: number, service: string): TokenEvent {
  const principal = makePrincipal({ kind: 'service_account', issuer: 'idp', id: `system:serviceaccount:shop:w${n}` });
  const event = makeEvent({ timeMs, token: `w${n}` });
  return { ...event, principal, target: { service }, client: { address: '10.128.0.1' } };
}

const timeOf = (event: TokenEvent): number => Date.parse(event.time);
const memberOfEvent = (event: TokenEvent): number => memberOf(event.principal?.principal_uid ?? '');

/** What a group knows of one value after the words of some partitions, in the order of time. */
class Group {
  sample: PeerSample = [];
  readonly #words: readonly (readonly [timeMs: number, member: number])[];
  #next = 0;

  constructor(words: readonly TokenEvent[]) {
    this.#words = words.map((event) => [timeOf(event), memberOfEvent(event)] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  } // prettier-ignore

  at(timeMs: number): PeerSample {
    for (; (this.#words[this.#next]?.[0] ?? Infinity) <= timeMs; this.#next += 1) {
      const [atMs, member] = this.#words[this.#next]!;
      this.sample = withMember(this.sample, member, atMs, FORGET_DAYS);
    }
    return this.sample;
  }
}

describe('what groups of peers are told', () => {
  it('is the same sample at any time, on any number of partitions, in any order within the lateness, with memories lost', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, partitions) => {
        const random = seededRandom(seed);
        const events = Array.from({ length: 300 }, (_, n) =>
          use(Math.floor(random() * random() * 60), T0 + Math.floor(n * 0.04 * DAY_MS * random() + n * 0.01 * DAY_MS), 'orders'),
        ); // prettier-ignore
        const arrival = new Map(events.map((event) => [event, timeOf(event) + random() * LATENESS_MS]));
        const inTime = [...events].sort((a, b) => timeOf(a) - timeOf(b));
        const shuffled = [...events].sort((a, b) => arrival.get(a)! - arrival.get(b)!);
        const lanes = Array.from({ length: partitions }, () => new PeerWords());
        const told = shuffled.filter((event) => {
          const lane = Math.floor(random() * partitions);
          if (random() < 0.01) lanes[lane] = new PeerWords();
          return lanes[lane]!.take(event, timeOf(event)) !== null;
        });
        const single = new PeerWords();
        const [all, one, many] = [
          new Group(events),
          new Group(inTime.filter((event) => single.take(event, timeOf(event)) !== null)),
          new Group(told),
        ];
        const wrong = inTime.filter((event) => {
          const [wanted, ...got] = [all, one, many].map((group) =>
            JSON.stringify(othersIn(group.at(timeOf(event)), memberOfEvent(event), timeOf(event), FORGET_DAYS)),
          );
          return got.some((text) => text !== wanted);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('is much less than there is', () => {
    const words = new PeerWords();
    let told = 0;
    for (let n = 0; n < 20_000; n += 1) {
      if (words.take(use(n % 1000, T0 + n * 1000, 'orders'), T0 + n * 1000) !== null) told += 1;
    }
    expect(told).toBeGreaterThanOrEqual(PEERS_REMEMBERED);
    expect(told).toBeLessThan(100);
  });

  it('is as little of an archive of many days that comes among what is new', () => {
    const words = new PeerWords();
    let told = 0;
    for (let n = 0; n < 20_000; n += 1) {
      const timeMs = T0 + n * 1000 - (n % 2 === 0 ? 0 : ((n % 10) + 1) * 10 * DAY_MS);
      if (words.take(use(Math.floor(n / 10) % 100, timeMs, 'orders'), timeMs) !== null) told += 1;
    }
    // At most two values, of the service and of the network, on the days of six spans.
    expect(told).toBeLessThan(6 * 2 * 2 * 2 * PEERS_REMEMBERED);
  });

  it('leaves the same sample where archives come in between, with memories lost', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const arrived = Array.from({ length: 400 }, (_, n) => {
          const nowMs = T0 + Math.floor(n * 0.02 * DAY_MS);
          const timeMs = random() < 0.5 ? nowMs : nowMs - Math.floor(random() * 12 * DAY_MS);
          return use(Math.floor(random() * random() * 60), timeMs, 'orders');
        });
        let words = new PeerWords();
        let [all, told]: [PeerBook, PeerBook] = [[], []];
        for (const event of arrived) {
          if (random() < 0.01) words = new PeerWords();
          const [member, timeMs] = [memberOfEvent(event), timeOf(event)];
          const withIt = (book: PeerBook): PeerBook => withUse(book, peerValues(event), member, timeMs, FORGET_DAYS);
          all = withIt(all);
          if (words.take(event, timeMs) !== null) told = withIt(told);
          if (JSON.stringify(told) !== JSON.stringify(all)) expect(told).toEqual(all);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is nothing of refusals, of issuers, and of those whose peers nobody knows', () => {
    const words = new PeerWords();
    const served = use(1, T0, 'orders');
    const alone = { ...served, principal: makePrincipal({ kind: 'client', id: 'partner' }) };
    for (const event of [{ ...served, outcome: 'failure' as const }, { ...served, action: 'login' as const }, alone]) {
      expect(words.take(event, T0)).toBeNull();
    }
    expect(words.take(served, T0)).toEqual({ group: expect.any(Number) as unknown, member: memberOf(uidOf(1)) });
  });

  it('has no place for an address that is nobody’s but its own', () => {
    const base = use(1, T0, 'orders');
    const from = (client: NonNullable<TokenEvent['client']>) => peerValues({ ...base, client }).length;
    expect(from({ address: '203.0.113.7' })).toBe(1);
    expect(from({ address: '203.0.113.7', asn: 64_500 })).toBe(2);
    expect(from({ address: '10.128.0.9' })).toBe(2);
  });
});

describe('a sample of members', () => {
  it('is exact while it is small, and an estimate within a factor of 2.5 above', () => {
    for (const size of [1, 5, 50, 2000]) {
      const asked = Array.from({ length: 20 }, (_, round) => {
        let sample: PeerSample = [];
        for (let n = 0; n < size; n += 1) sample = withMember(sample, memberOf(`${round} ${n}`), T0 + n, FORGET_DAYS);
        return othersIn(sample, -1, T0 + DAY_MS, FORGET_DAYS).count;
      });
      if (size < PEERS_SAMPLED) expect(new Set(asked)).toEqual(new Set([size]));
      const median = asked.sort((a, b) => a - b)[10]!;
      expect(median).toBeGreaterThan(size / 1.5);
      expect(median).toBeLessThan(size * 1.5);
      expect(asked.filter((count) => count < size / 2.5 || count > size * 2.5).length).toBeLessThanOrEqual(2);
    }
  });

  it('lets go of whoever was not seen for so long, and knows since when the others are there', () => {
    const first = withMember([], 7, T0, FORGET_DAYS);
    const both = withMember(first, 9, T0 + 3 * DAY_MS, FORGET_DAYS);
    const ask = (timeMs: number) => othersIn(both, 1, timeMs, FORGET_DAYS, T0 + DAY_MS);
    expect(ask(T0 + 3 * DAY_MS)).toEqual({ count: 1, aged: 1, oldestMs: T0 });
    expect(ask(T0 + 3 * DAY_MS + 1)).toEqual({ count: 2, aged: 1, oldestMs: T0 });
    expect(ask(T0 + 4 * DAY_MS)).toEqual({ count: 1, aged: 0, oldestMs: T0 + 3 * DAY_MS });
    expect(othersIn(both, 9, T0 + 3 * DAY_MS + 1, FORGET_DAYS).count).toBe(1);
  });
});
