import type { Consumer, Kafka } from 'kafkajs';
import type { StoredRecord } from '../event-log.js';
import type { KafkaAdmin } from './kafka-admin.js';
import { retry } from './kafka-client.js';
import { kafkaError } from './kafka-errors.js';
import { toRecord } from './kafka-session.js';

const PAGE_WAIT_MS = 15_000;

interface Page {
  readonly partition: number;
  readonly from: bigint;
  readonly until: bigint;
  readonly max: number;
  readonly records: StoredRecord[];
  readonly done: () => void;
}

/**
 * Reads pages of one topic. kafkajs cannot read without a group, so the browser is the only member of a group of its
 * own, with everything paused but the partition asked for; the group never commits and is deleted at the end.
 */
export class KafkaBrowser {
  private page: Page | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private opened: Promise<Consumer> | undefined;
  private readonly kafka: Kafka;
  private readonly admin: KafkaAdmin;
  private readonly topic: string;
  private readonly groupId: string;

  constructor(kafka: Kafka, admin: KafkaAdmin, topic: string, groupId: string) {
    this.kafka = kafka;
    this.admin = admin;
    this.topic = topic;
    this.groupId = groupId;
  }

  /** One page after the other. */
  read(partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]> {
    const run = this.queue.then(() => this.readPage(partition, from, max));
    this.queue = run.catch(() => undefined);
    return run;
  }

  private async readPage(partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]> {
    const range = (await this.admin.offsets(this.topic)).find((each) => each.partition === partition);
    if (range === undefined || max <= 0) return [];
    const start = from > range.low ? from : range.low;
    if (start >= range.high) return [];
    this.opened ??= this.open();
    const opened = this.opened;
    let timer: NodeJS.Timeout | undefined;
    try {
      const consumer = await opened;
      const records: StoredRecord[] = [];
      const flow = [{ topic: this.topic, partitions: [partition] }];
      await new Promise<void>((resolve) => {
        // Aborted transactions and markers may leave nothing to read before the end.
        timer = setTimeout(resolve, PAGE_WAIT_MS);
        this.page = { partition, from: start, until: range.high, max, records, done: resolve };
        consumer.seek({ topic: this.topic, partition, offset: start.toString() });
        consumer.resume(flow);
      });
      consumer.pause(flow);
      return records;
    } catch (error) {
      this.opened = undefined;
      opened.then((consumer) => consumer.disconnect()).catch(() => undefined);
      throw kafkaError(`read partition ${partition} of ${this.topic}`, error);
    } finally {
      clearTimeout(timer);
      this.page = undefined;
    }
  }

  private async open(): Promise<Consumer> {
    const consumer = this.kafka.consumer({
      groupId: this.groupId,
      maxWaitTimeInMs: 50,
      maxBytesPerPartition: 4 << 20,
      allowAutoTopicCreation: false,
      retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
    });
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        consumer.pause([{ topic: this.topic, partitions: payload.memberAssignment[this.topic] ?? [] }]);
        resolve();
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        this.opened = undefined;
        this.page?.done();
        reject(payload.error);
      });
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: ({ batch }) => {
        const { page } = this;
        if (page?.partition !== batch.partition) return Promise.resolve();
        for (const message of batch.messages) {
          const record = toRecord(message);
          if (record.offset >= page.from && page.records.length < page.max) page.records.push(record);
        }
        const next = BigInt(batch.lastOffset()) + 1n;
        if (page.records.length >= page.max || next >= page.until) page.done();
        return Promise.resolve();
      },
    });
    await joined;
    return consumer;
  }

  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    if (opened === undefined) return;
    await opened.then((consumer) => consumer.disconnect()).catch(() => undefined);
    await this.admin.forgetGroup(this.groupId);
  }
}
