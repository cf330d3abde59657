import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { AppError } from '../../core/errors.js';
import type { EventLog, EventLogReader, EventLogWriter, ReaderOptions, StoredRecord, TopicSpec } from '../event-log.js';
import { KafkaAdmin } from './kafka-admin.js';
import { KafkaBrowser } from './kafka-browser.js';
import { createKafka, defaultRecordBytesMax, type KafkaLogDeps, type KafkaLogOptions } from './kafka-client.js';
import { stoppedError } from './kafka-errors.js';
import { KafkaReader } from './kafka-reader.js';
import { KafkaWriter } from './kafka-writer.js';

export type { KafkaLogOptions } from './kafka-client.js';

/** The event log on Apache Kafka. Nothing connects before it is used, and a broker that is away is tried again. */
export function createKafkaEventLog(options: KafkaLogOptions, deps: KafkaLogDeps): EventLog {
  return new KafkaEventLog(options, deps);
}

class KafkaEventLog implements EventLog {
  readonly name = 'kafka event log';
  private readonly kafka: Kafka;
  private readonly admin: KafkaAdmin;
  private readonly browsers = new Map<string, KafkaBrowser>();
  private readonly parts = new Set<EventLogReader | EventLogWriter>();
  private stopped = false;
  private readonly options: KafkaLogOptions;
  private readonly deps: KafkaLogDeps;

  constructor(options: KafkaLogOptions, deps: KafkaLogDeps) {
    this.options = options;
    this.deps = deps;
    this.kafka = createKafka(options, deps.logger);
    this.admin = new KafkaAdmin(this.kafka, options.recordBytesMax ?? defaultRecordBytesMax);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async stop(deadlineMs: number): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await Promise.all([...this.parts].map((part) => part.stop(deadlineMs)));
    await Promise.all([...this.browsers.values()].map((browser) => browser.close()));
    await this.admin.close();
  }

  private checkOpen(): void {
    if (this.stopped) throw stoppedError();
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.checkOpen();
    for (const spec of specs) await this.admin.ensureTopic(spec);
  }

  writer(): EventLogWriter {
    const writer = new KafkaWriter(this.kafka, this.admin, this.options, this.deps);
    if (this.stopped) void writer.stop(0);
    this.parts.add(writer);
    return writer;
  }

  reader(options: ReaderOptions): EventLogReader {
    const reader = new KafkaReader(this.kafka, this.admin, options, this.options, this.deps);
    if (this.stopped) void reader.stop(0);
    this.parts.add(reader);
    return reader;
  }

  async browse(topic: string, partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]> {
    this.checkOpen();
    const browser =
      this.browsers.get(topic) ??
      new KafkaBrowser(this.kafka, this.admin, topic, `${this.options.clientId}-browse-${randomUUID()}`);
    this.browsers.set(topic, browser);
    return browser.read(partition, from, max);
  }

  async offsets(topic: string): Promise<readonly { partition: number; low: bigint; high: bigint }[]> {
    this.checkOpen();
    const found = await this.admin.offsets(topic);
    if (found.length > 0) return found;
    throw new AppError('TQ_LOG_REFUSED', `Kafka has no topic ${topic}.`, { mend: 'Create it first (ensureTopics).' });
  }
}
