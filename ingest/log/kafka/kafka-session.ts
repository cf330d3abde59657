import type { Consumer, EachBatchPayload, KafkaMessage, OffsetsByTopicPartition } from 'kafkajs';
import { backoffMs } from '../../core/backoff.js';
import { endsWithin } from '../../core/deadline.js';
import { AppError, describeError } from '../../core/errors.js';
import { FETCH_BYTES, type ReaderOptions, type StoredRecord } from '../event-log.js';
import type { KafkaAdmin } from './kafka-admin.js';
import type { KafkaLogDeps } from './kafka-client.js';
import { kafkaError, protocolType } from './kafka-errors.js';
import { PartitionFeed } from './partition-feed.js';

type CommitNow = (offsets: OffsetsByTopicPartition) => Promise<void>;

const COMMIT_ATTEMPTS = 6;
/** A commit that fails with these can hold after the group has settled; whether it still may is decided by ownership. */
const settling = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/**
 * One life of a kafkajs consumer, from its connection to its crash or stop.
 *
 * kafkajs has no call-back for revoked partitions and restarts at the committed offset after every rebalance. So each
 * join is taken as "all revoked, then all assigned": at the moment of the join (an event that kafkajs emits before it
 * fetches) every partition is paused; then old work is flushed, the handler is asked where to start, and the partition
 * is sought and resumed. A commit for a partition that is not in the last assignment is refused here, because the
 * broker checks the member only and would take it (tulios/kafkajs#1046).
 */
export class KafkaSession {
  /** Resolves with the cause when the consumer is dead and a new session is needed. */
  readonly crashed: Promise<Error>;
  readonly joined: Promise<void>;
  private crash: (error: Error) => void = () => undefined;
  private join: () => void = () => undefined;
  private readonly feeds = new Map<number, PartitionFeed>();
  private assignment = new Set<number>();
  private epoch = 0;
  private settled: Promise<void> = Promise.resolve();
  private commitNow: CommitNow | undefined;
  private closing = false;
  private readonly consumer: Consumer;
  private readonly admin: KafkaAdmin;
  private readonly options: ReaderOptions;
  private readonly deps: KafkaLogDeps;

  constructor(consumer: Consumer, admin: KafkaAdmin, options: ReaderOptions, deps: KafkaLogDeps) {
    this.consumer = consumer;
    this.admin = admin;
    this.options = options;
    this.deps = deps;
    this.crashed = new Promise((resolve) => {
      this.crash = resolve;
    });
    this.joined = new Promise((resolve) => {
      this.join = resolve;
    });
  }

