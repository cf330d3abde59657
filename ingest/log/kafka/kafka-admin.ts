import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { isRetryable } from '../../core/errors.js';
import type { TopicSpec } from '../event-log.js';
import { kafkaError, protocolType } from './kafka-errors.js';

const CREATE_TIMEOUT_MS = 30_000;
const LEADER_POLL_MS = 100;
const ASK_ATTEMPTS_MAX = 3;
/** A batch of records has some bytes around its values, and compression may add some. */
const BATCH_OVERHEAD = 1 << 20;

export interface CommittedByGroup {
  readonly offset: bigint | null;
  readonly metadata: string;
}

export interface PartitionOffsets {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** @throws what the broker said last when the partitions have no leaders in time. */
async function untilLed(admin: Admin, { topic, partitions }: TopicSpec): Promise<void> {
  for (let waited = 0; ; waited += LEADER_POLL_MS) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const led = topics.find(({ name }) => name === topic)?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
      if (led >= partitions || waited >= CREATE_TIMEOUT_MS) return;
    } catch (error) {
      const notYet = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(protocolType(error) ?? '');
      if (!notYet || waited >= CREATE_TIMEOUT_MS) throw error;
    }
    await delay(LEADER_POLL_MS);
  }
}

/** One admin connection, made at the first need and made anew after a failure. */
export class KafkaAdmin {
  private connecting: Promise<Admin> | undefined;
  private asking: Promise<void> = Promise.resolve();
  private readonly kafka: Kafka;
  private readonly recordBytesMax: number;

  constructor(kafka: Kafka, recordBytesMax: number) {
    this.kafka = kafka;
    this.recordBytesMax = recordBytesMax;
  }

  private async use<T>(what: string, action: (admin: Admin) => Promise<T>): Promise<T> {
    this.connecting ??= this.connect();
    const connecting = this.connecting;
    try {
      return await action(await connecting);
    } catch (error) {
      const told = kafkaError(what, error);
      if (told.retryable && this.connecting === connecting) {
        this.connecting = undefined;
        connecting.then((admin) => admin.disconnect()).catch(() => undefined);
      }
      throw told;
    }
  }

  /** Questions go one at a time: kafkajs loses sight of a topic for a moment while it learns of another one. */
  private ask<T>(what: string, action: (admin: Admin) => Promise<T>): Promise<T> {
    const asked = this.asking.then(() => this.askAgain(what, action));
    this.asking = asked.then(
      () => undefined,
      () => undefined,
    );
    return asked;
  }

  /** A broker may fail to tell for a moment, and kafkajs stumbles over an answer without the topic. */
  private async askAgain<T>(what: string, action: (admin: Admin) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.use(what, action);
      } catch (error) {
        if (attempt >= ASK_ATTEMPTS_MAX || !isRetryable(error)) throw error;
        await delay(LEADER_POLL_MS);
      }
    }
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin();
    await admin.connect();
    return admin;
  }

  async close(): Promise<void> {
    const connecting = this.connecting;
    this.connecting = undefined;
    await connecting?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  async ensureTopic(spec: TopicSpec): Promise<void> {
    await this.use(`create the topic ${spec.topic}`, async (admin) => {
      const known = await admin.listTopics();
      if (known.includes(spec.topic)) return;
      try {
        await admin.createTopics({
          timeout: CREATE_TIMEOUT_MS,
          // A broker may not know yet of the topic that it has just agreed to; kafkajs takes that for a refusal.
          waitForLeaders: false,
          topics: [
            {
              topic: spec.topic,
              numPartitions: spec.partitions,
              replicationFactor: spec.replicationFactor,
              configEntries: [
                { name: 'cleanup.policy', value: 'delete' },
                { name: 'retention.ms', value: String(spec.retentionMs) },
                { name: 'max.message.bytes', value: String(this.recordBytesMax + BATCH_OVERHEAD) },
                // With three copies one may be away and an acknowledged record is still on two.
                { name: 'min.insync.replicas', value: spec.replicationFactor >= 3 ? '2' : '1' },
              ],
            },
          ],
        });
      } catch (error) {
        // Another process was faster.
        if (protocolType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
      }
      await untilLed(admin, spec);
    });
  }

  partitions(topic: string): Promise<number> {
    return this.ask(`describe the topic ${topic}`, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const count = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
      if (count === 0) throw new Error(`the answer names no partition of ${topic}`);
      return count;
    });
  }

  offsets(topic: string): Promise<PartitionOffsets[]> {
    return this.ask(`read the offsets of ${topic}`, async (admin) => {
      const found = await admin.fetchTopicOffsets(topic);
      return found
        .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
        .sort((a, b) => a.partition - b.partition);
    });
  }

  committed(groupId: string, topic: string): Promise<Map<number, CommittedByGroup>> {
    return this.ask(`read the commits of the group ${groupId}`, async (admin) => {
      const found = await admin.fetchOffsets({ groupId, topics: [topic] });
      const result = new Map<number, CommittedByGroup>();
      for (const { partition, offset, metadata } of found.find((t) => t.topic === topic)?.partitions ?? []) {
        const position = BigInt(offset);
        result.set(
          partition,
          position < 0n ? { offset: null, metadata: '' } : { offset: position, metadata: metadata ?? '' },
        );
      }
      return result;
    });
  }

  /** Best effort: an empty group that stays behind expires by itself. */
  async forgetGroup(groupId: string): Promise<void> {
    await this.use(`delete the group ${groupId}`, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}
