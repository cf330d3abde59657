import type { z } from 'zod';
import type { Clock } from '../../core/clock.js';
import { type MinuteLines, minuteBatches } from '../minute-batches.js';

import type { Derivation, Store } from '../store.js';
import { rollUpHours } from './edge-hours.js';
import { evaluateHops } from './evaluate-hops.js';
import { BUCKET_MS, HOUR_MS, JOIN_MS, MINUTE_MS } from './event-window.js';
import { bucketLines, heldLines, staleHours, staleMinutes } from './hop-queries.js';
import type { MarkableHours, RolledHours } from './rolled-hours.js';
import { markTokenContexts, rollUpTokenContexts } from './token-contexts.js';
import { markTokenHours, rollUpTokenHours } from './token-hours.js';

/** Minutes looked at in one pass; more are left for the next. */
const PASS_MINUTES = 2000;
/** Minutes from the first to the last of one statement. */
const STATEMENT_MINUTES = 1440;
/** Lines that one statement joins; more are parted by request, so that memory stays bounded. */
const STATEMENT_LINES = 100_000;
/** Minutes without news between two that are evaluated together: a statement costs more than to read a quiet time again. */
const GAP_MINUTES = 60;
/** Where more lines than these are read for nothing, a gap of one minute parts the statements. */
const GAP_LINES = 20_000;
/** Clocks of the store's nodes, and inserts that are seen late, differ by less. */
const TOUCHED_SLACK_S = 120;
/** Hours of one statement, and of one read as long as they lie together. */
const ROLL_HOURS = 24;
const ROLL_SPAN_HOURS = 48;
/**
 * Lines of hours that are made by one statement, unless one hour alone has more. Their rows by token, and as many that replace others, go in
 * at once; of more they may not, and the mark that the hours were made must come after them.
 */
const ROLL_LINES = 100_000;
/** Hours that were left by a program before this one and are made in a pass, beside those that the pass concerns. */
const BACKLOG_HOURS = 168;
/** A worker before this one, perhaps of an older version, has ended its last pass by then: what it left is asked for again. */
const HANDED_OVER_MS = 600_000;
/** Beyond every time that the store can hold, minutes since the epoch. */
const MINUTES = { from_minute: -40_000_000, to_minute: 180_000_000 };

interface StaleMinute extends MinuteLines {
  readonly evaluated: number;
}

export interface HopPass {
  /** Minutes evaluated anew. */
  readonly minutes: number;
  /** Lines joined for them, those around them included. */
  readonly lines: number;
  /** Whether a minute was among them to which lines still come by the clock. */
  readonly open: boolean;
  /** Whether minutes were left for the next pass. */
  readonly more: boolean;
}

type StaleHour = z.output<typeof staleHours.row>;

/**
 * Keeps `hops`, `token_hours`, `token_contexts` and `edge_hours` level with `token_events`: finds the minutes to which lines
 * came since they were evaluated, and evaluates them anew from all their lines. An evaluation follows from the stored events alone and replaces the one before
 * it, so it may be killed anywhere, repeated, and done by two at once.
 */
export class HopEvaluator {
  readonly #store: Pick<Store, 'querier' | 'writer'>;
  readonly #clock: Clock;
  /** Hours whose minutes were evaluated and whose roll-ups were not all made yet. */
  readonly #hours = new Set<number>();
  /** The same of programs before this one, oldest first. */
  #backlog: readonly number[] = [];
  /** When that is asked for again; it is asked for twice. */
  #askAtMs = -Infinity;
  /** When the last pass began that looked at all that was new. */
  #sweptMs: number | null = null;

