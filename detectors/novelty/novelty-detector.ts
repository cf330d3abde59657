import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Detector, Observation, PastValue, Peers } from '../core/detector.js';
import {
  createFactDetector,
  type Fact,
  type FactKernel,
  type FactRule,
  type FactState,
} from '../core/fact-detector.js';
import {
  dimensions,
  hashesOf,
  isComparable,
  isMachine,
  isOutside,
  NOT_TOLD,
  pastDimension,
  peerValue,
  peerValues,
  type Dimension,
} from '../core/dimensions.js';
import { textHash } from '../core/hash.js';
import { isServed } from '../core/observation.js';
import { peerGroupOf } from '../core/peer-group.js';
import { PEERS_SAMPLED } from '../core/peer-sample.js';
import { memberOf } from '../core/peer-words.js';
import { peersKey, pulseOf } from '../core/pulse.js';
import { figureSql, peersSql, SERVED, sqlTime } from '../core/reproduce.js';
import { shownValue } from '../core/shown-value.js';
import { familyOf, isTool } from '../../ingest/enrich/user-agent.js';
import type { NoveltyOptions } from './novelty-options.js';
import { PeerView, withUse } from './peer-book.js';
import { isByTurns, turnsSql, withTurn } from './turns.js';
import { newNoveltyState, NOVELTY_BYTES_MAX, noveltyStateSchema, noteValue, seenOf, withPast, type NoveltyState, type Seen } from './novelty-state.js'; // prettier-ignore

const NONE: readonly Fact[] = [];
const DAY_MS = 86_400_000;
/** A combination says more than its parts only if there are some. */
const PARTS_MIN = 3;
/** Who comes from a new place tries new things one after the other, not all in the first request. */
const FRESH_S = 3600;
const WRITE = textHash('write');
/** Below one bit more than half of the peers have it: that is what its kind does. */
const NEWS_BITS_MIN = 1;
/** A release reaches those whom it concerns within so long. */
const ROLLOUT_MS = 7 * DAY_MS;
/** Fewer do not tell what is usual. */
const PEERS_MIN = 3;
/** What a thief brings or walks to; routes and places of one's own are too many. */
const telling: ReadonlySet<string> = new Set(['target', 'caller', 'agent', 'scope', 'audience']);

interface News {
  readonly dimension: Dimension;
  /** How surprising a new value is here, bits. */
  readonly bits: number;
  /** False for a value that is new since less than an hour. */
  readonly first: boolean;
}

/** What it is when the peers were asked. */
interface Weighed extends News {
  /** How many peers were asked where none of them has it, 0 where some do or too few are known. */
  readonly aloneAmong: number;
}

/**
 * Bits of surprise at a value never seen: Good and Turing's estimate of the chance of one is the share of uses that
 * brought a value seen only once, here with one added so that it is never nothing.
 */
function surprise(seen: readonly Seen[], uses: number): number {
  const singles = seen.reduce((sum, one) => sum + (one[3] === 1 ? 1 : 0), 0);
  return -Math.log2((singles + 1) / (uses + 2));
}

/** A person who begins to use a program for machines from a place never seen: two new values say enough. */
const isToolOfPerson = (event: TokenEvent, news: readonly News[]): boolean =>
  event.principal?.kind === 'user' &&
  news.some(({ dimension }) => dimension.name === 'agent') &&
  isTool(familyOf(event));

/** Second from which on a value counts as new, though it was seen. */
const freshSince = (timeMs: number): number => Math.floor(timeMs / 1000) - FRESH_S;

/** Somebody else may stand at a public place: that others came from there, too, is no explanation. */
const isPlace = ({ name }: Dimension, event: TokenEvent): boolean =>
  name === 'country' || ((name === 'network' || name === 'zone') && isOutside(event));

const measureAlone = ({ name }: Dimension): string => `alone_${name}`;

function measureOf({ name, of }: Dimension, event: TokenEvent): string {
  if (name === 'method' && isMachine(event) && textHash(of(event)) === WRITE) return 'machine_writes';
  return name === 'zone' && isOutside(event) ? 'machine_outside' : `new_${name}`;
}

