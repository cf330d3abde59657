import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { backoffMs } from '../../core/backoff.js';
import type { Component } from '../../core/component.js';
import { AppError, describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { PollState } from '../poll/poll-state.js';
import { noticedObjects } from './notices.js';
import { readObject, type ObjectReaderDeps } from './object-reader.js';
import type { NoticeQueue, ObjectNotice, ObjectStore } from './object-store.js';

export const objectConfigSchema = z.strictObject({
  prefix: z.string().max(1_024).default(''),
  interval_ms: z.int().min(100).max(86_400_000).default(300_000).describe('Between two listings.'),
  lookback_ms: z.int().min(0).default(7 * 86_400_000).describe('Objects put there before are left out at a first start.'),
}); // prettier-ignore

export type ObjectConfig = z.output<typeof objectConfigSchema>;

export interface ObjectDeps extends ObjectReaderDeps {
  readonly health: HealthRegistry;
  /** Name of the source: of its part in the health and of its cursor. */
  readonly name: string;
  /** File of the cursor. */
  readonly statePath: string;
}

/** Objects whose upload took long carry the time of its beginning. */
const overlapMs = 3_600_000;
const holdEveryMs = 120_000;
const waitMaxMs = 300_000;
/** A queue is waited at, not asked again and again; this is for one that does not wait. */
const queueRestMs = 100;
const feed = 'objects';

/** Reads the objects of a bucket: those that a queue tells of, else those that a listing shows to be new. */
export function createObjectCollector(
  config: ObjectConfig,
  store: ObjectStore,
  queue: NoticeQueue | undefined,
  deps: ObjectDeps,
): Component {
  return new ObjectCollector(config, store, queue, deps);
}

class ObjectCollector implements Component {
  readonly name: string;
  private readonly config: ObjectConfig;
  private readonly store: ObjectStore;
  private readonly queue: NoticeQueue | undefined;
  private readonly deps: ObjectDeps;
  private readonly abort = new AbortController();
  /** Objects that the overlap of two listings shows again. */
  private readonly seen = new Map<string, number>();
  private loop: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(config: ObjectConfig, store: ObjectStore, queue: NoticeQueue | undefined, deps: ObjectDeps) {
    this.config = config;
    this.store = store;
    this.queue = queue;
    this.deps = deps;
    this.name = `s3:${deps.name}`;
    deps.health.declare(this.name, { maxAgeMs: Math.max(120_000, config.interval_ms * 3), required: false });
  }

  async start(): Promise<void> {
    if (this.loop !== undefined || this.isStopped()) return;
    const { statePath, clock, logger } = this.deps;
    const state = await PollState.open(statePath, clock, logger);
    this.loop = this.run(state);
  }

  /** The piece under way is made durable; an object that is not read to its end is read on after the next start. */
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
    await this.deps.checkpoints.flush();
  }

  private isStopped(): boolean {
    return this.abort.signal.aborted;
  }

  private async run(state: PollState): Promise<void> {
    for (let failures = 0; !this.isStopped();) {
      let waitMs = 0;
      try {
        if (this.queue === undefined) await this.listing(state);
        else await this.notices(this.queue);
        failures = 0;
        waitMs = this.queue === undefined ? this.config.interval_ms * (0.9 + this.deps.random() / 10) : queueRestMs;
        this.deps.health.report(this.name, this.deps.clock.nowMs());
      } catch (error) {
        if (this.isStopped()) return;
        failures += 1;
        waitMs = backoffMs(failures, this.deps.random(), Math.min(this.config.interval_ms, 1_000), waitMaxMs);
        // The words of other errors may quote what was read.
        const said =
          error instanceof AppError ? describeError(error) : error instanceof Error ? error.name : typeof error;
        this.deps.health.fail(this.name, said);
        this.deps.logger.warn(
          { source: this.deps.name, error: said },
          'a bucket could not be read; it is read on where it was left',
        );
      }
      await delay(waitMs, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
  }

  /** One listing, object by object; where it stands is kept after each. */
  private async listing(state: PollState): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    const at = state.get(feed) ?? { watermarkMs: Math.max(0, nowMs - this.config.lookback_ms) };
    const window = at.window ?? { fromMs: Math.max(0, at.watermarkMs - overlapMs), toMs: nowMs };
    let after = at.next;
    for (let isLast = false; !isLast;) {
      const page = await this.store.list(this.config.prefix, after, this.abort.signal);
      for (const { key, bytes, modifiedMs } of page.objects) {
        const version = `${key} ${String(modifiedMs)}`;
        if (modifiedMs >= window.fromMs && bytes > 0 && !this.seen.has(version)) {
          await readObject(this.store, key, this.deps, this.abort.signal);
          this.seen.set(version, modifiedMs);
          await this.keep(state, { watermarkMs: at.watermarkMs, next: key, window });
        }
        after = key;
      }
      ({ isLast } = page);
    }
    await this.keep(state, { watermarkMs: window.toMs });
    for (const [version, modifiedMs] of this.seen) if (modifiedMs < window.toMs - overlapMs) this.seen.delete(version);
  }

  /** How far each object was read is on disk before the listing moves on. */
  private async keep(state: PollState, at: Parameters<PollState['set']>[1]): Promise<void> {
    await this.deps.checkpoints.flush();
    await state.set(feed, at);
  }

  private async notices(queue: NoticeQueue): Promise<void> {
    for (const notice of await queue.receive(this.abort.signal)) {
      if (this.isStopped()) return;
      const hold = setInterval(() => {
        queue.hold(notice.id).catch(() => undefined);
      }, holdEveryMs);
      try {
        if (await this.read(notice)) await queue.done(notice.id);
      } finally {
        clearInterval(hold);
      }
    }
  }

  /** Whether the message is done with; what it is not is left to the queue, which has a place for such messages. */
  private async read({ body }: ObjectNotice): Promise<boolean> {
    const objects = noticedObjects(body);
    const own = objects?.every(({ bucket }) => bucket === this.store.bucket) === true;
    if (objects === undefined || !own) {
      this.deps.logger.warn(
        { source: this.deps.name },
        'a message of the queue tells of no object of this bucket; it is left there, so give the queue a redrive policy',
      );
      return false;
    }
    for (const { key } of objects)
      if (key.startsWith(this.config.prefix)) await readObject(this.store, key, this.deps, this.abort.signal);
    await this.deps.checkpoints.flush();
    return true;
  }
}
