import type { Finding } from '../../detectors/core/finding.js';
import type { Component } from '../../ingest/core/component.js';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { EventLog, EventLogReader, PartitionHandler, RecordBatch } from '../../ingest/log/event-log.js';
import { topics } from '../../ingest/log/event-log.js';

export interface FindingsReaderDeps {
  readonly log: EventLog;
  readonly groupId: string;
  /** Resolves when the findings are grouped into durable alerts; called again with the same ones after a failure. */
  readonly accept: (findings: readonly Finding[]) => Promise<unknown>;
  readonly logger: Logger;
}

/**
 * Brings findings from the log to the alerts. The topic has one partition, so the group's one owner is the only one
 * that groups; an offset is committed after the alerts are durable, and repeated findings change nothing.
 */
export class FindingsReader implements Component, PartitionHandler {
  readonly name = 'findings-reader';
  readonly #deps: FindingsReaderDeps;
  readonly #reader: EventLogReader;
  #next = 0n;

  constructor(deps: FindingsReaderDeps) {
    this.#deps = deps;
    this.#reader = deps.log.reader({ topic: topics.findings, groupId: deps.groupId, handler: this });
  }

  /** Offset up to which findings have become durable alerts. */
  get next(): bigint {
    return this.#next;
  }

  start(): Promise<void> {
    return this.#reader.start();
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#reader.stop(deadlineMs);
  }

  assigned(assignment: { readonly committed: { readonly offset: bigint | null } }): Promise<bigint | null> {
    this.#next = assignment.committed.offset ?? 0n;
    return Promise.resolve(assignment.committed.offset);
  }

  async batch(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    const findings = batch.records.flatMap((record) => this.#decode(record.value, record.offset));
    await heartbeat();
    await this.#deps.accept(findings);
    const last = batch.records.at(-1);
    if (last === undefined) return;
    await this.#reader.commit(batch.topic, batch.partition, last.offset + 1n, '');
    this.#next = last.offset + 1n;
  }

  revoked(): Promise<void> {
    return Promise.resolve();
  }

  /** One finding a line. A line that is none is logged and passed over: the finding itself is in the store. */
  #decode(value: Buffer, offset: bigint): Finding[] {
    return value
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        try {
          const parsed: unknown = JSON.parse(line);
          return isFinding(parsed) ? [parsed] : [];
        } catch (error) {
          this.#deps.logger.error(
            { offset: String(offset), error: describeError(error) },
            'a record of the findings topic is no finding',
          );
          return [];
        }
      });
  }
}

function isFinding(value: unknown): value is Finding {
  return (
    typeof value === 'object' && value !== null && 'finding_uid' in value && 'entity_uid' in value && 'score' in value
  );
}
