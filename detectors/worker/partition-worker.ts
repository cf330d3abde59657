import { AppError, describeError } from '../../ingest/core/errors.js';
import type { CommittedOffset, RecordBatch, StoredRecord } from '../../ingest/log/event-log.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Stage } from '../core/detector.js';
import type { Finding } from '../core/finding.js';
import { entityOf } from '../core/observation.js';
import { Block } from './block.js';
import { bySize } from './by-size.js';
import { type AppliedIndex, CheckpointStore } from './checkpoint-store.js';
import { emitFindings } from './finding-writer.js';
import type { Forwarder } from './forwarder.js';
import type { Intake } from './intake.js';
import { blockToken, decodeIntent, encodeIntent, type Intent } from './intent.js';
import { PartitionRuntime } from './partition-runtime.js';
import { type Patience, persist, withHeartbeat } from './patience.js';
import { type DecodedRecord, sendDeadLetters } from './record-intake.js';
import { warmStart } from './warm-start.js';
import { healthParts, type WorkerParts } from './worker-deps.js';
import type { WorkerOptions } from './worker-options.js';

/** Bytes of records that are decoded at a stretch, before others get their turn. */
const SLICE_BYTES = 1 << 20;
/** Share of the time for checkpoints; where many entities change, they come less often. */
const CHECKPOINT_DUTY = 0.2;

export interface PartitionPlace {
  readonly stage: Stage;
  readonly topic: string;
  readonly partition: number;
  /** Share of the worker's keys. */
  readonly keysMax: number;
  readonly liveMax: number;
  readonly packedMax: number;
  readonly intake: Intake;
  /** Of the sources, which all partitions know, those that this one tells of. */
  readonly speaksFor: (sourceUid: string) => boolean;
  /** Hands events on to the next stage; null in the last one. */
  readonly forwarder: Forwarder | null;
  commit(offset: bigint, metadata: string): Promise<void>;
}

export interface PartitionStatus {
  readonly stage: Stage;
  readonly partition: number;
  /** Next offset that a restart would store; everything below is in the store. */
  readonly committed: bigint;
  /** Records read by nobody yet or not committed. */
  readonly lag: number;
  /** Events and findings in memory that wait for something. */
  readonly pending: number;
  readonly keys: number;
}

/**
 * One partition from its assignment to its revocation: events past the detectors of its stage and, in the token stage,
 * into the store and on to the next stage. A block of the principal stage holds no events: only its offsets count.
 */
export class PartitionWorker {
  readonly #deps: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #place: PartitionPlace;
  readonly #runtime: PartitionRuntime;
  readonly #checkpoints: CheckpointStore;
  readonly #patience: Patience;
  #applied: AppliedIndex | null = null;
  #intent: Intent | null = null;
  #block: Block;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #emitting: Promise<void> = Promise.resolve();
  #forwarding: Promise<void> = Promise.resolve();
  #findings: Finding[] = [];
  #lock: Promise<void> = Promise.resolve();
  #busy = 0;
  /** First offset not stored; null before the group's first commit. */
  #committed: bigint | null = null;
  /** First offset not taken from the log. */
  #next = 0n;
  #highWatermark = 0n;
  #checkpointNext = 0n;
  /** When the next checkpoint is due. */
  #checkpointMs: number;
  #lastTakeMs: number;
  #lastRestMs = -Infinity;
  #hasHistory = false;
  #expectsMore = true;
  #lost: unknown = null;
  #giveUpMs = Infinity;
  #reported = { late: 0, evictions: 0 };

