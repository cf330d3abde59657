import { z } from 'zod';
import type { Finding } from '../../detectors/core/finding.js';
import type { Clock } from '../../ingest/core/clock.js';
import type { Component } from '../../ingest/core/component.js';
import type { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { EventLog, EventLogReader, PartitionHandler, RecordBatch } from '../../ingest/log/event-log.js';
import { topics } from '../../ingest/log/event-log.js';
import { findingSchema } from './finding-schema.js';

export interface FindingsReaderDeps {
  readonly log: EventLog;
  readonly groupId: string;
  /** Resolves when the findings are grouped into durable alerts; called again with the same ones after a failure. */
  readonly accept: (findings: readonly Finding[]) => Promise<unknown>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly health?: HealthRegistry;
}

const PART = 'alerts.reader';

/**
 * Brings findings from the log to the alerts. The topic has one partition, so the group's one owner is the only one
 * that groups and sends; an offset is committed after the alerts are durable, and repeated findings change nothing.
 */
export class FindingsReader implements Component, PartitionHandler {
  readonly name = 'findings-reader';
  readonly #deps: FindingsReaderDeps;
  readonly #reader: EventLogReader;
  #next = 0n;
  #owner = false;

  constructor(deps: FindingsReaderDeps) {
    this.#deps = deps;
    this.#reader = deps.log.reader({ topic: topics.findings, groupId: deps.groupId, handler: this });
    deps.health?.declare(PART, { maxAgeMs: 60_000 });
  }

  /** Offset up to which findings have become durable alerts. */
  get next(): bigint {
    return this.#next;
  }

  /** Whether this process owns the topic's partition: the lease for work that exactly one process may do. */
  get owner(): boolean {
    return this.#owner;
  }

  async start(): Promise<void> {
    await this.#reader.start();
    this.#deps.health?.report(PART, this.#deps.clock.nowMs());
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#reader.stop(deadlineMs);
  }

  assigned(assignment: { readonly committed: { readonly offset: bigint | null } }): Promise<bigint | null> {
    this.#next = assignment.committed.offset ?? 0n;
    this.#owner = true;
    return Promise.resolve(assignment.committed.offset);
  }

  async batch(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    const last = batch.records.at(-1);
    if (last === undefined) return;
    const { accept, clock, health } = this.#deps;
    health?.lag(PART, Number(batch.highWatermark - this.#next), clock.nowMs());
    const findings = batch.records.flatMap((record) => this.#decode(record.value, record.offset));
    await heartbeat();
    await accept(findings);
    await this.#reader.commit(batch.topic, batch.partition, last.offset + 1n, '');
    this.#next = last.offset + 1n;
    health?.report(PART, clock.nowMs());
    health?.lag(PART, Number(batch.highWatermark - this.#next), clock.nowMs());
  }

  revoked(): Promise<void> {
    this.#owner = false;
    return Promise.resolve();
  }

  /** One finding a line. A line that is none is logged with its place and passed over; its neighbours go on. */
  #decode(value: Buffer, offset: bigint): Finding[] {
    return value
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line, index) => {
        try {
          return [findingSchema.parse(JSON.parse(line))];
        } catch (error) {
          const faults = error instanceof z.ZodError ? error.issues.map((issue) => issue.path.join('.')) : ['not JSON'];
          this.#deps.logger.error(
            { topic: topics.findings, offset: String(offset), line: index + 1, faults: faults.slice(0, 10) },
            'a record of the findings topic is no finding; it is passed over',
          );
          return [];
        }
      });
  }
}