  /** Rejects when the broker is away; a failure later comes through `crashed`. */
  async open(): Promise<void> {
    const { consumer, options } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.onJoin(payload.memberAssignment[options.topic] ?? []);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.crash(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => {
        this.onBatch(payload);
        return Promise.resolve();
      },
    });
  }

  private onJoin(partitions: readonly number[]): void {
    if (this.closing) return;
    this.assignment = new Set(partitions);
    this.epoch += 1;
    const epoch = this.epoch;
    if (partitions.length > 0) this.flow('pause', partitions);
    this.settled = this.settled.then(() => this.settle(epoch));
    this.join();
  }

  private async settle(epoch: number): Promise<void> {
    await this.revokeAll();
    await Promise.all([...this.assignment].map((partition) => this.assign(partition, epoch)));
  }

  private async revokeAll(): Promise<void> {
    await Promise.all(
      [...this.feeds].map(async ([partition, feed]) => {
        await feed.stop();
        this.feeds.delete(partition);
      }),
    );
  }

  private async assign(partition: number, epoch: number): Promise<void> {
    const { topic, handler, fetchBytesMax } = this.options;
    for (let attempt = 1; this.epoch === epoch && !this.closing; attempt += 1) {
      const feed = new PartitionFeed(topic, partition, {
        handler,
        logger: this.deps.logger,
        random: this.deps.random,
        bytesMax: fetchBytesMax ?? FETCH_BYTES,
        pause: () => this.flow('pause', [partition]),
        resume: () => this.flow('resume', [partition]),
      });
      try {
        // Known before `assigned` is called, so that the handler may commit in it.
        this.feeds.set(partition, feed);
        const start = await this.startOf(partition);
        feed.run();
        if (this.isStale(epoch)) return;
        this.consumer.seek({ topic, partition, offset: start.toString() });
        this.flow('resume', [partition]);
        return;
      } catch (error) {
        this.feeds.delete(partition);
        const delayMs = backoffMs(attempt, this.deps.random(), 100, 5_000);
        this.deps.logger.warn(
          { topic, partition, attempt, delayMs, error: describeError(error) },
          'could not take an assigned partition; trying again',
        );
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  private isStale(epoch: number): boolean {
    return this.epoch !== epoch || this.closing;
  }

  /** Asks the handler, and keeps the answer inside what the broker has: kafkajs would overwrite the commit otherwise. */
  private async startOf(partition: number): Promise<bigint> {
    const { topic, groupId, handler } = this.options;
    const committed = (await this.admin.committed(groupId, topic)).get(partition) ?? { offset: null, metadata: '' };
    const range = (await this.admin.offsets(topic)).find((each) => each.partition === partition);
    const wanted = await handler.assigned({ topic, partition, committed });
    const low = range?.low ?? 0n;
    if (wanted === null) return low;
    if (wanted < low) {
      this.deps.logger.error(
        { topic, partition, wanted: wanted.toString(), low: low.toString() },
        'records were removed by the topic’s retention before they were read',
      );
      return low;
    }
    return range !== undefined && wanted > range.high ? range.high : wanted;
  }

  private onBatch(payload: EachBatchPayload): void {
    const { batch } = payload;
    this.commitNow = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    const feed = this.feeds.get(batch.partition);
    const records = batch.messages.map(toRecord);
    const last = records.at(-1);
    if (feed === undefined || last === undefined || this.closing) return;
    const { topic, partition } = batch;
    feed.push({ topic, partition, records, highWatermark: BigInt(batch.highWatermark) });
    payload.resolveOffset(last.offset.toString());
  }

  /** kafkajs throws from these when it is not running, which is when they do not matter. */
  private flow(verb: 'pause' | 'resume', partitions: readonly number[]): void {
    try {
      this.consumer[verb]([{ topic: this.options.topic, partitions: [...partitions] }]);
    } catch (error) {
      this.deps.logger.debug(
        { error: describeError(error) },
        `could not ${verb} partitions of a consumer that is gone`,
      );
    }
  }

  async commit(partition: number, offset: bigint, metadata: string): Promise<void> {
    const { topic } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      if (!this.assignment.has(partition) || !this.feeds.has(partition)) throw lostError(topic, partition);
      try {
        await this.commitOnce(partition, offset, metadata);
        return;
      } catch (error) {
        const told = kafkaError(`commit offset ${offset} of partition ${partition} of ${topic}`, error);
        const again = told.retryable || settling.has(protocolType(error) ?? '');
        if (!again || attempt >= COMMIT_ATTEMPTS) throw told;
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, this.deps.random(), 100, 2_000)));
      }
    }
  }

  /**
   * The function of a batch makes one attempt under the generation of the moment. `consumer.commitOffsets` repeats by
   * itself, also after a rebalance gave the partition away, and resolves without a commit while the consumer stops; it
   * serves only until the first batch.
   */
  private async commitOnce(partition: number, offset: bigint, metadata: string): Promise<void> {
    const { topic } = this.options;
    const entry = { partition, offset: offset.toString(), metadata };
    if (this.commitNow !== undefined) {
      await this.commitNow({ topics: [{ topic, partitions: [entry] }] });
    } else {
      await this.consumer.commitOffsets([{ topic, ...entry }]);
    }
  }

  /** Flushes, leaves the group and disconnects. @param deadlineMs milliseconds for the handler to flush. */
  async close(deadlineMs: number): Promise<void> {
    this.closing = true;
    const flushed = this.settled.then(() => this.revokeAll());
    if (!(await endsWithin(flushed, deadlineMs))) {
      this.deps.logger.warn(
        { group: this.options.groupId, partitions: [...this.feeds.keys()] },
        'the reader gave up partitions before their work was done; it is done again by their next owner',
      );
      for (const feed of this.feeds.values()) feed.abandon();
      this.feeds.clear();
    }
    this.assignment.clear();
    await this.consumer.disconnect().catch((error: unknown) => {
      this.deps.logger.debug({ error: describeError(error) }, 'the consumer did not disconnect cleanly');
    });
  }

  /** The consumer is dead: nothing more can be committed. The handler is told for every partition. */
  async fail(): Promise<void> {
    this.assignment.clear();
    await this.close(30_000);
  }
}

function lostError(topic: string, partition: number): AppError {
  return new AppError('TQ_LOG_REFUSED', `Partition ${partition} of ${topic} is not this reader's any more.`, {
    mend: 'Drop the work in hand; the reader that owns the partition does it again from the last commit.',
  });
}

export function toRecord(message: KafkaMessage): StoredRecord {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const one = Array.isArray(value) ? value[0] : value;
    if (one !== undefined) headers[name] = one.toString();
  }
  return {
    offset: BigInt(message.offset),
    key: message.key,
    value: message.value ?? Buffer.alloc(0),
    headers,
    timestampMs: Number(message.timestamp),
  };
}