class NoveltyKernel implements FactKernel<NoveltyState> {
  readonly id = 'novelty';
  readonly version = 3;
  readonly stages = ['principal'] as const;
  readonly hearsPulses = true;
  readonly falsePositives = [
    'A release or a move to another cluster: new program, routes and networks, told of the first principal that has them.',
    'A person on a journey, at a new computer or with a new task.',
    'A job that runs less often than the memory lasts.',
    'By turns: a telephone on its first journey to a country, between a hotel’s network and roaming, or a new VPN that is tried on and off.',
  ];
  readonly nextSteps = [
    'Look whether other principals of the same client or team show the same new values since: then it is a release.',
    'Ask the owner of the principal; acknowledge with the reason what is expected, and it is usual from then on.',
    'If nobody knows it, see what else came from the new place, and revoke the tokens used there.',
  ];
  readonly ownBytesMax = NOVELTY_BYTES_MAX;
  readonly idleMs: number;
  readonly rules: Readonly<Record<string, FactRule>>;
  readonly schema = noveltyStateSchema;
  readonly #options: NoveltyOptions;
  readonly #forgetMs: number;

  constructor(options: NoveltyOptions) {
    this.#options = options;
    this.#forgetMs = options.forget_days * DAY_MS;
    this.idleMs = this.#forgetMs;
    this.rules = this.#makeRules();
  }

  initial(): NoveltyState {
    return newNoveltyState();
  }

