import type { Component } from '../../ingest/core/component.js';
import { describeError } from '../../ingest/core/errors.js';
import { traceProcess } from '../../ingest/core/telemetry/traces.js';
import type { EventLogReader, PartitionAssignment, PartitionHandler, RecordBatch } from '../../ingest/log/event-log.js';
import { partitionFor } from '../../ingest/log/partitioner.js';
import { recordHeaders } from '../../ingest/log/record-headers.js';
import type { Stage } from '../core/detector.js';
import { Forwarder } from './forwarder.js';
import { HOP_PARTITION, HopKeeper } from './hop-keeper.js';
import type { Intake } from './intake.js';
import { PartitionWorker, type PartitionStatus } from './partition-worker.js';
import { PrincipalIntake } from './principal-intake.js';
import { RuleKeeper } from './rules/rule-keeper.js';
import { StreamTime } from './stream-time.js';
import { TokenIntake } from './token-intake.js';
import { healthParts, type WorkerParts } from './worker-deps.js';
import type { WorkerOptions } from './worker-options.js';

const TICK_MS = 100;
const REVOKE_DEADLINE_MS = 15_000;

export interface StagePlan {
  readonly stage: Stage;
  readonly topic: string;
  readonly groupId: string;
  /** True if events of known principals go on to the principal stage. */
  readonly handsOn: boolean;
}

/** One stage: a consumer group over a topic, and what it makes of each partition. */
export class StageWorker implements Component, PartitionHandler {
  readonly name: string;
  readonly stage: Stage;
  readonly #topic: string;
  readonly #groupId: string;
  readonly #options: WorkerOptions;
  readonly #deps: WorkerParts;
  readonly #partitions = new Map<number, PartitionWorker>();
  readonly #hops: HopKeeper | null;
  readonly #rules: RuleKeeper | null;
  readonly #time: StreamTime;
  #reader: EventLogReader | null = null;
  /** The same; commits go on while it stops, when `#reader` is gone. */
  #committer: EventLogReader | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #handsOn: boolean;
  #partitionCount = 1;
  #sourceCount = 1;
  #laneCount = 0;
  #stopDeadlineMs: number | null = null;

  constructor(plan: StagePlan, options: WorkerOptions, deps: WorkerParts) {
    this.name = `${plan.stage} stage`;
    this.stage = plan.stage;
    this.#topic = plan.topic;
    this.#time = new StreamTime(deps, plan.topic, plan.stage, options.checkpointIntervalMs / 3);
    this.#groupId = plan.groupId;
    this.#handsOn = plan.handsOn;
    this.#options = options;
    this.#deps = deps;
    this.#hops = plan.stage === 'token' && options.keepsHops ? new HopKeeper(deps) : null;
    this.#rules = plan.stage === 'token' && deps.ruleDuty ? new RuleKeeper(deps, deps.ruleDuty) : null;
  }

  async start(): Promise<void> {
    if (this.#reader !== null) return;
    const topic = this.#topic;
    const groupId = this.#groupId;
    const { writer } = this.#deps;
    this.#deps.health?.declare(this.#healthPart);
    this.#partitionCount = Math.max(1, await writer.partitions(topic));
    this.#sourceCount = Math.max(1, await writer.partitions(this.#options.topic));
    if (this.#handsOn) this.#laneCount = await writer.partitions(this.#options.principalTopic);
    this.#reader = this.#deps.log.reader({ topic, groupId, handler: this });
    this.#committer = this.#reader;
    await this.#reader.start();
    this.#deps.health?.report(this.#healthPart, this.#deps.clock.nowMs());
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
    await this.#hops?.stop(deadlineMs);
    await this.#rules?.stop(deadlineMs);
    // A reader that could not revoke in order leaves partitions behind; what they hold is read again.
    for (const partition of [...this.#partitions.keys()]) await this.revoked(this.#topic, partition);
  }

  async assigned(assignment: PartitionAssignment): Promise<bigint | null> {
    const { topic, partition, committed } = assignment;
    const share = (total: number): number => Math.ceil(total / this.#partitionCount);
    const worker = new PartitionWorker(this.#deps, this.#options, {
      stage: this.stage,
      topic,
      partition,
      keysMax: share(this.#options.keysMax),
      liveMax: share(this.#options.liveKeysMax),
      packedMax: share(this.#options.packedBytesMax),
      intake: this.#intakeOf(partition),
      speaksFor: (sourceUid) => partitionFor(sourceUid, this.#partitionCount) === partition,
      forwarder: this.#handsOn ? new Forwarder(partition, Number(committed.offset ?? 0n), this.#laneCount) : null,
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

  /** Of the partitions that this worker owns. */
  status(): readonly PartitionStatus[] {
    return [...this.#partitions.values()].map((worker) => worker.status());
  }

  /** Partitions store what they have as soon as they have read all. */
  expectNoMore(): void {
    for (const worker of this.#partitions.values()) worker.expectNoMore();
  }

  /**
   * For a replay, by the worker that owns all partitions: time passes in each of them up to the newest event of all, and rules
   * run over all that is stored.
   */
  async finish(): Promise<void> {
    const partitions = [...this.#partitions.values()];
    const peakMs = Math.max(...partitions.map(({ watermarkMs }) => watermarkMs));
    for (const worker of partitions) await worker.finish(peakMs);
    await this.#rules?.finish();
  }

  /** True if this worker has stored, committed and scored every record that the topic holds now. */
  async caughtUp(): Promise<boolean> {
    const offsets = await this.#deps.log.offsets(this.#topic);
    return offsets.every(
      ({ partition, low, high }) => high === low || this.#partitions.get(partition)?.isDone(high) === true,
    );
  }

  get #healthPart(): string {
    return healthParts[this.stage];
  }

  #intakeOf(partition: number): Intake {
    if (this.stage === 'principal') {
      return new PrincipalIntake(this.#sourceCount, () => this.#deps.log.offsets(this.#options.topic));
    }
    return new TokenIntake(this.#deps, partition, this.#options.dedupeGenerationMax, () => this.#time.read());
  }

  #commit(topic: string, partition: number, offset: bigint, metadata: string): Promise<void> {
    const reader = this.#committer;
    if (reader === null) return Promise.reject(new TypeError('the reader was never started'));
    return reader.commit(topic, partition, offset, metadata);
  }

  #tick(): void {
    for (const [partition, worker] of this.#partitions) {
      worker.tick().catch((error: unknown) => {
        this.#deps.logger.warn({ partition, reason: describeError(error) }, 'periodic work of a partition failed');
      });
    }
    if (this.#partitions.has(HOP_PARTITION)) this.#hops?.tick();
    const partitions = this.status();
    const nowMs = this.#deps.clock.nowMs();
    const lag = partitions.reduce((sum, state) => sum + state.lag, 0);
    // The same owner as that of the hops: one worker, without a lease of its own.
    if (this.#partitions.has(HOP_PARTITION)) this.#rules?.tick(lag);
    this.#deps.health?.lag(this.#healthPart, lag, nowMs);
    this.#deps.metrics?.set(
      'tourniquet.worker.state.keys',
      partitions.reduce((sum, state) => sum + state.keys, 0),
      { stage: this.stage },
    );
  }
}
