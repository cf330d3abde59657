import kafkajs, { type Kafka, type Message, type Producer, type RecordMetadata } from 'kafkajs';
import { endsWithin } from '../../core/deadline.js';
import { AppError, describeError } from '../../core/errors.js';
import type { AppendRecord, EventLogWriter } from '../event-log.js';
import type { KafkaAdmin } from './kafka-admin.js';
import { defaultRecordBytesMax, type KafkaLogDeps, type KafkaLogOptions } from './kafka-client.js';
import { kafkaError, stoppedError } from './kafka-errors.js';

const { CompressionTypes, Partitioners } = kafkajs;

/** kafkajs makes one record batch of all records of a partition in a request; brokers take 1 MiB by default. */
const BATCH_BYTES_MAX = 900_000;

interface Pending {
  readonly topic: string;
  readonly records: readonly AppendRecord[];
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Idempotent producer, acks=all, one request in flight. kafkajs mixes sequence numbers up when sends overlap
 * (tulios/kafkajs#598), so appends that arrive meanwhile wait and go together. After a failure the producer is thrown
 * away: whether its last batch arrived is not known, and the next batch under the same sequence number would be taken
 * for a repetition and dropped.
 */
export class KafkaWriter implements EventLogWriter {
  readonly name = 'kafka log writer';
  private producer: Promise<Producer> | undefined;
  private pending: Pending[] = [];
  private draining: Promise<void> | undefined;
  private stopped = false;
  private readonly counts = new Map<string, number>();
  private readonly kafka: Kafka;
  private readonly admin: KafkaAdmin;
  private readonly options: KafkaLogOptions;
  private readonly deps: KafkaLogDeps;

  constructor(kafka: Kafka, admin: KafkaAdmin, options: KafkaLogOptions, deps: KafkaLogDeps) {
    this.kafka = kafka;
    this.admin = admin;
    this.options = options;
    this.deps = deps;
  }

  /** Connects if it can; otherwise appends connect later and say TQ_LOG_UNAVAILABLE until they can. */
  async start(): Promise<void> {
    try {
      await this.connected();
    } catch (error) {
      this.deps.logger.warn({ error: describeError(kafkaError('connect', error)) }, 'Kafka is away at start');
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await endsWithin(this.draining, deadlineMs);
    const left = this.pending.splice(0);
    for (const item of left) item.reject(stoppedError());
    await this.discard();
  }

  async partitions(topic: string): Promise<number> {
    const known = this.counts.get(topic);
    if (known !== undefined) return known;
    const count = await this.admin.partitions(topic);
    this.counts.set(topic, count);
    return count;
  }

  async append(topic: string, records: readonly AppendRecord[]): Promise<void> {
    if (this.stopped) throw stoppedError();
    if (records.length === 0) return;
    const max = this.options.recordBytesMax ?? defaultRecordBytesMax;
    const partitions = await this.partitions(topic);
    for (const { partition, value } of records) {
      if (value.length > max) {
        throw new AppError('TQ_LOG_REFUSED', `A record of ${value.length} bytes is too large for ${topic}.`, {
          mend: `Records may have ${max} bytes; put fewer events into one.`,
        });
      }
      if (!(partition >= 0 && partition < partitions)) {
        throw new AppError('TQ_LOG_REFUSED', `Topic ${topic} has no partition ${partition}.`, {
          mend: `It has partitions 0 to ${partitions - 1}.`,
        });
      }
    }
    await new Promise<void>((resolve, reject) => {
      this.pending.push({ topic, records, resolve, reject });
      this.draining ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    // Callers of the same turn share the first request.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const group = this.takeGroup();
      const failure = await this.sendGroup(group);
      if (failure === undefined) for (const item of group) item.resolve();
      else if (failure.retryable || group.length === 1) for (const item of group) item.reject(failure);
      else await this.sendApart(group);
    }
    // In the turn that found nothing waiting, or an append of the next one would wait for nobody.
    this.draining = undefined;
  }

  /** One caller's refused record is not to fail its neighbours. */
  private async sendApart(group: readonly Pending[]): Promise<void> {
    for (const item of group) {
      const failure = await this.sendGroup([item]);
      if (failure === undefined) item.resolve();
      else item.reject(failure);
    }
  }

  /** The first append, and those behind it that fit with it into one request. */
  private takeGroup(): Pending[] {
    const bytes = new Map<string, number>();
    let count = 0;
    for (const { topic, records } of this.pending) {
      let fits = true;
      for (const record of records) {
        const name = `${topic}/${record.partition}`;
        const sum = (bytes.get(name) ?? 0) + record.value.length;
        bytes.set(name, sum);
        if (sum > BATCH_BYTES_MAX) fits = false;
      }
      if (!fits && count > 0) break;
      count += 1;
      if (!fits) break;
    }
    return this.pending.splice(0, count);
  }

  /** @returns why it failed. */
  private async sendGroup(group: readonly Pending[]): Promise<AppError | undefined> {
    try {
      for (const request of requestsOf(group)) {
        const producer = await this.connected();
        const acknowledged = await producer.sendBatch({
          acks: -1,
          timeout: 30_000,
          compression: this.options.compression === 'none' ? CompressionTypes.None : CompressionTypes.GZIP,
          topicMessages: [...request].map(([topic, messages]) => ({ topic, messages })),
        });
        checkAcknowledged(request, acknowledged);
      }
      return undefined;
    } catch (error) {
      void this.discard();
      const told = kafkaError('append records', error);
      this.deps.logger.warn({ code: told.code, error: told.message }, 'appending to Kafka failed');
      return told;
    }
  }

  private connected(): Promise<Producer> {
    this.producer ??= this.connect();
    return this.producer;
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      this.producer = undefined;
      throw error;
    }
  }

  private async discard(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.then((made) => made.disconnect()).catch(() => undefined);
  }
}

/**
 * kafkajs leaves out, without a word, what goes to a partition that its metadata do not name at the moment.
 * @throws Error when the brokers did not acknowledge every partition of the request.
 */
function checkAcknowledged(
  request: ReadonlyMap<string, readonly Message[]>,
  acknowledged: readonly RecordMetadata[],
): void {
  const named = new Set(acknowledged.map(({ topicName, partition }) => `${topicName}/${String(partition)}`));
  for (const [topic, messages] of request) {
    const left = messages.find(({ partition }) => !named.has(`${topic}/${String(partition)}`));
    if (left !== undefined) throw new Error(`partition ${String(left.partition)} of ${topic} was not acknowledged`);
  }
}

/** Records in order, cut where a partition's batch would become too large. */
function requestsOf(group: readonly Pending[]): Map<string, Message[]>[] {
  const requests: Map<string, Message[]>[] = [];
  let request = new Map<string, Message[]>();
  let bytes = new Map<string, number>();
  for (const { topic, records } of group) {
    for (const record of records) {
      const name = `${topic}/${record.partition}`;
      const sum = bytes.get(name) ?? 0;
      if (sum > 0 && sum + record.value.length > BATCH_BYTES_MAX) {
        requests.push(request);
        request = new Map();
        bytes = new Map();
      }
      bytes.set(name, (bytes.get(name) ?? 0) + record.value.length);
      const messages = request.get(topic) ?? [];
      request.set(topic, messages);
      messages.push({
        partition: record.partition,
        key: record.key,
        value: record.value,
        headers: { ...record.headers },
        timestamp: String(record.timestampMs),
      });
    }
  }
  requests.push(request);
  return requests;
}
