import { backoffMs } from '../../core/backoff.js';
import { endsWithin } from '../../core/deadline.js';
import { AppError, describeError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { FETCH_BYTES, type EventLogReader, type ReaderOptions } from '../event-log.js';
import type { GroupCoordinator, GroupMember } from './group-coordinator.js';
import type { LogStorage } from './log-storage.js';

export interface ReaderDeps {
  readonly storage: () => LogStorage;
  readonly groups: GroupCoordinator;
  readonly logger: Logger;
  /** A number in [0, 1). */
  readonly random: () => number;
}

const RECORDS_MAX = 10_000;
const BACKOFF_BASE_MS = 50;
const BACKOFF_CAP_MS = 5_000;

/** One loop a partition: calls for a partition cannot overlap, and partitions are served interleaved. */
export class EmbeddedReader implements EventLogReader, GroupMember {
  readonly name: string;
  private readonly loops = new Map<number, PartitionLoop>();
  private joined = false;
  private stopping: Promise<void> | undefined;

  private readonly options: ReaderOptions;
  private readonly deps: ReaderDeps;

  constructor(options: ReaderOptions, deps: ReaderDeps) {
    this.options = options;
    this.deps = deps;
    this.name = `log reader ${options.groupId}`;
  }

  async start(): Promise<void> {
    if (this.joined || this.stopping !== undefined) return;
    this.joined = true;
    const storage = this.deps.storage();
    const topic = storage.topic(this.options.topic);
    storage.holdFor(this.options.groupId, topic.name);
    await this.deps.groups.join(this.options.groupId, topic.name, topic.partitions.length, this);
  }

  assign(partition: number): void {
    const loop = new PartitionLoop(partition, this.options, this.deps);
    this.loops.set(partition, loop);
    loop.run();
  }

  async revoke(partition: number): Promise<void> {
    const loop = this.loops.get(partition);
    await loop?.stop();
    this.loops.delete(partition);
  }

  async commit(topic: string, partition: number, offset: bigint, metadata: string): Promise<void> {
    if (topic !== this.options.topic || !this.loops.has(partition)) {
      throw new AppError('TQ_LOG_REFUSED', `Partition ${partition} of ${topic} is not this reader's any more.`, {
        mend: 'Drop the work in hand; the reader that owns the partition does it again from the last commit.',
      });
    }
    await this.deps.storage().commit(this.options.groupId, topic, partition, offset, metadata);
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.joined ? this.leave(deadlineMs) : Promise.resolve();
    return this.stopping;
  }

  private async leave(deadlineMs: number): Promise<void> {
    const left = this.deps.groups.leave(this.options.groupId, this.options.topic, this);
    if (await endsWithin(left, deadlineMs)) return;
    this.deps.logger.warn(
      { group: this.options.groupId, partitions: [...this.loops.keys()] },
      'the reader gave up partitions before their work was done; it is done again after the next start',
    );
    for (const loop of this.loops.values()) loop.abandon();
    this.loops.clear();
  }
}

class PartitionLoop {
  private stopped = false;
  private abandoned: () => void = () => undefined;
  private wake: () => void = () => undefined;
  private done: Promise<void> = Promise.resolve();

  private readonly partition: number;
  private readonly options: ReaderOptions;
  private readonly deps: ReaderDeps;

  constructor(partition: number, options: ReaderOptions, deps: ReaderDeps) {
    this.partition = partition;
    this.options = options;
    this.deps = deps;
  }

  run(): void {
    const given = new Promise<void>((resolve) => (this.abandoned = resolve));
    this.done = Promise.race([this.loop(), given]);
  }

  /** Ends the loop after the batch in hand; resolves when the handler has flushed. */
  stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    return this.done;
  }

  /** The deadline is over: nobody waits for the handler any longer. */
  abandon(): void {
    this.stopped = true;
    this.wake();
    this.abandoned();
  }

  private async loop(): Promise<void> {
    const { topic } = this.options;
    const start = await this.retry('assign', () => this.assigned());
    if (start === undefined) return this.flush();
    let position = start;
    while (!this.stopped) {
      const next = await this.retry('handle', () => this.step(position));
      if (next === undefined) break;
      if (next > position) position = next;
      else await this.idle(topic, position);
      // Lets timers and sockets have their turn between batches of a handler that never waits.
      await new Promise(setImmediate);
    }
    return this.flush();
  }

  private async assigned(): Promise<bigint> {
    const { topic, groupId, handler } = this.options;
    const storage = this.deps.storage();
    const committed = storage.committed(groupId, topic, this.partition);
    const from = await handler.assigned({
      topic,
      partition: this.partition,
      committed: { offset: committed?.offset ?? null, metadata: committed?.metadata ?? '' },
    });
    return from ?? storage.partition(storage.topic(topic), this.partition).low;
  }

  /** @returns the next position; the same when there is nothing to read. */
  private async step(position: bigint): Promise<bigint> {
    const { topic, handler, fetchBytesMax } = this.options;
    const storage = this.deps.storage();
    const state = storage.topic(topic);
    const records = storage.read(state, this.partition, position, RECORDS_MAX, fetchBytesMax ?? FETCH_BYTES);
    const last = records.at(-1);
    if (last === undefined) return position;
    const highWatermark = storage.partition(state, this.partition).next;
    await handler.batch({ topic, partition: this.partition, records, highWatermark }, () => Promise.resolve());
    return last.offset + 1n;
  }

  /** Repeats until it succeeds or the loop is stopped (undefined). */
  private async retry<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; !this.stopped; attempt += 1) {
      try {
        return await action();
      } catch (error) {
        const delayMs = backoffMs(attempt, this.deps.random(), BACKOFF_BASE_MS, BACKOFF_CAP_MS);
        this.deps.logger.warn(
          { topic: this.options.topic, partition: this.partition, attempt, delayMs, error: describeError(error) },
          `could not ${what} the partition; trying again`,
        );
        await this.sleep(delayMs);
      }
    }
    return undefined;
  }

  private async flush(): Promise<void> {
    try {
      await this.options.handler.revoked(this.options.topic, this.partition);
    } catch (error) {
      this.deps.logger.warn(
        { topic: this.options.topic, partition: this.partition, error: describeError(error) },
        'the last work of a revoked partition failed; it is done again from the last commit',
      );
    }
  }

  /** Waits for an append or the end; what came since the read that found nothing ends the wait at once. */
  private async idle(topic: string, position: bigint): Promise<void> {
    const storage = this.deps.storage();
    if (this.stopped || storage.partition(storage.topic(topic), this.partition).next > position) return;
    let forget: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      forget = storage.onAppend(topic, this.partition, resolve);
    });
    forget();
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
