import type { Component } from '../../ingest/core/component.js';
import { describeError } from '../../ingest/core/errors.js';
import { traceProcess } from '../../ingest/core/telemetry/traces.js';
import type { EventLogReader, PartitionAssignment, PartitionHandler, RecordBatch } from '../../ingest/log/event-log.js';
import { recordHeaders } from '../../ingest/log/record-headers.js';
import { HOP_PARTITION, HopKeeper } from './hop-keeper.js';
import { PartitionWorker, type PartitionStatus } from './partition-worker.js';
import { HEALTH_PART, type WorkerDeps } from './worker-deps.js';
import type { WorkerOptions } from './worker-options.js';

const TICK_MS = 100;
const REVOKE_DEADLINE_MS = 15_000;

export interface Worker extends Component, PartitionHandler {
  /** Of the partitions that this worker owns. */
  status(): readonly PartitionStatus[];
  /**
   * True if this worker has stored, committed and scored every record that the topic holds now; for a worker that
   * owns all partitions.
   */
  caughtUp(): Promise<boolean>;
}

/**
 * Reads token events, stores them effectively once and runs the detectors over them (docs/adr/0002, 0004).
 *
 * @param options validated by `workerOptionsSchema`.
 */
export function createWorker(options: WorkerOptions, deps: WorkerDeps): Worker {
  return new LogWorker(options, deps);
}

class LogWorker implements Worker {
  readonly name = 'worker';
  readonly #options: WorkerOptions;
  readonly #deps: WorkerDeps;
  readonly #partitions = new Map<number, PartitionWorker>();
  readonly #hops: HopKeeper;
  #reader: EventLogReader | null = null;
  #timer: NodeJS.Timeout | null = null;
  #partitionCount = 1;
  #stopDeadlineMs: number | null = null;

  constructor(options: WorkerOptions, deps: WorkerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#hops = new HopKeeper(deps);
  }

  async start(): Promise<void> {
    if (this.#reader !== null) return;
    const { topic, groupId } = this.#options;
    this.#deps.health?.declare(HEALTH_PART);
    this.#partitionCount = Math.max(1, await this.#deps.log.writer().partitions(topic));
    this.#reader = this.#deps.log.reader({ topic, groupId, handler: this });
    await this.#reader.start();
    this.#deps.health?.report(HEALTH_PART, this.#deps.clock.nowMs());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  async stop(deadlineMs: number): Promise<void> {
    const reader = this.#reader;
    if (reader === null) return;
    this.#reader = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#stopDeadlineMs = deadlineMs;
    await reader.stop(deadlineMs);
    await this.#hops.stop(deadlineMs);
    // A reader that could not revoke in order leaves partitions behind; what they hold is read again.
    for (const partition of [...this.#partitions.keys()]) await this.revoked(this.#options.topic, partition);
  }

  async assigned(assignment: PartitionAssignment): Promise<bigint | null> {
    const { topic, partition, committed } = assignment;
    const worker = new PartitionWorker(this.#deps, this.#options, {
      topic,
      partition,
      keysMax: Math.ceil(this.#options.keysMax / this.#partitionCount),
      commit: (offset, metadata) => this.#commit(topic, partition, offset, metadata),
    });
    const from = await worker.open(committed);
    this.#partitions.set(partition, worker);
    return from;
  }

  async batch(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    const worker = this.#partitions.get(batch.partition);
    if (worker === undefined) throw new TypeError(`partition ${batch.partition} was not assigned`);
    const { topic, partition, records } = batch;
    const traceparents = records.map((record) => record.headers[recordHeaders.traceparent]);
    await traceProcess(topic, partition, records.length, traceparents, () => worker.take(batch, heartbeat));
  }

  async revoked(topic: string, partition: number): Promise<void> {
    const worker = this.#partitions.get(partition);
    if (worker === undefined) return;
    try {
      await worker.close(this.#stopDeadlineMs ?? REVOKE_DEADLINE_MS);
    } catch (error) {
      const reason = describeError(error);
      this.#deps.logger.warn({ topic, partition, reason }, 'partition left before it was drained; it is read again');
    } finally {
      if (this.#partitions.get(partition) === worker) this.#partitions.delete(partition);
    }
  }

  status(): readonly PartitionStatus[] {
    return [...this.#partitions.values()].map((worker) => worker.status());
  }

  async caughtUp(): Promise<boolean> {
    const offsets = await this.#deps.log.offsets(this.#options.topic);
    return offsets.every(
      ({ partition, low, high }) => high === low || this.#partitions.get(partition)?.isDone(high) === true,
    );
  }

  #commit(topic: string, partition: number, offset: bigint, metadata: string): Promise<void> {
    const reader = this.#activeReader ?? this.#reader;
    if (reader === null) return Promise.reject(new TypeError('the reader is stopped'));
    this.#activeReader = reader;
    return reader.commit(topic, partition, offset, metadata);
  }

  /** Commits go on while the reader stops, when `#reader` is gone. */
  #activeReader: EventLogReader | null = null;

  #tick(): void {
    for (const [partition, worker] of this.#partitions) {
      worker.tick().catch((error: unknown) => {
        this.#deps.logger.warn({ partition, reason: describeError(error) }, 'periodic work of a partition failed');
      });
    }
    if (this.#partitions.has(HOP_PARTITION)) this.#hops.tick();
    const partitions = this.status();
    const nowMs = this.#deps.clock.nowMs();
    const lag = partitions.reduce((sum, state) => sum + state.lag, 0);
    this.#deps.health?.lag(HEALTH_PART, lag, nowMs);
    this.#deps.metrics?.set(
      'tourniquet.worker.state.keys',
      partitions.reduce((sum, state) => sum + state.keys, 0),
    );
  }
}
