import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { backoffMs } from '../../core/backoff.js';
import { endsWithin } from '../../core/deadline.js';
import type { Component } from '../../core/component.js';
import { type AppError, describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { sha256Hex } from '../../core/sha256.js';
import { shownName } from '../../event/redact-text.js';
import { deliver } from '../../pipeline/delivery.js';
import { parseRecords, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';
import type { PollApi, PollFeed, PollPage, PollWindow } from './poll-api.js';
import { PollHttp } from './poll-http.js';
import { type PageRecord, recordsOfPage, SeenRecords } from './page-records.js';
import { type FeedState, isKeepable, PollState } from './poll-state.js';
import { asFault, notAPage, SourceBusy, SourceRefusal } from './source-fault.js';

export const pollConfigSchema = z.strictObject({
  interval_ms: z.int().min(100).max(86_400_000).default(60_000),
  lookback_ms: z.int().min(0).max(180 * 86_400_000).default(3_600_000).describe('Where a first start begins.'),
  overlap_ms: z.int().min(1_000).max(7 * 86_400_000).optional().describe('How late records may be; default: by product.'),
  record_bytes_max: z.int().min(1_024).max(67_108_864).default(1_048_576).describe('Longer records become dead letters.'),
}); // prettier-ignore

export type PollConfig = z.output<typeof pollConfigSchema>;

export type PollOutcome = 'ok' | 'unavailable' | 'refused';

export interface PollDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly health: HealthRegistry;
  /** Name of the source: of its part in the health and of its cursors. */
  readonly name: string;
  /** File of the cursors. */
  readonly statePath: string;
  readonly onPoll?: (product: string, outcome: PollOutcome) => void;
}

const waitMaxMs = 900_000;

/** When one list is asked next, and what it failed by since it was last read. */
interface Turn {
  readonly feed: PollFeed;
  /** On the monotonic clock of this process, milliseconds. */
  dueMs: number;
  failures: number;
  fault: AppError | undefined;
}

/**
 * Reads a product's API page by page. A cursor moves only after the page is durable, so a crash costs a repetition, which
 * makes no second event; it never skips. Where the API is away or has enough of us, nothing is lost but time.
 */
export function createPollCollector(config: PollConfig, api: PollApi, deps: PollDeps): Component {
  return new PollCollector(config, api, deps);
}

class PollCollector implements Component {
  readonly name: string;
  private readonly config: PollConfig;
  private readonly api: PollApi;
  private readonly deps: PollDeps;
  private readonly http: PollHttp;
  private readonly part: string;
  private readonly turns: readonly Turn[];
  private readonly seen = new Map<string, SeenRecords>();
  private readonly abort = new AbortController();
  private loop: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(config: PollConfig, api: PollApi, deps: PollDeps) {
    this.config = config;
    this.api = api;
    this.deps = deps;
    this.part = `poll:${deps.name}`;
    this.name = this.part;
    this.turns = api.feeds.map((feed) => ({ feed, dueMs: 0, failures: 0, fault: undefined }));
    this.http = new PollHttp(api, deps.clock);
    deps.health.declare(this.part, { maxAgeMs: Math.max(60_000, config.interval_ms * 3), required: false });
  }

  async start(): Promise<void> {
    if (this.loop !== undefined || this.isStopped()) return;
    const { statePath, clock, logger } = this.deps;
    const state = await PollState.open(statePath, clock, logger, (text) => this.isSecret(text));
    this.loop = this.run(state);
  }

  /** What was fetched is made durable, and its cursor kept; a request under way is given up. */
  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    this.abort.abort();
    await endsWithin(this.loop, deadlineMs);
  }

  private isStopped(): boolean {
    return this.abort.signal.aborted;
  }

  private async run(state: PollState): Promise<void> {
    while (!this.isStopped()) {
      await this.round(state);
      if (this.isStopped()) return;
      this.tellHealth();
      const nextMs = Math.min(...this.turns.map(({ dueMs }) => dueMs), performance.now() + waitMaxMs);
      const restMs = Math.max(1, nextMs - performance.now());
      await delay(restMs, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
  }

  /** Reads every list that is due to its end. One that fails keeps the others only when the API has enough of us. */
  private async round(state: PollState): Promise<void> {
    const began = performance.now();
    for (const turn of this.turns) {
      if (turn.dueMs > began) continue;
      try {
        await this.sweep(turn, state);
        turn.failures = 0;
        turn.fault = undefined;
        // Spread, so that many collectors do not come at once.
        turn.dueMs = performance.now() + this.config.interval_ms * (0.9 + this.deps.random() / 10);
      } catch (error) {
        if (this.isStopped()) return;
        if (this.postpone(turn, asFault(error))) return;
      }
    }
  }

  /** Longer after each failure, as long as the API asks at least. Says whether the other lists wait too. */
  private postpone(turn: Turn, fault: AppError): boolean {
    const { interval_ms: interval } = this.config;
    this.deps.onPoll?.(this.api.product, fault.code === 'TQ_SOURCE_REFUSED' ? 'refused' : 'unavailable');
    this.deps.logger.warn(
      { source: this.deps.name, feed: turn.feed.name, code: fault.code, error: describeError(fault) },
      'an API could not be read; it is asked again where it was left',
    );
    turn.failures += 1;
    turn.fault = fault;
    const waitMs = backoffMs(turn.failures, this.deps.random(), Math.min(interval, 1_000), waitMaxMs);
    turn.dueMs = performance.now() + Math.max(waitMs, fault.retryAfterMs ?? 0);
    const isForAll = fault instanceof SourceBusy;
    if (isForAll) for (const each of this.turns) each.dueMs = Math.max(each.dueMs, turn.dueMs);
    return isForAll;
  }

  /** Well only when no list is failing: one that is read must not hide one that is not. */
  private tellHealth(): void {
    const { health, clock } = this.deps;
    const fault = this.turns.find((turn) => turn.fault !== undefined)?.fault;
    if (fault === undefined) health.report(this.part, clock.nowMs());
    else health.fail(this.part, describeError(fault));
  }

  private async sweep(turn: Turn, state: PollState): Promise<void> {
    const { feed } = turn;
    const nowMs = this.deps.clock.nowMs();
    const api = this.digestOf(feed);
    let isCursorLost = false;
    for (let isEnd = false; !isEnd && !this.isStopped();) {
      const at = this.placeOf(state.get(feed.name), api, nowMs);
      const window = at.window ?? this.windowOf(feed, at, nowMs);
      const asked = at.next ?? feed.first(window);
      const page = await this.ask(feed, asked, window, { ...at, isCursorLost });
      if (page === 'cursor refused') {
        isCursorLost = true;
        await state.set(feed.name, { watermarkMs: at.watermarkMs, api });
        continue;
      }
      if (page.next === asked && page.records.length > 0)
        throw notAPage(this.api.product, 'it names itself as the next one');
      await this.take(feed, page, window);
      const place = advance(feed, at, window, asked, page, nowMs);
      // A cursor that cannot be kept is as good as refused.
      const isKept = isKeepable(place.next);
      await state.set(feed.name, isKept ? { ...place, api } : { watermarkMs: place.watermarkMs, api });
      if (!isKept && isCursorLost) throw notAPage(this.api.product, 'its cursor is too long');
      isCursorLost ||= !isKept;
      isEnd = page.next === undefined || (feed.paging === 'cursor' && page.records.length === 0);
      if (feed.paging === 'windows') isEnd &&= window.toMs >= nowMs;
      this.deps.onPoll?.(this.api.product, 'ok');
      turn.fault = undefined;
      this.tellHealth();
    }
  }

  /** Where a list was left; a cursor of another address, owner or realm is worth nothing here, and may lead elsewhere. */
  private placeOf(kept: FeedState | undefined, api: string, nowMs: number): FeedState {
    const firstMs = Math.max(0, nowMs - this.config.lookback_ms);
    if (kept === undefined) return { watermarkMs: firstMs };
    // Of another list nothing was read yet, so at least what a first start reads.
    return kept.api === api ? kept : { watermarkMs: Math.min(kept.watermarkMs, firstMs) };
  }

  private digestOf(feed: PollFeed): string {
    const { origin, owner } = this.api;
    const list = `${origin} ${feed.first({ fromMs: 0, toMs: 0 })}`;
    return sha256Hex(owner === undefined ? list : `${owner} ${list}`).slice(0, 16);
  }

  /** Cursors are random by nature, so only known formats and the credential that was shown are looked for. */
  private isSecret(cursor: string): boolean {
    return this.api.credentials.isIn(cursor) || shownName(cursor, Infinity) !== cursor;
  }

  private windowOf(feed: PollFeed, { watermarkMs }: FeedState, nowMs: number): PollWindow {
    const overlapMs = this.config.overlap_ms ?? this.api.overlapMs;
    return {
      fromMs: Math.max(0, watermarkMs - overlapMs),
      toMs: Math.max(Math.min(nowMs, watermarkMs + (feed.windowMs ?? Infinity)), watermarkMs),
    };
  }

  private async ask(
    feed: PollFeed,
    asked: string,
    window: PollWindow,
    at: FeedState & { readonly isCursorLost: boolean },
  ): Promise<PollPage | 'cursor refused'> {
    try {
      return feed.read(await this.http.get(asked, this.abort.signal), asked, window);
    } catch (error) {
      const isCursor = error instanceof SourceRefusal && [400, 404, 410].includes(error.status);
      // A second one in one reading would go round without end: it is a fault like others, and waited for.
      if (!isCursor || at.next === undefined || at.isCursorLost) throw error;
      this.deps.logger.warn(
        { source: this.deps.name, feed: feed.name, from: new Date(window.fromMs).toISOString() },
        'the API no longer takes the cursor; it is read again by time, and nothing is counted twice',
      );
      return 'cursor refused';
    }
  }

  /** Resolves when the page is durable. */
  private async take(feed: PollFeed, page: PollPage, window: PollWindow): Promise<void> {
    const { binding, onCounts } = this.deps;
    const seen = this.seen.get(feed.name) ?? new SeenRecords();
    this.seen.set(feed.name, seen);
    const all = recordsOfPage(page.records, feed, this.config.record_bytes_max);
    // Pages may begin before their window; what happened there was read by the windows before.
    const isNew = ({ key, timeMs = Infinity }: PageRecord): boolean =>
      feed.paging === 'cursor' || (timeMs >= window.fromMs && !seen.has(key));
    const fresh = all.filter(isNew);
    if (fresh.length > 0) {
      const batch = parseRecords(binding, fresh.map(({ record }) => record), 'poll', this.deps); // prettier-ignore
      await deliver(batch, this.deps, { signal: this.abort.signal });
      onCounts?.(binding.source.product, binding.instance, batch.counts);
    }
    if (feed.paging === 'windows') seen.add(fresh, window.fromMs);
  }
}

/** Where the list stands when the page is durable. */
function advance(
  feed: PollFeed,
  at: FeedState,
  window: PollWindow,
  asked: string,
  page: PollPage,
  nowMs: number,
): FeedState {
  if (feed.paging === 'windows') {
    return page.next === undefined
      ? { watermarkMs: window.toMs }
      : { watermarkMs: at.watermarkMs, next: page.next, window: { fromMs: window.fromMs, toMs: window.toMs } };
  }
  let watermarkMs = at.watermarkMs;
  for (const record of page.records) watermarkMs = Math.max(watermarkMs, feed.timeOf(record) ?? 0);
  const next = page.next ?? (at.next === undefined ? undefined : asked);
  // A record from the future must not move what is asked for when the cursor is lost.
  return { watermarkMs: Math.min(watermarkMs, nowMs), ...(next === undefined ? {} : { next }) };
}
