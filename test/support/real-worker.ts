import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Logger } from '../../ingest/core/logger.js';
import { silentLogger } from '../../ingest/core/logger.js';
import { systemClock } from '../../ingest/core/clock.js';
import { encodeEvents } from '../../ingest/event/event-codec.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { createEmbeddedEventLog } from '../../ingest/log/embedded/embedded-event-log.js';
import { topics, type AppendRecord, type EventLog } from '../../ingest/log/event-log.js';
import { eventKey, partitionFor } from '../../ingest/log/partitioner.js';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import type { Store } from '../../ingest/store/store.js';
import type { Finding } from '../../detectors/core/finding.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import type { RuleDuty } from '../../detectors/worker/rules/rule-duty.js';
import { createWorker, type Worker } from '../../detectors/worker/worker.js';
import { workerOptionsSchema, type WorkerOptions } from '../../detectors/worker/worker-options.js';
import { prepareStore } from './prepared-store.js';

export interface RealParts {
  readonly directory: string;
  readonly log: EventLog;
  readonly store: Store;
  stop(): Promise<void>;
}

/** The embedded log and the ClickHouse engine in one directory, with topics and tables. */
export async function openParts(
  directory: string,
  partitions: number,
  logger: Logger = silentLogger,
  principalPartitions = 2,
): Promise<RealParts> {
  const log = createEmbeddedEventLog(
    { directory: join(directory, 'log'), freeBytesMin: 0 },
    { clock: systemClock, logger, random: () => 0.5 },
  );
  const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
  const stop = async (): Promise<void> => {
    await log.stop(10_000);
    await store.stop();
  };
  try {
    await log.start();
    await prepareStore(join(directory, 'clickhouse'));
    await store.start();
    await store.migrator.up();
    const spec = { replicationFactor: 1, retentionMs: -1 };
    await log.ensureTopics([
      { topic: topics.tokenEvents, partitions, ...spec },
      { topic: topics.principalObservations, partitions: principalPartitions, ...spec },
      { topic: topics.findings, partitions: 1, ...spec },
      { topic: topics.deadLetters, partitions: 1, ...spec },
    ]);
    return { directory, log, store, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tourniquet worker '));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Parts in a directory of their own, stopped and removed whatever happens. */
export async function withParts<T>(partitions: number, work: (parts: RealParts) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const parts = await openParts(directory, partitions);
    try {
      return await work(parts);
    } finally {
      await parts.stop();
    }
  });
}

export interface WorkerSetUp {
  readonly options?: Partial<WorkerOptions>;
  readonly detectors?: DetectorsOptions;
  readonly onFinding?: (findings: readonly Finding[]) => Promise<void>;
  readonly logger?: Logger;
  readonly ruleDuty?: RuleDuty;
}

export function makeWorker(parts: RealParts, setUp: WorkerSetUp = {}): Worker {
  const { onFinding, ruleDuty } = setUp;
  return createWorker(workerOptionsSchema.parse(setUp.options ?? {}), {
    log: parts.log,
    store: parts.store,
    clock: systemClock,
    logger: setUp.logger ?? silentLogger,
    detectors: createDetectors(setUp.detectors),
    ...(onFinding === undefined ? {} : { onFinding }),
    ...(ruleDuty === undefined ? {} : { ruleDuty }),
  });
}

/** Appends events as collectors do: several of a partition in a record. */
export async function appendEvents(log: EventLog, events: readonly TokenEvent[], perRecord = 50): Promise<void> {
  const writer = log.writer();
  const partitions = await writer.partitions(topics.tokenEvents);
  const byPartition = new Map<number, TokenEvent[]>();
  for (const event of events) {
    const partition = partitionFor(eventKey(event), partitions);
    const list = byPartition.get(partition) ?? [];
    list.push(event);
    byPartition.set(partition, list);
  }
  const records: AppendRecord[] = [];
  for (const [partition, list] of byPartition) {
    for (let at = 0; at < list.length; at += perRecord) {
      const some = list.slice(at, at + perRecord);
      records.push({ partition, key: null, value: encodeEvents(some), headers: {}, timestampMs: 0 });
    }
  }
  await writer.append(topics.tokenEvents, records);
}

export async function until(condition: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition was not met in time.');
    await wait(20);
  }
}

/** One row of numbers by a SELECT. */
export async function numbers(parts: RealParts, sql: string): Promise<Record<string, number>> {
  const query = { name: 'test', sql, params: z.object({}), row: z.record(z.string(), z.coerce.number()) };
  const [row] = await parts.store.querier.run(query, {});
  if (row === undefined) throw new Error('no row');
  return row;
}

/** One life of a worker: takes the events, finds what there is, stops. */
export async function workThrough(
  parts: RealParts,
  events: readonly TokenEvent[],
  found: Finding[],
  detectors?: DetectorsOptions,
): Promise<void> {
  const worker = makeWorker(parts, {
    options: { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 },
    ...(detectors !== undefined && { detectors }),
    onFinding: (findings) => {
      found.push(...findings);
      return Promise.resolve();
    },
  });
  await worker.start();
  await appendEvents(parts.log, events, 10);
  await until(() => worker.caughtUp());
  await worker.stop(10_000);
}