  facts(own: NoveltyState, observation: Observation, peers: Peers<FactState<NoveltyState>>): readonly Fact[] {
    const { event } = observation;
    if (event.principal === undefined || !isServed(observation)) return NONE;
    if (!this.#hasLearnt(own, observation.timeMs)) return NONE;
    const found: Fact[] = [];
    if (isByTurns(withTurn(own.turns, observation, own.seen, freshSince(observation.timeMs)), observation.timeMs))
      found.push({ measure: 'by_turns', observed: 1 });
    const unweighed = this.#news(own, observation);
    if (unweighed.length === 0) return found;
    const news = this.#weigh(unweighed, observation, peers);
    if (news.length === 0) return found;
    const bits = news.reduce((sum, one) => sum + one.bits, 0);
    const sides = new Set(news.map(({ dimension }) => dimension.side));
    const enough = isToolOfPerson(event, news) ? PARTS_MIN - 1 : PARTS_MIN;
    if (news.length >= enough && sides.size === 2 && bits >= this.#options.combination_bits) {
      const against = `${news.map(({ dimension: { label, of } }) => `${label} ${shownValue(of(event)).slice(0, 60)}`).join(', ')} (${Math.round(bits)} bits)`;
      found.push({ measure: 'combination', observed: news.length, against });
    }
    for (const { dimension, first, aloneAmong } of news) {
      if (!first) continue;
      found.push({ measure: measureOf(dimension, event), observed: 1 });
      if (aloneAmong > 0)
        found.push({
          measure: measureAlone(dimension),
          observed: 1,
          against: `${aloneAmong < PEERS_SAMPLED ? '' : 'about '}${aloneAmong}`,
        });
    }
    return found;
  }

  learn(own: NoveltyState, observation: Observation): NoveltyState {
    const { event, timeMs } = observation;
    if (event.principal === undefined) {
      const member = pulseOf(event)?.member;
      // Of sources and of tokens without an owner nothing is new.
      if (member !== undefined)
        own.book = withUse(own.book, peerValues(event), member, timeMs, this.#options.forget_days);
      return own;
    }
    if (!isServed(observation)) return own;
    // After a long silence nothing that was known is worth comparing with.
    if (own.sinceMs < 0 || timeMs - own.lastMs > this.#forgetMs) {
      own.sinceMs = timeMs;
      own.uses = 0;
    }
    own.lastMs = Math.max(own.lastMs, timeMs);
    own.uses += 1;
    own.turns = withTurn(own.turns, observation, own.seen, freshSince(timeMs));
    const values = hashesOf(event);
    for (let n = 0; n < dimensions.length; n += 1) {
      const [dimension, seen, value = NOT_TOLD] = [dimensions[n], own.seen[n], values[n]];
      if (dimension !== undefined && seen !== undefined && value !== NOT_TOLD)
        noteValue(seen, value, timeMs, dimension.max);
    }
    return own;
  }

  /** As if it had learnt all of it; only of what came when and how often in between nothing is known. */
  recall(own: NoveltyState, past: readonly PastValue[]): NoveltyState {
    for (const one of [...past].sort((a, b) => a.lastMs - b.lastMs)) {
      own.sinceMs = own.sinceMs < 0 ? one.firstMs : Math.min(own.sinceMs, one.firstMs);
      own.lastMs = Math.max(own.lastMs, one.lastMs);
      if (one.dimension === '') own.uses = one.uses;
      const known = pastDimension(one);
      if (known === null) continue;
      const [list, max] = [own.seen[known.index] ?? [], dimensions[known.index]?.max ?? 0];
      own.seen[known.index] = withPast(list, textHash(known.value), one, max);
    }
    return own;
  }

  #hasLearnt(own: NoveltyState, timeMs: number): boolean {
    const { learning_days: days, learning_uses: uses } = this.#options;
    const isIdle = timeMs - own.lastMs > this.#forgetMs;
    return own.sinceMs >= 0 && !isIdle && own.uses >= uses && timeMs - own.sinceMs >= days * DAY_MS;
  }

  #news(own: NoveltyState, { event, timeMs }: Observation): readonly News[] {
    const found: News[] = [];
    const oldest = Math.floor((timeMs - this.#forgetMs) / 1000);
    const freshS = freshSince(timeMs);
    const values = hashesOf(event);
    for (let n = 0; n < dimensions.length; n += 1) {
      const [dimension, seen, value = NOT_TOLD] = [dimensions[n], own.seen[n], values[n]];
      if (dimension === undefined || seen === undefined || value === NOT_TOLD) continue;
      const last = seenOf(seen, value);
      const known = last !== undefined && last[2] >= oldest ? last : undefined;
      if (known !== undefined && known[1] < freshS) continue;
      // A dimension that was never told has no past; the first value of one is what a new source tells, no news.
      const past = seen.filter((one) => one[1] < freshS);
      if (past.length === 0) continue;
      // A full list has let values go: what is missing there may be an old one.
      if (past.length >= dimension.max && dimension.max > 2) continue;
      found.push({ dimension, bits: surprise(past, own.uses), first: known === undefined });
    }
    return found;
  }

  /**
   * What is left of news once the peers are asked: a value is no more surprising than its share among them says, and
   * what spreads among them since a few days is a release, unless it comes from a new place.
   */
  #weigh(
    news: readonly News[],
    { event, timeMs }: Observation,
    peers: Peers<FactState<NoveltyState>>,
  ): readonly Weighed[] {
    const group = event.principal === undefined ? null : peerGroupOf(event.principal);
    const book = group === null ? undefined : peers(peersKey(group.hash))?.own.book;
    if (book === undefined) return news.map((one) => ({ ...one, aloneAmong: 0 }));
    const { learning_days: days, forget_days: forget } = this.#options;
    const view = new PeerView(book, memberOf(event.principal?.principal_uid ?? ''), timeMs, forget);
    const members = view.members(timeMs - days * DAY_MS);
    if (members.count < PEERS_MIN) return news.map((one) => ({ ...one, aloneAmong: 0 }));
    const aloneAmong = members.aged >= PEERS_MIN && view.isComplete ? members.count : 0;
    const spreadMs = Math.max(timeMs - ROLLOUT_MS, members.oldestMs + days * DAY_MS);
    const elsewhere = news.some(({ dimension }) => isPlace(dimension, event));
    const released = new Set<string>();
    const weighed = news.map((one): Weighed => {
      const { dimension, bits } = one;
      const value = isComparable(dimension) ? peerValue(dimension, event) : 0;
      if (value === 0) return { ...one, aloneAmong: 0 };
      const { count, oldestMs } = view.having(value);
      if (count === 0) return { ...one, aloneAmong: telling.has(dimension.name) ? aloneAmong : 0 };
      const isRelease = !elsewhere && oldestMs >= spreadMs;
      if (isRelease) released.add(dimension.name);
      const ofPeers = isRelease ? 0 : Math.max(0, Math.log2((members.count + 1) / count));
      return { ...one, bits: Math.min(bits, ofPeers), aloneAmong: 0 };
    });
    // Who begins to write by a route of a release was released so.
    return weighed.filter(
      ({ dimension, bits }) => bits >= NEWS_BITS_MIN && !(dimension.name === 'method' && released.has('route')),
    );
  }

  #makeRules(): Readonly<Record<string, FactRule>> {
    const since = (o: Observation): number => o.timeMs - this.#forgetMs;
    const days = this.#options.forget_days;
    const rules: Record<string, FactRule> = {
      combination: {
        severity: 'low',
        fidelity: 'medium',
        techniques: ['T1550.001', 'T1078.004'],
        unit: 'values',
        summary: (_s, { event }, { against }) =>
          `${event.principal?.name ?? event.principal?.id ?? 'The principal'} at once with what it never had in ${days} days: ${against ?? ''}.`,
        sql: (_s, o) => {
          const before = sqlTime(freshSince(o.timeMs) * 1000);
          const isFirst = dimensions
            .filter(({ of }) => of(o.event) !== '')
            .map(({ condition }) => `(countIf(time < ${before} AND ${condition(o.event)}) = 0)`);
          return figureSql(o, since(o), SERVED, isFirst.join(' + '));
        },
      },
      by_turns: {
        severity: 'medium',
        fidelity: 'medium',
        techniques: ['T1539', 'T1550.001'],
        unit: 'sessions',
        gapMs: DAY_MS,
        summary: (_s, { event }) =>
          `A session of ${event.principal?.name ?? event.principal?.id ?? 'a person'} is used by turns from where it always was and from a country where the person has never been in ${days} days, back and forth within half an hour.`,
        sql: (_s, o) => turnsSql(o),
      },
    };
    for (const { name, label, of, condition } of dimensions) {
      const rule: FactRule = {
        severity: 'info',
        fidelity: 'low',
        techniques: ['T1078.004'],
        unit: 'uses',
        summary: (_s, { event }) => `First ${label} ${shownValue(of(event))} in ${days} days.`,
        sql: (_s, o) => figureSql(o, since(o), `${SERVED} AND ${condition(o.event)}`),
      };
      rules[`new_${name}`] = rule;
      if (telling.has(name)) rules[`alone_${name}`] = this.#aloneRule({ label, of, condition });
      if (name === 'zone') {
        const summary: FactRule['summary'] = (_s, { event }) =>
          `A machine that was only seen in private networks for ${days} days or since it is known comes from ${event.client?.address ?? ''}.`;
        rules['machine_outside'] = { ...rule, severity: 'medium', fidelity: 'medium', techniques: ['T1078.004', 'T1552.005'], summary }; // prettier-ignore
      }
      if (name !== 'method') continue;
      const summary = (): string => `A machine that only read for ${days} days or since it is known writes.`;
      rules['machine_writes'] = { ...rule, severity: 'low', fidelity: 'medium', summary };
    }
    return rules;
  }

  /** Nobody's kind of thing, as far as is known: one of those with others makes an alert. */
  #aloneRule({ label, of, condition }: Pick<Dimension, 'label' | 'of' | 'condition'>): FactRule {
    const days = this.#options.forget_days;
    const groupOf = ({ principal }: TokenEvent) => (principal === undefined ? null : peerGroupOf(principal));
    return {
      severity: 'low',
      fidelity: 'low',
      techniques: ['T1078.004'],
      unit: 'principals',
      summary: (_s, { event }, { against }) =>
        `First ${label} ${shownValue(of(event))} in ${days} days, of this principal and of its ${against ?? ''} peers (${groupOf(event)?.label.slice(0, 120) ?? ''}).`,
      sql: (_s, o) => {
        const group = groupOf(o.event)?.condition ?? 'false';
        return peersSql(o, o.timeMs - this.#forgetMs, group, `${SERVED} AND ${condition(o.event)}`);
      },
    };
  }
}

/** @param options validated by `noveltyOptionsSchema`. */
export function createNoveltyDetector(options: NoveltyOptions): Detector<FactState<NoveltyState>> {
  return createFactDetector(new NoveltyKernel(options));
}
