// The product's own parts, composed as `tourniquet replay` and `tourniquet worker` compose them.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openCheckpointStore } from '#built/ingest/pipeline/checkpoint-store.js';
import { createEventSink } from '#built/ingest/pipeline/event-sink.js';
import { parseRecords } from '#built/ingest/pipeline/record-parser.js';
import { replayFiles } from '#built/ingest/pipeline/replay.js';
import { systemClock } from '#built/ingest/core/clock.js';
import { silentLogger } from '#built/ingest/core/logger.js';
import { loadMigrations, StoreMigrator } from '#built/ingest/store/migrator.js';
import { createFingerprinter } from '#built/ingest/event/fingerprint.js';
import { configSchema } from '#built/api/config/schema.js';
import { ThreadedReplay } from '#built/api/cli/actions/threaded-replay.js';
import { openFingerprinter } from '#built/api/cli/fingerprint-keys.js';
import { Lifecycle } from '#built/api/cli/lifecycle.js';
import { createSurroundings } from '#built/api/cli/open-parts.js';
import { nginxSource } from './lines.mjs';

export const deps = { clock: systemClock, logger: silentLogger, random: Math.random };
export const newFingerprinter = () => createFingerprinter([{ id: 'bench', key: randomBytes(32) }]);

/** @param options `clickhouse`: URL of a process with the engine, for user default and the password of `passwordFile`. */
export function surroundingsOf({ directory, brokers, clickhouse, passwordFile, detectors = {} }) {
  const log =
    brokers === undefined ? { kind: 'embedded' } : { kind: 'kafka', brokers, partitions: 4, replication_factor: 1 };
  const store =
    clickhouse === undefined
      ? { kind: 'embedded' }
      : { kind: 'clickhouse', url: clickhouse, username: 'default', password_file: passwordFile };
  const config = configSchema.parse({ data_dir: directory, log, store, detectors });
  return createSurroundings({ config, lifecycle: new Lifecycle(), ...deps });
}

/** Everything is stopped whatever happens. */
export async function withSurroundings(job, body) {
  const surroundings = surroundingsOf(job);
  try {
    return await body(surroundings);
  } finally {
    await surroundings.lifecycle.stop(30_000);
  }
}

/** File → parser → log, through the code of `tourniquet replay`. Resolves to the number of durable events. */
export async function collect(path, writer, directory) {
  const checkpoints = await openCheckpointStore(join(directory, 'checkpoints', 'bench.json'), deps);
  try {
    const sink = createEventSink({ writer, ...deps });
    const input = { path, source: nginxSource(), instance: 'edge' };
    const summary = await replayFiles([input], { sink, checkpoints, fingerprinter: newFingerprinter(), ...deps });
    return summary.counts.events;
  } finally {
    await checkpoints.close();
  }
}

/** The same as `tourniquet replay` does it: in a thread beside the worker, which it feeds. */
export async function collectBeside(path, writer, { config, lifecycle, logger }) {
  openFingerprinter(config);
  const source = { name: 'edge', product: 'nginx', options: {} };
  const deps = { writer, logger, onProgress: () => undefined };
  const replay = await lifecycle.start(new ThreadedReplay({ config, files: [{ path, source }] }, deps));
  return (await replay.summary()).counts.events;
}

export function parseLines(lines, fingerprinter, source = nginxSource(), container = 'bench') {
  const records = lines.map((text, offset) => ({ text, offset }));
  return parseRecords({ source, instance: 'edge' }, records, container, { fingerprinter, ...deps });
}

/** The engine in a fresh directory, its tables made. To be closed. */
export async function openEngine(directory) {
  // Not with the module: the engine's library would count as memory of a worker that does without.
  const { EmbeddedConnection } = await import('#built/ingest/store/embedded-connection.js');
  const connection = await EmbeddedConnection.open(join(directory, 'clickhouse'), systemClock);
  await new StoreMigrator(
    () => connection,
    { kind: 'single' },
    () => loadMigrations(),
  ).up();
  return connection;
}
