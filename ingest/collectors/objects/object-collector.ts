import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { backoffMs } from '../../core/backoff.js';
import { endsWithin } from '../../core/deadline.js';
import type { Component } from '../../core/component.js';
import { AppError, describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { sha256Hex } from '../../core/sha256.js';
import { shownPlace } from '../../event/redact-text.js';
import { type FeedState, PollState, refusedMax } from '../poll/poll-state.js';
import { SourceRefusal } from '../poll/source-fault.js';
import { Lease } from '../lease.js';
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
/** Objects that were refused and are tried again with each listing, at most. */
const triesMax = 20;

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
  /** Keys of objects that were refused, the next to be tried first. */
  private readonly refused = new Set<string>();
  /** Refused objects that keep the listing at its place; the log was told of them. */
  private held = new Set<string>();
  /** Those of the listing before. */
  private heldBefore: ReadonlySet<string> = new Set();
  /** Of what is listed. */
  private readonly digest: string;
  private loop: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(config: ObjectConfig, store: ObjectStore, queue: NoticeQueue | undefined, deps: ObjectDeps) {
    this.config = config;
    this.store = store;
    this.queue = queue;
    this.deps = deps;
    this.digest = sha256Hex(`${store.place} ${config.prefix}`).slice(0, 16);
    this.name = `s3:${deps.name}`;
    deps.health.declare(this.name, { maxAgeMs: Math.max(120_000, config.interval_ms * 3), required: false });
  }

  async start(): Promise<void> {
    if (this.loop !== undefined || this.isStopped()) return;
    const { statePath, clock, logger } = this.deps;
    const state = await PollState.open(statePath, clock, logger, holdsSecret);
    for (const key of this.placeOf(state.get(feed)).refused ?? []) this.refused.add(key);
    this.loop = this.run(state);
  }

  /** The piece under way is made durable; an object that is not read to its end is read on after the next start. */
  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    this.abort.abort();
    await endsWithin(this.loop, deadlineMs);
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
        this.tellHealth();
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
    const at = this.placeOf(state.get(feed));
    await this.tryRefused();
    const window = at.window ?? { fromMs: Math.max(0, at.watermarkMs - overlapMs), toMs: this.deps.clock.nowMs() };
    let after = at.next;
    // Lowered by what is held, also where the listing is left and taken up again.
    let endMs = window.toMs;
    if (after === undefined) {
      this.heldBefore = this.held;
      this.held = new Set();
    }
    for (let isLast = false; !isLast;) {
      const page = await this.store.list(this.config.prefix, after, this.abort.signal);
      for (const { key, bytes, modifiedMs } of page.objects) {
        const version = `${key} ${String(modifiedMs)}`;
        if (modifiedMs >= window.fromMs && bytes > 0 && !this.seen.has(version)) {
          if (await this.readOrPass(key, version)) this.seen.set(version, modifiedMs);
          else if (this.isPastWaiting(modifiedMs)) this.giveUp(key, version, modifiedMs);
          else {
            this.held.add(version);
            endMs = Math.min(endMs, modifiedMs);
          }
          await this.keep(state, { watermarkMs: at.watermarkMs, next: key, window: { ...window, toMs: endMs } });
        }
        after = key;
      }
      ({ isLast } = page);
    }
    await this.keep(state, { watermarkMs: endMs });
    for (const [version, modifiedMs] of this.seen) if (modifiedMs < endMs - overlapMs) this.seen.delete(version);
  }

  /** Whether an object that keeps the listing at its place has done so for as long as a first start looks back. */
  private isPastWaiting(modifiedMs: number): boolean {
    return modifiedMs < this.deps.clock.nowMs() - Math.max(this.config.lookback_ms, overlapMs);
  }

  /** The listing moves on without an object that is found again by its place alone. */
  private giveUp(key: string, version: string, modifiedMs: number): void {
    this.seen.set(version, modifiedMs);
    this.deps.logger.error(
      { source: this.deps.name, key: shownPlace(key) },
      'an object was refused for as long as the look-back and is given up; when it may be read, replay it from a file',
    );
  }

  /** Where the listing was left; that of another bucket or prefix says no more than since when objects were read. */
  private placeOf(kept: FeedState | undefined): FeedState {
    const firstMs = Math.max(0, this.deps.clock.nowMs() - this.config.lookback_ms);
    if (kept === undefined) return { watermarkMs: firstMs };
    // Without a digest it is of an earlier version, which knew one bucket.
    if (kept.api === undefined || kept.api === this.digest) return kept;
    return { watermarkMs: Math.min(kept.watermarkMs, firstMs) };
  }

  /** How far each object was read is on disk before the listing moves on. */
  private async keep(state: PollState, at: Parameters<PollState['set']>[1]): Promise<void> {
    await this.deps.checkpoints.flush();
    const refused = this.refused.size === 0 ? {} : { refused: [...this.refused] };
    await state.set(feed, { ...at, api: this.digest, ...refused });
  }

  /**
   * One object that may not be read (encrypted with a foreign key, archived) does not keep the others. Where many are
   * refused, something else is wrong, and the listing stops rather than forget any.
   *
   * @param version names the object as it was listed.
   * @returns false when the object is refused and its key may not be kept on disk: the next listing has to find it again.
   */
  private async readOrPass(key: string, version?: string): Promise<boolean> {
    try {
      await readObject(this.store, key, this.deps, this.abort.signal);
      this.refused.delete(key);
    } catch (error) {
      if (!isRefused(error)) throw error;
      const isGone = error.status === 404;
      const isKnown = this.refused.delete(key) || (version !== undefined && this.heldBefore.has(version));
      if (isGone) return true;
      if (!isKnown) {
        if (this.refused.size + this.held.size >= refusedMax) throw error;
        this.deps.logger.error(
          { source: this.deps.name, key: shownPlace(key), error: describeError(error) },
          'an object is refused; it is passed over, and tried again with later listings',
        );
      }
      if (holdsSecret(key)) return false;
      this.refused.add(key);
    }
    return true;
  }

  private async tryRefused(): Promise<void> {
    for (const key of [...this.refused].slice(0, triesMax)) await this.readOrPass(key);
  }

  private tellHealth(): void {
    const { health, clock } = this.deps;
    const count = this.refused.size + this.held.size;
    if (count === 0) health.report(this.name, clock.nowMs());
    else health.fail(this.name, `${String(count)} objects of s3://${this.store.bucket} are refused and were passed over; the log names them. Check that the role may read and decrypt them, and that they are not archived.`);
  } // prettier-ignore

  /** Messages that wait behind a long object are held too, or others would read them meanwhile. */
  private async notices(queue: NoticeQueue): Promise<void> {
    const batch = await queue.receive(this.abort.signal);
    const ids = batch.map(({ id }) => id);
    const lease = new Lease(ids, (open) => queue.hold(open), holdEveryMs);
    const refusals: SourceRefusal[] = [];
    try {
      for (const notice of batch) {
        if (this.isStopped()) return;
        await this.heed(queue, notice, refusals);
        lease.done([notice.id]);
      }
    } finally {
      lease.end();
    }
    // Where all are refused the role is what is wrong, and the queue's count of tries is spared.
    if (refusals.length === batch.length && refusals[0] !== undefined) throw refusals[0];
  }

  private async heed(queue: NoticeQueue, notice: ObjectNotice, refusals: SourceRefusal[]): Promise<void> {
    let isDone = false;
    try {
      isDone = await this.read(notice, queue.redrive);
    } catch (error) {
      if (!isRefused(error)) throw error;
      refusals.push(error);
      this.deps.logger.error(
        { source: this.deps.name, error: describeError(error) },
        `an object that a message tells of is refused; the message is left there, so ${queue.redrive}`,
      );
    }
    if (isDone) await queue.done(notice.id);
  }

  /** Whether the message is done with; what it is not is left to the queue, which has a place for such messages. */
  private async read({ objects }: ObjectNotice, redrive: string): Promise<boolean> {
    const own = objects?.every(({ bucket }) => bucket === this.store.bucket) === true;
    if (objects === undefined || !own) {
      this.deps.logger.warn(
        { source: this.deps.name },
        `a message of the queue tells of no object of this bucket; it is left there, so ${redrive}`,
      );
      return false;
    }
    for (const { key } of objects)
      if (key.startsWith(this.config.prefix)) await readObject(this.store, key, this.deps, this.abort.signal);
    await this.deps.checkpoints.flush();
    return true;
  }
}

const holdsSecret = (key: string): boolean => shownPlace(key) !== key;

/** The bucket said no to this object; without credentials nothing was asked. */
const isRefused = (error: unknown): error is SourceRefusal => error instanceof SourceRefusal && error.status !== 0;