  constructor(deps: WorkerParts, options: WorkerOptions, place: PartitionPlace) {
    this.#deps = deps;
    this.#options = options;
    this.#place = place;
    const { allowedLatenessMs } = options;
    this.#runtime = new PartitionRuntime({
      stage: place.stage,
      watermarkGiven: place.stage !== 'token',
      detectors: deps.detectors,
      allowedLatenessMs,
      entitiesMax: place.keysMax,
      liveMax: place.liveMax,
      packedMax: place.packedMax,
      speaksFor: place.speaksFor,
    });
    this.#checkpoints = new CheckpointStore(deps.store, place.stage, place.partition);
    this.#block = new Block(deps.store.writer.newBlock());
    this.#lastTakeMs = deps.clock.nowMs();
    this.#checkpointMs = this.#lastTakeMs + options.checkpointIntervalMs;
    this.#patience = {
      logger: deps.logger,
      goOn: () => this.#lost === null && deps.clock.nowMs() < this.#giveUpMs,
      failed: (reason) => deps.health?.fail(healthParts[place.stage], reason),
    };
  }

  /** Restores what an earlier owner left. @returns the offset to read from, null for the earliest kept. */
  open(committed: CommittedOffset): Promise<bigint | null> {
    return this.#exclusive(() => persist('restore', this.#patience, () => this.#open(committed)));
  }

  /** Resolves when the records are taken; they are stored and committed later, block by block. */
  take(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    return this.#exclusive(async () => {
      this.#throwIfLost();
      this.#highWatermark = batch.highWatermark;
      const news = batch.records.filter((record) => record.offset >= this.#next);
      for (const slice of bySize(news, ({ value }) => value.length, SLICE_BYTES)) {
        await withHeartbeat(this.#takeSlice(slice), heartbeat);
      }
      // One append at a time waits for the disk, while the next records are taken.
      await withHeartbeat(this.#forwarding, heartbeat);
      this.#throwIfLost();
      void this.#forward();
      this.#lastTakeMs = this.#deps.clock.nowMs();
      await withHeartbeat(this.#rest(this.#lastTakeMs, false), heartbeat);
      // The same for findings: a failure shows in the block, which is not committed without them.
      await withHeartbeat(this.#emitting, heartbeat);
      this.#emit().catch(() => undefined);
    });
  }

  /** Does what is due by the clock; does nothing while records are being taken. */
  async tick(): Promise<void> {
    if (this.#busy > 0 || this.#lost !== null) return;
    await this.#exclusive(async () => {
      const nowMs = this.#deps.clock.nowMs();
      const { blockAgeMs, blockQuietMs } = this.#options;
      // Where the log holds more, a silence is only that of a busy process.
      const silenceMs = this.#expectsMore ? blockQuietMs : 0;
      const isSilent = this.#next >= this.#highWatermark && nowMs - this.#lastTakeMs >= silenceMs;
      const isDue = nowMs - this.#block.openedMs >= blockAgeMs || isSilent;
      // While the block before it is being written, a block grows rather than keep its partition waiting.
      if (this.#block.through !== null && isDue && !this.#isWriting && this.#intent === null) await this.#seal();
      if (this.#place.forwarder?.hasNews(nowMs) === true) await this.#forward();
      const quiet = this.#next >= this.#highWatermark && nowMs - this.#lastTakeMs >= this.#options.idleFlushMs;
      // Alarms wait for time, not for events: it is asked for also when no event waits.
      if (this.#runtime.waitingCount > 0 || this.#runtime.hasAlarms) await this.#rest(nowMs, quiet);
      await this.#emit();
      if (nowMs >= this.#checkpointMs) await this.#checkpoint();
    });
  }

  /** Stores and commits what was taken, and the detectors' state; gives up at the deadline, losing nothing. */
  async close(deadlineMs: number): Promise<void> {
    this.#giveUpMs = this.#deps.clock.nowMs() + deadlineMs;
    await this.#exclusive(async () => {
      if (this.#lost !== null) return;
      if (this.#intent === null) await this.#seal();
      await this.#writing;
      await this.#forwarding;
      await this.#emit();
      await this.#checkpoint();
    });
  }

  /** The log holds all that comes. */
  expectNoMore(): void {
    this.#expectsMore = false;
  }

  /** No more events come to any partition: alarms up to the newest of all are due. @param peakMs its event time. */
  async finish(peakMs: number): Promise<void> {
    await this.#exclusive(async () => {
      this.#throwIfLost();
      this.#runtime.end(peakMs);
      await this.#checkpoint();
    });
  }

  /** Event time that it has come to; -Infinity before the first event. */
  get watermarkMs(): number {
    return this.#runtime.watermarkMs;
  }

  /** True if everything below `offset` is stored, committed and scored. */
  isDone(offset: bigint): boolean {
    return (this.#committed ?? 0n) >= offset && this.#runtime.waitingCount === 0 && this.#findings.length === 0;
  }

  status(): PartitionStatus {
    return {
      stage: this.#place.stage,
      partition: this.#place.partition,
      committed: this.#committed ?? 0n,
      lag: Math.max(0, Number(this.#highWatermark - (this.#committed ?? 0n))),
      pending: this.#runtime.waitingCount + this.#findings.length + this.#block.events.rows,
      keys: this.#runtime.keyed.size,
    };
  }

  async #open(committed: CommittedOffset): Promise<bigint | null> {
    const from = committed.offset ?? 0n;
    const nowMs = this.#deps.clock.nowMs();
    let marker = await this.#checkpoints.readMarker();
    // Without a commit but with a checkpoint the log is a new one, and positions of the old one say nothing.
    if (marker === null || (committed.offset === null && marker.next > 0n)) {
      marker = await this.#checkpoints.begin(from, nowMs);
    } else {
      this.#applied = await this.#checkpoints.restore(this.#runtime, marker, this.#place.keysMax);
    }
    const start = marker.replayFrom < from ? marker.replayFrom : from;
    this.#committed = committed.offset;
    this.#hasHistory = committed.offset !== null;
    this.#intent = decodeIntent(committed.metadata);
    this.#next = start;
    this.#checkpointNext = marker.next;
    if (committed.offset !== null) await this.#place.intake.open(marker, start);
    this.#deps.logger.info(
      {
        stage: this.#place.stage,
        partition: this.#place.partition,
        from: start.toString(),
        keys: this.#runtime.keyed.size,
      },
      'partition opened',
    );
    return committed.offset === null ? null : start;
  }

  async #takeSlice(slice: readonly StoredRecord[]): Promise<void> {
    const { stage, partition, topic, intake } = this.#place;
    const records = slice.map((record) => intake.decode(record));
    await persist('look up events', this.#patience, () => intake.prepare(records));
    await persist('recall states', this.#patience, () =>
      this.#checkpoints.recall(this.#runtime, records, this.#applied),
    );
    if (this.#hasHistory) {
      await persist('read history', this.#patience, () => warmStart(this.#deps, stage, this.#runtime, records));
    }
    const unseen = records.filter((record) => record.offset >= (this.#committed ?? 0n));
    const letters = await persist('dead letters', this.#patience, () =>
      sendDeadLetters(this.#deps, topic, partition, unseen),
    );
    const counted = stage === 'token' ? 'tourniquet.worker.events' : 'tourniquet.worker.observations';
    if (letters > 0) this.#deps.metrics?.count(counted, letters, { outcome: 'dead_letter' });
    let duplicates = 0;
    let fresh = 0;
    for (const record of records) {
      const kept = await this.#takeRecord(record);
      fresh += kept;
      duplicates += record.events.length - kept;
    }
    this.#deps.metrics?.count(counted, fresh, { outcome: 'ok' });
    if (duplicates > 0) this.#deps.metrics?.count(counted, duplicates, { outcome: 'duplicate' });
    // Not by the clock: what comes next has no room.
    if (this.#runtime.keyed.isFull) await this.#checkpoint();
  }

  async #takeRecord(record: DecodedRecord): Promise<number> {
    const { stage, partition, intake, forwarder } = this.#place;
    const replayed = this.#committed !== null && record.offset < this.#committed;
    if (this.#intent !== null && record.offset > this.#intent.through) await this.#seal();
    let kept = 0;
    record.events.forEach((event, ordinal) => {
      if (!intake.isNew(event, record, ordinal)) return;
      kept += 1;
      if (!replayed && stage === 'token') this.#block.addEvent({ event, partition, offset: record.offset });
      if (!replayed) forwarder?.add(event, record.offset);
      this.#offer(event, record.offset, ordinal);
    });
    intake.finish(record, this.#runtime);
    this.#next = record.offset + 1n;
    if (replayed) return kept;
    forwarder?.finish(record.offset);
    this.#block.addRecord(record.offset, record.bytes, this.#deps.clock.nowMs());
    const full = this.#block.isFull(this.#options);
    const resumed = this.#intent !== null && record.offset >= this.#intent.through;
    if (resumed || (full && this.#intent === null)) await this.#seal();
    return kept;
  }

  #offer(event: TokenEvent, offset: bigint, ordinal: number): void {
    if (this.#applied !== null) {
      if (this.#applied.isPast(offset)) this.#applied = null;
      else {
        const uid = entityOf(event, this.#place.stage);
        if (uid !== null && this.#applied.has(uid, { offset, ordinal })) {
          this.#runtime.passOver(event);
          return;
        }
      }
    }
    this.#runtime.offer(event, { offset, ordinal });
  }

  /** Hands the block over to be written, after the one before it: at most two are in memory. */
  async #seal(): Promise<void> {
    await this.#writing;
    this.#throwIfLost();
    const block = this.#block;
    if (block.through === null) return;
    this.#block = new Block(this.#deps.store.writer.newBlock());
    const resumed = this.#intent !== null;
    this.#intent = null;
    const forwarded = this.#forward();
    this.#isWriting = true;
    this.#writing = this.#write(block, block.through, resumed, forwarded)
      .catch((error: unknown) => this.#giveUp(error))
      .finally(() => (this.#isWriting = false));
  }

  #giveUp(error: unknown): void {
    this.#lost ??= error;
    const { stage, partition } = this.#place;
    this.#deps.logger.error({ stage, partition, reason: describeError(error) }, 'partition given up, to be read again');
  }

  /** Makes durable what is to be handed on, after what was before it; a failure gives the partition up. */
  #forward(): Promise<void> {
    const { forwarder } = this.#place;
    if (forwarder === null) return Promise.resolve();
    const consignment = forwarder.load(this.#deps.clock.nowMs());
    if (consignment.length === 0) return this.#forwarding;
    this.#forwarding = this.#forwarding
      .then(() => {
        this.#throwIfLost();
        return persist('hand on', this.#patience, () =>
          this.#deps.writer.append(this.#options.principalTopic, consignment),
        );
      })
      .catch((error: unknown) => this.#giveUp(error));
    return this.#forwarding;
  }

  /** Lets time go on where it would stand still; not more often than a silence is long. */
  async #rest(nowMs: number, quiet: boolean): Promise<void> {
    if (nowMs - this.#lastRestMs < this.#options.idleFlushMs) return;
    this.#lastRestMs = nowMs;
    await this.#place.intake.rest(this.#runtime, quiet);
  }

  async #write(block: Block, through: bigint, resumed: boolean, forwarded: Promise<void>): Promise<void> {
    const { topic, partition } = this.#place;
    const first = this.#committed ?? block.firstEvent ?? through;
    if (block.events.rows > 0) {
      if (!resumed) await this.#commit(first, encodeIntent({ through }));
      const startMs = this.#deps.clock.nowMs();
      const token = blockToken(topic, partition, first, through);
      await persist('insert block', this.#patience, () => this.#deps.store.writer.insertBlock(block.events, token));
      block.events.release();
      this.#deps.metrics?.record('tourniquet.worker.insert.duration', (this.#deps.clock.nowMs() - startMs) / 1000);
      this.#deps.metrics?.count('tourniquet.worker.blocks', 1);
    }
    await this.#emit();
    await forwarded;
    this.#throwIfLost();
    await this.#commit(through + 1n, '');
    this.#committed = through + 1n;
    const nowMs = this.#deps.clock.nowMs();
    this.#deps.health?.report(healthParts[this.#place.stage], nowMs);
    this.#report();
  }

  /** A commit that is refused for good means that another member owns the partition now. */
  async #commit(offset: bigint, metadata: string): Promise<void> {
    await persist('commit', this.#patience, async () => {
      try {
        await this.#place.commit(offset, metadata);
      } catch (error) {
        if (error instanceof AppError && !error.retryable) this.#lost = error;
        throw error;
      }
    });
  }

  /** Emits all findings made so far; calls follow each other. */
  #emit(): Promise<void> {
    this.#findings.push(...this.#runtime.takeFindings());
    const run = this.#emitting.then(async () => {
      // More may be found meanwhile: only what was sent is let go.
      const due = this.#findings.slice();
      if (due.length === 0) return;
      await persist('findings', this.#patience, () => emitFindings(this.#deps, due));
      this.#findings = this.#findings.slice(due.length);
    });
    this.#emitting = run.catch(() => undefined);
    return run;
  }

  async #checkpoint(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const dueMs = nowMs + this.#options.checkpointIntervalMs;
    this.#checkpointMs = dueMs;
    await this.#emit();
    // Until the events of the former owner have been read again, its states are newer than what would be written. A
    // partition to which nothing came since has read all of them: its alarms are to be known as rung.
    const hasRead = this.#next >= this.#checkpointNext && this.#applied?.isPast(this.#next) !== false;
    if (this.#applied !== null && !hasRead) return;
    // Of the attempt that succeeded: a store that was away is no reason to come again late.
    let startedMs = nowMs;
    await persist('checkpoint', this.#patience, () => {
      startedMs = this.#deps.clock.nowMs();
      return this.#checkpoints.save(this.#runtime, this.#next, nowMs, (offset) => this.#place.intake.mark(offset));
    });
    const endedMs = this.#deps.clock.nowMs();
    this.#checkpointMs = Math.max(dueMs, endedMs + (endedMs - startedMs) * (1 / CHECKPOINT_DUTY - 1));
    this.#checkpointNext = this.#next;
    this.#runtime.forgetIdle();
    this.#runtime.spill();
  }

  #report(): void {
    const { metrics } = this.#deps;
    const { lateEvents, keyed } = this.#runtime;
    const { stage } = this.#place;
    const partition = String(this.#place.partition);
    metrics?.set('tourniquet.worker.lag', this.status().lag, {
      stage,
      'messaging.destination.partition.id': partition,
    });
    metrics?.count('tourniquet.worker.late_events', lateEvents - this.#reported.late, { stage });
    metrics?.count('tourniquet.worker.state.evictions', keyed.evictions - this.#reported.evictions, { stage });
    this.#reported = { late: lateEvents, evictions: keyed.evictions };
  }

  #throwIfLost(): void {
    if (this.#lost === null) return;
    throw new AppError('TQ_LOG_UNAVAILABLE', 'The partition was given up after a refused commit.', {
      retryable: true,
      cause: this.#lost,
    });
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    const run = this.#lock.then(work);
    this.#lock = run.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await run;
    } finally {
      this.#busy -= 1;
    }
  }
}
