import { backoffMs } from '../../core/backoff.js';
import { describeError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { PartitionHandler, RecordBatch } from '../event-log.js';

export interface FeedDeps {
  readonly handler: PartitionHandler;
  readonly logger: Logger;
  readonly random: () => number;
  /** Bytes that may wait for the handler before the partition is paused. */
  readonly bytesMax: number;
  pause(): void;
  resume(): void;
}

const BACKOFF_BASE_MS = 50;
const BACKOFF_CAP_MS = 5_000;

/**
 * Stands between kafkajs and the handler for one partition and one assignment. kafkajs fetches again only when all
 * batches of a fetch are done and sends heartbeats in between; so batches are taken at once and wait here, and a slow
 * or failing handler neither holds up other partitions nor costs the membership.
 */
export class PartitionFeed {
  private queue: { batch: RecordBatch; bytes: number }[] = [];
  private bytes = 0;
  private paused = false;
  private stopped = false;
  private wake: () => void = () => undefined;
  private readonly abandoned: Promise<void>;
  private abandonNow: () => void = () => undefined;
  private done: Promise<void> = Promise.resolve();
  readonly topic: string;
  readonly partition: number;
  private readonly deps: FeedDeps;

  constructor(topic: string, partition: number, deps: FeedDeps) {
    this.topic = topic;
    this.partition = partition;
    this.deps = deps;
    this.abandoned = new Promise((resolve) => (this.abandonNow = resolve));
  }

  run(): void {
    this.done = Promise.race([this.loop(), this.abandoned]);
  }

  push(batch: RecordBatch): void {
    if (this.stopped) return;
    const bytes = batch.records.reduce((sum, record) => sum + record.value.length, 0);
    this.queue.push({ batch, bytes });
    this.bytes += bytes;
    if (this.bytes >= this.deps.bytesMax && !this.paused) {
      this.paused = true;
      this.deps.pause();
    }
    this.wake();
  }

  /** What waits is dropped (its next owner reads it again); the call in hand ends, then the handler is told. */
  stop(): Promise<void> {
    this.stopped = true;
    this.queue = [];
    this.wake();
    return this.done;
  }

  /** The deadline is over: nobody waits for the handler any longer. */
  abandon(): void {
    void this.stop();
    this.abandonNow();
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      const next = this.queue.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      await this.handle(next.batch);
      this.bytes -= next.bytes;
      if (this.paused && this.bytes < this.deps.bytesMax / 2 && !this.isStopped()) {
        this.paused = false;
        this.deps.resume();
      }
    }
    try {
      await this.deps.handler.revoked(this.topic, this.partition);
    } catch (error) {
      this.deps.logger.warn(
        { topic: this.topic, partition: this.partition, error: describeError(error) },
        'the last work of a revoked partition failed; its next owner does it again from the last commit',
      );
    }
  }

  /** Repeats the same batch, with back-off, until the handler takes it or the partition is taken away. */
  private async handle(batch: RecordBatch): Promise<void> {
    for (let attempt = 1; !this.stopped; attempt += 1) {
      try {
        // Heartbeats go on by themselves, see above.
        await this.deps.handler.batch(batch, () => Promise.resolve());
        return;
      } catch (error) {
        const delayMs = backoffMs(attempt, this.deps.random(), BACKOFF_BASE_MS, BACKOFF_CAP_MS);
        this.deps.logger.warn(
          { topic: this.topic, partition: this.partition, attempt, delayMs, error: describeError(error) },
          'the handler rejected a batch; delivering it again',
        );
        await this.sleep(delayMs);
      }
    }
  }

  private async sleep(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (!this.isStopped() && performance.now() < end) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, end - performance.now());
      });
      clearTimeout(timer);
    }
  }

  private isStopped(): boolean {
    return this.stopped;
  }
}
