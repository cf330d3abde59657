import { z } from 'zod';
import type { Finding } from '../../detectors/core/finding.js';
import type { Component } from '../../ingest/core/component.js';
import type { Clock } from '../../ingest/core/clock.js';
import type { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import {
  topics,
  type EventLog,
  type EventLogReader,
  type PartitionHandler,
  type RecordBatch,
} from '../../ingest/log/event-log.js';
import type { AlertService } from './alert-service.js';
import { findingSchema } from './finding-schema.js';

export interface FindingsConsumerDeps {
  readonly log: EventLog;
  readonly alerts: AlertService;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health?: HealthRegistry;
  readonly groupId?: string;
}

const PART = 'alerts.grouper';

/**
 * Reads the findings topic and groups what it holds; an offset is committed only when alerts and deliveries are
 * durable. The owner of partition 0 is the one process that sends deliveries (`mayDispatch` of the dispatcher).
 */
export class FindingsConsumer implements Component {
  readonly name = 'findings-consumer';
  readonly #deps: FindingsConsumerDeps;
  readonly #reader: EventLogReader;
  #ownsFirst = false;
  #next = 0n;

  constructor(deps: FindingsConsumerDeps) {
    this.#deps = deps;
    deps.health?.declare(PART, { maxAgeMs: 60_000 });
    const handler: PartitionHandler = {
      assigned: ({ partition, committed }) => {
        if (partition === 0) {
          this.#ownsFirst = true;
          this.#next = committed.offset ?? 0n;
        }
        return Promise.resolve(committed.offset);
      },
      batch: (batch, heartbeat) => this.#batch(batch, heartbeat),
      revoked: (_topic, partition) => {
        if (partition === 0) this.#ownsFirst = false;
        return Promise.resolve();
      },
    };
    this.#reader = deps.log.reader({ topic: topics.findings, groupId: deps.groupId ?? 'tourniquet-alerts', handler });
  }

  /** Offset of partition 0 up to which findings have become durable alerts. */
  get next(): bigint {
    return this.#next;
  }

  /** True while this process owns partition 0 of the findings. */
  mayDispatch(): boolean {
    return this.#ownsFirst;
  }

  async start(): Promise<void> {
    await this.#reader.start();
    this.#deps.health?.report(PART, this.#deps.clock.nowMs());
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#reader.stop(deadlineMs);
  }

  async #batch(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    const { clock, health, alerts } = this.#deps;
    const last = batch.records.at(-1);
    if (last === undefined) return;
    health?.lag(PART, Number(batch.highWatermark - (batch.records[0]?.offset ?? last.offset)), clock.nowMs());
    await heartbeat();
    await alerts.accept(batch.records.flatMap((record) => this.#read(batch, record.value, record.offset)));
    await this.#reader.commit(batch.topic, batch.partition, last.offset + 1n, '');
    if (batch.partition === 0) this.#next = last.offset + 1n;
    health?.report(PART, clock.nowMs());
    health?.lag(PART, Number(batch.highWatermark - last.offset - 1n), clock.nowMs());
  }

  /** A record that is not a finding is logged with its place and left in the topic; its neighbours go on. */
  #read(batch: RecordBatch, value: Buffer, offset: bigint): readonly Finding[] {
    const place = { topic: batch.topic, partition: batch.partition, offset: String(offset) };
    try {
      return [findingSchema.parse(JSON.parse(value.toString('utf8')))];
    } catch (error) {
      const faults =
        error instanceof z.ZodError ? error.issues.map((issue) => issue.path.join('.')).join(', ') : 'JSON';
      this.#deps.logger.error(
        { ...place, faults },
        'a record of the findings topic is not a finding; it is passed over',
      );
      return [];
    }
  }
}
