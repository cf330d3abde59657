import { z } from 'zod';
import type { Component } from '../../core/component.js';
import { describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import type {
  EventLog,
  EventLogReader,
  PartitionAssignment,
  PartitionHandler,
  RecordBatch,
} from '../../log/event-log.js';
import { handOver } from '../../pipeline/delivery.js';
import { parseRecords, type SourceBinding } from '../../pipeline/record-parser.js';
import { recordsOfValue } from '../../pipeline/value-records.js';
import type { CollectorDeps } from '../collector-deps.js';

export const kafkaTopicConfigSchema = z.strictObject({
  topic: z.string().min(1).max(249),
  group_id: z.string().min(1).max(255).default('tourniquet-collector'),
  start: z
    .enum(['earliest', 'latest'])
    .default('earliest')
    .describe('Where a group begins that has committed nothing yet.'),
  record_bytes_max: z.int().min(1_024).max(67_108_864).default(1_048_576).describe('Longer lines become dead letters.'),
});

export type KafkaTopicConfig = z.output<typeof kafkaTopicConfigSchema>;

export interface KafkaTopicDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  /** The brokers that have the topic; started and stopped by the collector. */
  readonly brokers: EventLog;
  /** Told of every batch that became durable, and of the first that could not. */
  readonly health: HealthRegistry;
  /** Name of the source, which its part in the health has too. */
  readonly name: string;
}

/**
 * Reads raw records from a topic that somebody else writes. A value is one record or lines of them. The group's offset is
 * committed after the events are durable in our log, so a record may be read twice and is never lost; it is named by
 * topic, partition and offset, so the second reading makes no second event. Several collectors share a group.
 */
export function createKafkaTopicCollector(config: KafkaTopicConfig, deps: KafkaTopicDeps): Component {
  return new KafkaTopicCollector(config, deps);
}

class KafkaTopicCollector implements Component, PartitionHandler {
  readonly name: string;
  private readonly config: KafkaTopicConfig;
  private readonly deps: KafkaTopicDeps;
  private readonly reader: EventLogReader;
  private readonly part: string;

  constructor(config: KafkaTopicConfig, deps: KafkaTopicDeps) {
    this.config = config;
    this.deps = deps;
    this.name = `kafka-topic:${config.topic}:${deps.binding.instance}`;
    this.part = `kafka:${deps.name}`;
    deps.health.declare(this.part, { maxAgeMs: 60_000, required: false });
    this.reader = deps.brokers.reader({ topic: config.topic, groupId: config.group_id, handler: this });
  }

  async start(): Promise<void> {
    try {
      await this.deps.brokers.start();
      await this.reader.start();
    } catch (error) {
      this.deps.health.fail(this.part, describeError(error));
      throw error;
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.reader.stop(deadlineMs);
    await this.deps.brokers.stop(deadlineMs);
  }

  async assigned({ topic, partition, committed }: PartitionAssignment): Promise<bigint | null> {
    this.deps.health.report(this.part, this.deps.clock.nowMs());
    if (committed.offset !== null || this.config.start === 'earliest') return committed.offset;
    const offsets = await this.deps.brokers.offsets(topic);
    const high = offsets.find((each) => each.partition === partition)?.high ?? 0n;
    // Kept at once: after a restart the group would else begin at a later end, and miss what came between.
    await this.reader.commit(topic, partition, high, '');
    return high;
  }

  async batch({ topic, partition, records }: RecordBatch): Promise<void> {
    const { binding, sink, onCounts, health, clock } = this.deps;
    const raw = records.flatMap(({ offset, value }) =>
      recordsOfValue(binding.source, value, `kafka:${topic}:${partition}:${offset}`, this.config.record_bytes_max),
    );
    const parsed = parseRecords(binding, raw, `kafka:${topic}:${partition}`, this.deps);
    // A refusal is answered by the reader: it pauses the partition and brings the same records again.
    try {
      await handOver(sink, parsed);
    } catch (error) {
      health.fail(this.part, describeError(error));
      throw error;
    }
    health.report(this.part, clock.nowMs());
    onCounts?.(binding.source.product, binding.instance, parsed.counts);
    const last = records.at(-1);
    if (last === undefined) return;
    try {
      await this.reader.commit(topic, partition, last.offset + 1n, '');
    } catch (error) {
      // Taken away meanwhile: its next owner reads them again, under the same names.
      this.deps.logger.warn({ topic, partition, error: describeError(error) }, 'an offset was not committed');
    }
  }

  revoked(): Promise<void> {
    return Promise.resolve();
  }
}
