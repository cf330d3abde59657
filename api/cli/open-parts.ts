import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../ingest/core/clock.js';
import { backoffMs } from '../../ingest/core/backoff.js';
import { AppError, describeError, isRetryable } from '../../ingest/core/errors.js';
import { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import { createEventSink, type EventSink } from '../../ingest/pipeline/event-sink.js';
import type { EventEnricher } from '../../ingest/pipeline/record-parser.js';
import type { GeoEnricher } from '../../ingest/enrich/geo/geo-enricher.js';
import type { EventLog, EventLogWriter } from '../../ingest/log/event-log.js';
import { topics } from '../../ingest/log/event-log.js';
import type { Retention } from '../../ingest/store/retention.js';
import type { Store } from '../../ingest/store/store.js';
import type { Config } from '../config/schema.js';
import type { Lifecycle } from './lifecycle.js';
import { kafkaOptions } from './kafka-options.js';
import { readSecretFile } from './secret-file.js';

/** What every role of a process is built from. */
export interface Surroundings {
  readonly config: Config;
  /** Reads it again, for a process that goes on. @throws AppError TQ_CONFIG_INVALID, TQ_FILE_UNREADABLE */
  readonly reread?: () => Config;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly health: HealthRegistry;
  readonly stdin: () => Readable;
  /** Attempts to reach log and store at the start: a service waits for them for ever, a command gives up. */
  readonly startAttemptsMax: number;
  /** Gives the API's port free for the API, where it is held until then. */
  readonly releaseApiPort?: () => Promise<void>;
}

export function createSurroundings(base: Omit<Surroundings, 'health' | 'stdin' | 'startAttemptsMax'>): Surroundings {
  return { ...base, health: new HealthRegistry(), stdin: () => process.stdin, startAttemptsMax: 3 };
}

/** @throws AppError TQ_DATA_DIR_UNUSABLE */
export function ensureDataDir(config: Config): void {
  try {
    mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new AppError('TQ_DATA_DIR_UNUSABLE', `The data directory ${config.data_dir} cannot be made.`, {
      mend: 'Make it writable, or name another with data_dir.',
      cause,
    });
  }
}

/** Repeats what failed only because a neighbour is away. */
async function patiently<T>(s: Surroundings, what: string, operation: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!isRetryable(error) || attempt >= s.startAttemptsMax) throw error;
      const waitMs = backoffMs(attempt, s.random(), 500, 15_000);
      s.logger.warn({ attempt, wait_ms: waitMs, error: describeError(error) }, `${what} is away; trying again`);
      await delay(waitMs);
    }
  }
}

/** Opens the log and makes the topics that are missing. */
export async function openLog(s: Surroundings): Promise<EventLog> {
  const { config, lifecycle, clock, logger, random } = s;
  const { log } = config;
  if (log.kind === 'embedded') {
    const { createEmbeddedEventLog } = await import('../../ingest/log/embedded/embedded-event-log.js');
    const opened = await lifecycle.start(
      createEmbeddedEventLog({ directory: join(config.data_dir, 'log') }, { clock, logger, random }),
    );
    await ensureTopics(opened, log, 1, 7 * 86_400_000);
    return opened;
  }
  const { createKafkaEventLog } = await import('../../ingest/log/kafka/kafka-event-log.js');
  const opened = await lifecycle.start(createKafkaEventLog(kafkaOptions(log), { logger, random }));
  await patiently(s, 'the event log', () => ensureTopics(opened, log, log.replication_factor, log.retention));
  return opened;
}

async function ensureTopics(
  log: EventLog,
  counts: Pick<Config['log'], 'partitions' | 'principal_partitions'>,
  replicationFactor: number,
  retentionMs: number,
): Promise<void> {
  await log.ensureTopics([
    { topic: topics.tokenEvents, partitions: counts.partitions, replicationFactor, retentionMs },
    {
      topic: topics.principalObservations,
      partitions: counts.principal_partitions,
      replicationFactor,
      retentionMs,
    },
    // One partition: its owner is the one process that groups findings into alerts.
    { topic: topics.findings, partitions: 1, replicationFactor, retentionMs },
    {
      topic: topics.deadLetters,
      partitions: 1,
      replicationFactor,
      retentionMs: Math.max(retentionMs, 30 * 86_400_000),
    },
  ]);
}

/** Where collectors hand over, in the form that the configuration has for records. */
export function openSink(
  { config, clock, logger }: Pick<Surroundings, 'config' | 'clock' | 'logger'>,
  writer: EventLogWriter,
): EventSink {
  const format = config.log.kind === 'kafka' ? config.log.record_format : 'packed';
  return createEventSink({ writer, clock, logger }, { format });
}

/** The databases that place clients; undefined where the configuration switches them off. */
export async function openGeo({ config, lifecycle, logger }: Surroundings): Promise<GeoEnricher | undefined> {
  const { enabled, databases } = config.enrich.geo;
  if (!enabled) return undefined;
  const { createGeoEnricher } = await import('../../ingest/enrich/geo/geo-enricher.js');
  return lifecycle.start(createGeoEnricher({ databases }, logger));
}

/** All that is added to events between parser and log. */
export async function openEnricher(s: Surroundings): Promise<EventEnricher> {
  const { createEventEnricher } = await import('../../ingest/enrich/event-enricher.js');
  return createEventEnricher(await openGeo(s), { networks: s.config.enrich.networks });
}

/** Opens the store and brings its tables up to date. */
export async function openStore(s: Surroundings, options = { migrate: true }): Promise<Store> {
  const { config, lifecycle, clock } = s;
  const { store } = config;
  const { ClickHouseStore } = await import('../../ingest/store/clickhouse-store.js');
  const opened = new ClickHouseStore(
    store.kind === 'embedded'
      ? { kind: 'embedded', directory: join(config.data_dir, 'clickhouse') }
      : {
          kind: 'server',
          url: store.url,
          database: store.database,
          username: store.username,
          password: store.password_file === undefined ? '' : readSecretFile(store.password_file).trim(),
          ...(store.analyst === undefined
            ? {}
            : {
                analyst: {
                  username: store.analyst.username,
                  password:
                    store.analyst.password_file === undefined ? '' : readSecretFile(store.analyst.password_file).trim(),
                },
              }),
          topology: store.cluster === undefined ? { kind: 'single' } : { kind: 'cluster', cluster: store.cluster },
        },
    { clock, retention: retentionOf(store.retention) },
  );
  await patiently(s, 'the store', () => opened.start());
  await lifecycle.start(opened);
  if (options.migrate) await patiently(s, 'the store', () => opened.migrator.up());
  return opened;
}

function retentionOf({ events_days, rollups_days, findings_days }: Config['store']['retention']): Retention {
  return {
    ...(events_days === undefined ? {} : { events: events_days }),
    ...(rollups_days === undefined ? {} : { rollups: rollups_days }),
    ...(findings_days === undefined ? {} : { findings: findings_days }),
  };
}
