import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Detector, Observation } from '../core/detector.js';
import {
  createFactDetector,
  type Fact,
  type FactKernel,
  type FactRule,
  type FactState,
} from '../core/fact-detector.js';
import { textHash } from '../core/hash.js';
import { isServed } from '../core/observation.js';
import { figureSql, SERVED, sqlTime } from '../core/reproduce.js';
import { familyOf, isTool } from '../../ingest/enrich/user-agent.js';
import { dimensions, isMachine, isOutside, type Dimension } from './dimensions.js';
import type { NoveltyOptions } from './novelty-options.js';
import { newNoveltyState, NOVELTY_BYTES_MAX, noveltyStateSchema, withValue, type NoveltyState, type Seen } from './novelty-state.js'; // prettier-ignore

const NONE: readonly Fact[] = [];
const DAY_MS = 86_400_000;
/** A combination says more than its parts only if there are some. */
const PARTS_MIN = 3;
/** Who comes from a new place tries new things one after the other, not all in the first request. */
const FRESH_S = 3600;
const WRITE = textHash('write');

interface News {
  readonly dimension: Dimension;
  /** How surprising a new value is here, bits. */
  readonly bits: number;
  /** False for a value that is new since less than an hour. */
  readonly first: boolean;
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

function measureOf({ name, of }: Dimension, event: TokenEvent): string {
  if (name === 'method' && isMachine(event) && textHash(of(event)) === WRITE) return 'machine_writes';
  return name === 'zone' && isOutside(event) ? 'machine_outside' : `new_${name}`;
}

class NoveltyKernel implements FactKernel<NoveltyState> {
  readonly id = 'novelty';
  readonly version = 2;
  readonly stages = ['principal'] as const;
  readonly falsePositives = [
    'A release or a move to another cluster: new program, routes and networks for many principals on the same day.',
    'A person on a journey, at a new computer or with a new task.',
    'A job that runs less often than the memory lasts.',
  ];
  readonly nextSteps = [
    'Look whether other principals of the same client or team show the same new values: then it is a release.',
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

  facts(own: NoveltyState, observation: Observation): readonly Fact[] {
    if (!isServed(observation) || !this.#hasLearnt(own, observation.timeMs)) return NONE;
    const news = this.#news(own, observation);
    if (news.length === 0) return NONE;
    const { event } = observation;
    const found: Fact[] = [];
    const bits = news.reduce((sum, one) => sum + one.bits, 0);
    const sides = new Set(news.map(({ dimension }) => dimension.side));
    const enough = isToolOfPerson(event, news) ? PARTS_MIN - 1 : PARTS_MIN;
    if (news.length >= enough && sides.size === 2 && bits >= this.#options.combination_bits) {
      const against = `${news.map(({ dimension: { label, of } }) => `${label} ${of(event).slice(0, 60)}`).join(', ')} (${Math.round(bits)} bits)`;
      found.push({ measure: 'combination', observed: news.length, against });
    }
    for (const { dimension, first } of news) {
      if (first) found.push({ measure: measureOf(dimension, event), observed: 1 });
    }
    return found;
  }

  learn(own: NoveltyState, observation: Observation): NoveltyState {
    if (!isServed(observation)) return own;
    const { event, timeMs } = observation;
    // After a long silence nothing that was known is worth comparing with.
    if (own.sinceMs < 0 || timeMs - own.lastMs > this.#forgetMs) {
      own.sinceMs = timeMs;
      own.uses = 0;
    }
    own.lastMs = Math.max(own.lastMs, timeMs);
    own.uses += 1;
    for (let n = 0; n < dimensions.length; n += 1) {
      const dimension = dimensions[n];
      const value = dimension?.of(event) ?? '';
      if (dimension === undefined || value === '') continue;
      own.seen[n] = withValue(own.seen[n] ?? [], textHash(value), timeMs, dimension.max);
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
    dimensions.forEach((dimension, n) => {
      const seen = own.seen[n] ?? [];
      const value = dimension.of(event);
      if (value === '') return;
      const hash = textHash(value);
      const known = seen.find((one) => one[0] === hash && one[2] >= oldest);
      if (known !== undefined && known[1] < freshS) return;
      // A dimension that was never told has no past; the first value of one is what a new source tells, no news.
      const past = seen.filter((one) => one[1] < freshS);
      if (past.length === 0) return;
      // A full list has let values go: what is missing there may be an old one.
      if (past.length >= dimension.max && dimension.max > 2) return;
      found.push({ dimension, bits: surprise(past, own.uses), first: known === undefined });
    });
    return found;
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
    };
    for (const { name, label, of, condition } of dimensions) {
      const rule: FactRule = {
        severity: 'info',
        fidelity: 'low',
        techniques: ['T1078.004'],
        unit: 'uses',
        summary: (_s, { event }) => `First ${label} ${of(event).slice(0, 120)} in ${days} days.`,
        sql: (_s, o) => figureSql(o, since(o), `${SERVED} AND ${condition(o.event)}`),
      };
      rules[`new_${name}`] = rule;
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
}

/** @param options validated by `noveltyOptionsSchema`. */
export function createNoveltyDetector(options: NoveltyOptions): Detector<FactState<NoveltyState>> {
  return createFactDetector(new NoveltyKernel(options));
}
