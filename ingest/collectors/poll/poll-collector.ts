import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { backoffMs } from '../../core/backoff.js';
import type { Component } from '../../core/component.js';
import { AppError, describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { deliver } from '../../pipeline/delivery.js';
import { parseRecords, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';
import type { PollApi, PollFeed, PollPage, PollWindow } from './poll-api.js';
import { PollHttp } from './poll-http.js';
import { type PageRecord, recordsOfPage, SeenRecords } from './page-records.js';
import { type FeedState, PollState } from './poll-state.js';
import { notAPage, SourceRefusal } from './source-fault.js';

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
    this.http = new PollHttp(api, deps.clock);
    deps.health.declare(this.part, { maxAgeMs: Math.max(60_000, config.interval_ms * 3), required: false });
  }

  async start(): Promise<void> {
    if (this.loop !== undefined || this.isStopped()) return;
    const { statePath, clock, logger } = this.deps;
    const state = await PollState.open(statePath, clock, logger);
    this.loop = this.run(state);
  }

  /** What was fetched is made durable, and its cursor kept; a request under way is given up. */
  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    this.abort.abort();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([this.loop, deadline]);
    clearTimeout(timer);
  }

  private isStopped(): boolean {
    return this.abort.signal.aborted;
  }

  private async run(state: PollState): Promise<void> {
    for (let failures = 0; !this.isStopped();) {
      const fault = await this.round(state);
      if (this.isStopped()) return;
      failures = fault === undefined ? 0 : failures + 1;
      await this.rest(fault, failures);
    }
  }

  /** Spread, so that many collectors do not come at once; longer after failures, as long as the API asks at least. */
  private async rest(fault: AppError | undefined, failures: number): Promise<void> {
    const { interval_ms: interval } = this.config;
    const unit = this.deps.random();
    const usual = interval * (0.9 + unit / 10);
    const waitMs =
      fault === undefined
        ? usual
        : Math.max(backoffMs(failures, unit, Math.min(interval, 1_000), waitMaxMs), fault.retryAfterMs ?? 0);
    try {
      await delay(waitMs, undefined, { signal: this.abort.signal });
    } catch {
      // Stopped.
    }
  }

  /** Reads every list to its end. One that fails does not keep the others; the first fault is given back. */
  private async round(state: PollState): Promise<AppError | undefined> {
    let first: AppError | undefined;
    for (const feed of this.api.feeds) {
      try {
        await this.sweep(feed, state);
      } catch (error) {
        if (this.isStopped()) return undefined;
        const fault = asFault(error);
        this.deps.onPoll?.(this.api.product, fault.code === 'TQ_SOURCE_REFUSED' ? 'refused' : 'unavailable');
        this.deps.logger.warn(
          { source: this.deps.name, feed: feed.name, code: fault.code, error: describeError(fault) },
          'an API could not be read; it is asked again where it was left',
        );
        first ??= fault;
      }
    }
    const { health, clock } = this.deps;
    if (first === undefined) health.report(this.part, clock.nowMs());
    else health.fail(this.part, describeError(first));
    return first;
  }

  private async sweep(feed: PollFeed, state: PollState): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    for (let isEnd = false; !isEnd && !this.isStopped();) {
      const at = state.get(feed.name) ?? { watermarkMs: Math.max(0, nowMs - this.config.lookback_ms) };
      const window = at.window ?? this.windowOf(feed, at, nowMs);
      const asked = at.next ?? feed.first(window);
      const page = await this.ask(feed, asked, window, at);
      if (page !== 'cursor refused' && page.next === asked && page.records.length > 0)
        throw notAPage(this.api.product, 'it names itself as the next one');
      if (page === 'cursor refused') {
        await state.set(feed.name, { watermarkMs: at.watermarkMs });
        continue;
      }
      await this.take(feed, page, window);
      await state.set(feed.name, advance(feed, at, window, asked, page, nowMs));
      isEnd = page.next === undefined || (feed.paging === 'cursor' && page.records.length === 0);
      if (feed.paging === 'windows') isEnd &&= window.toMs >= nowMs;
      this.deps.onPoll?.(this.api.product, 'ok');
    }
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
    at: FeedState,
  ): Promise<PollPage | 'cursor refused'> {
    try {
      return feed.read(await this.http.get(asked, this.abort.signal), asked, window);
    } catch (error) {
      const isCursor = error instanceof SourceRefusal && [400, 404, 410].includes(error.status);
      if (!isCursor || at.next === undefined) throw error;
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

function asFault(error: unknown): AppError {
  if (error instanceof AppError) return error;
  // The words of other errors may quote what was asked or answered.
  const name = error instanceof Error ? error.name : typeof error;
  return new AppError('TQ_INTERNAL', `A page could not be taken (${name}).`, { retryable: true, cause: error });
}