  constructor(store: Pick<Store, 'querier' | 'writer'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * One pass over what is new, then the roll-up of the hours concerned.
   *
   * @param withOpen whether minutes are evaluated to which lines still come, by the clock.
   * @throws what the store throws; the next pass does again what was not done.
   */
  async pass(withOpen = true): Promise<HopPass> {
    const startedMs = this.#clock.nowMs();
    const stale = await this.#stale(startedMs);
    // By the clock only when is decided; what an evaluation says follows from the events.
    const isOpen = ({ minute }: StaleMinute): boolean => (minute + 1) * MINUTE_MS + JOIN_MS > startedMs;
    const due = withOpen ? stale : stale.filter((one) => !isOpen(one));
    const lines = await this.#evaluateEach(batches(due, GAP_MINUTES));
    await this.#rollUpEach(startedMs);
    const full = stale.length === PASS_MINUTES;
    if (!full && due.length === stale.length) this.#sweptMs = startedMs;
    return { minutes: due.length, lines, open: due.some(isOpen), more: full || this.#backlog.length > 0 };
  }

  #stale(nowMs: number): Promise<readonly StaleMinute[]> {
    const touched = this.#sweptMs === null ? 0 : Math.ceil(Math.max(0, nowMs - this.#sweptMs) / 1000) + TOUCHED_SLACK_S;
    return this.#store.querier.run(staleMinutes, { ...MINUTES, touched_s: touched, rows: PASS_MINUTES });
  }

  /** @returns lines that were joined. */
  async #evaluate(batch: readonly StaleMinute[]): Promise<number> {
    const first = batch[0];
    const last = batch[batch.length - 1];
    if (first === undefined || last === undefined) return 0;
    const pieces = [...batches(batch, 1)];
    if (pieces.length > 1 && (await this.#readsForNothing(batch, first, last))) return this.#evaluateEach(pieces);
    const window = { from_ms: first.minute * MINUTE_MS - JOIN_MS, to_ms: (last.minute + 1) * MINUTE_MS + JOIN_MS };
    // Counted before they are read: what is written then holds at least the lines that its version tells.
    const counts = await this.#store.querier.run(bucketLines, window);
    const byBucket = new Map(counts.map(({ bucket, lines }) => [bucket, lines]));
    const lines = counts.reduce((sum, one) => sum + one.lines, 0);
    // A version that is no higher would not count: lines let go by retention are not evaluated away.
    const due = batch
      .map(({ minute, evaluated }) => ({ minute, evaluated, version: linesAround(byBucket, minute) }))
      .filter(({ version, evaluated }) => version > evaluated);
    if (due.length === 0) return 0;
    const shards = Math.min(255, Math.ceil(lines / STATEMENT_LINES));
    for (let shard = 0; shard < shards; shard += 1) {
      // The last one makes the minute count as evaluated.
      const behind = shard < shards - 1 ? 1 : 0;
      await this.#store.writer.derive(evaluateHops, {
        ...window,
        minutes: due.map(({ minute }) => minute),
        versions: due.map(({ version }) => version - behind),
        shards,
        shard,
      });
    }
    for (const { minute } of due) this.#hours.add(Math.floor(minute / 60));
    return lines;
  }

  async #readsForNothing(batch: readonly StaleMinute[], first: StaleMinute, last: StaleMinute): Promise<boolean> {
    const [from, to] = bucketsAround(first.minute, last.minute);
    const [held] = await this.#store.querier.run(heldLines, { from_bucket: from, to_bucket: to });
    return (held?.lines ?? 0) > GAP_LINES + batch.reduce((sum, one) => sum + one.lines, 0);
  }

  async #evaluateEach(pieces: Iterable<readonly StaleMinute[]>): Promise<number> {
    let lines = 0;
    for (const batch of pieces) lines += await this.#evaluate(batch);
    return lines;
  }

  /** Roll-ups of the hours that were evaluated, then of the newest of those that were left behind. */
  async #rollUpEach(nowMs: number): Promise<void> {
    if (nowMs >= this.#askAtMs) {
      this.#backlog = (await this.#store.querier.run(staleHours, { hours: [] })).map(({ hour }) => hour);
      this.#askAtMs = this.#askAtMs === -Infinity ? nowMs + HANDED_OVER_MS : Infinity;
    }
    const isOver = (hour: number): boolean => (hour + 1) * HOUR_MS + JOIN_MS <= nowMs;
    await this.#rollUp([...this.#hours], isOver);
    for (const hour of this.#hours) if (isOver(hour)) this.#hours.delete(hour);
    const rest = Math.max(0, this.#backlog.length - BACKLOG_HOURS);
    const next = this.#backlog.slice(rest);
    await this.#rollUp(next, isOver);
    for (const hour of next) if (!isOver(hour)) this.#hours.add(hour);
    this.#backlog = this.#backlog.slice(0, rest);
  }

  /** @param isOver whether no more lines are to come to an hour, by the clock; others would make its contexts again and again. */
  async #rollUp(hours: readonly number[], isOver: (hour: number) => boolean): Promise<void> {
    if (hours.length === 0) return;
    const stale = await this.#store.querier.run(staleHours, { hours: [...hours] });
    const unsummed = stale.filter(({ version, summed }) => version > summed);
    const bare = stale.filter(({ hour, version, contexts }) => version > contexts && isOver(hour));
    for (const some of together(unsummed)) {
      await this.#deriveByToken(rollUpTokenHours, markTokenHours, some);
      await this.#store.writer.derive(rollUpHours, rolled(some));
    }
    for (const some of together(bare)) await this.#deriveByToken(rollUpTokenContexts, markTokenContexts, some);
  }

  async #deriveByToken(
    rows: Derivation<MarkableHours>,
    mark: Derivation<Pick<RolledHours, 'hours' | 'versions'>>,
    stale: readonly StaleHour[],
  ): Promise<void> {
    const { writer } = this.#store;
    const hours = rolled(stale);
    const atOnce = linesOf(stale) <= ROLL_LINES;
    await writer.derive(rows, { ...hours, marked: atOnce ? 1 : 0 });
    if (!atOnce) await writer.derive(mark, { hours: hours.hours, versions: hours.versions });
  }
}

/** A version counts the lines that its hour was made from. */
const linesOf = (hours: readonly StaleHour[]): number => hours.reduce((sum, { version }) => sum + version, 0);

/** Hours that one statement makes: few, close together, and of few lines. */
function* together(stale: readonly StaleHour[]): Generator<readonly StaleHour[]> {
  let some: StaleHour[] = [];
  for (const one of stale) {
    const span = one.hour - (some[0]?.hour ?? one.hour);
    const fits = some.length < ROLL_HOURS && span <= ROLL_SPAN_HOURS && linesOf(some) + one.version <= ROLL_LINES;
    if (some.length > 0 && !fits) {
      yield some;
      some = [];
    }
    some.push(one);
  }
  if (some.length > 0) yield some;
}

/** Of hours in their order. */
const rolled = (some: readonly StaleHour[]): RolledHours => ({
  hours: some.map(({ hour }) => hour),
  versions: some.map(({ version }) => version),
  from_minute: (some[0]?.hour ?? 0) * 60,
  to_minute: ((some[some.length - 1]?.hour ?? 0) + 1) * 60,
});

/** Buckets, the last left out, that an evaluation from one minute to another reads. */
const bucketsAround = (first: number, last: number): readonly [from: number, to: number] => [
  (first * MINUTE_MS - JOIN_MS) / BUCKET_MS,
  ((last + 1) * MINUTE_MS + JOIN_MS) / BUCKET_MS,
];

/** Minutes that lie together but for gaps of at most so many, as many as one statement takes. */
const batches = (stale: readonly StaleMinute[], gapMinutes: number): Generator<readonly StaleMinute[]> =>
  minuteBatches(stale, { stepMax: gapMinutes + 1, linesMax: STATEMENT_LINES, minutesMax: STATEMENT_MINUTES });

/** Lines that an evaluation of the minute reads. */
function linesAround(byBucket: ReadonlyMap<number, number>, minute: number): number {
  const [from, to] = bucketsAround(minute, minute);
  let sum = 0;
  for (let bucket = from; bucket < to; bucket += 1) sum += byBucket.get(bucket) ?? 0;
  return sum;
}
