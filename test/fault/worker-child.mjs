// The process that the fault test kills: appends generated events like a collector and runs the worker beside it.
// Arguments: data directory, first event to append, number of events in all.
import { createEmbeddedEventLog } from '../../dist/ingest/log/embedded/embedded-event-log.js';
import { topics } from '../../dist/ingest/log/event-log.js';
import { eventKey, partitionFor } from '../../dist/ingest/log/partitioner.js';
import { encodeEvents } from '../../dist/ingest/event/event-codec.js';
import { deterministicUuid } from '../../dist/ingest/event/event-uid.js';
import { formatTime } from '../../dist/ingest/event/time.js';
import { ClickHouseStore } from '../../dist/ingest/store/clickhouse-store.js';
import { systemClock } from '../../dist/ingest/core/clock.js';
import { createDetectors } from '../../dist/detectors/registry.js';
import { createWorker } from '../../dist/detectors/worker/worker.js';
import { workerOptionsSchema } from '../../dist/detectors/worker/worker-options.js';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { killedRunEvent } from './killed-run-events.mjs';

const [directory, firstText, totalText] = process.argv.slice(2);
const total = Number(totalText);
const CHUNK = 500;
const PARTITIONS = 3;

const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
const log = createEmbeddedEventLog(
  { directory: join(directory, 'log'), freeBytesMin: 0 },
  { clock: systemClock, logger, random: Math.random },
);
const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
await log.start();
await store.start();
await store.migrator.up();
const spec = { replicationFactor: 1, retentionMs: -1 };
await log.ensureTopics([
  { topic: topics.tokenEvents, partitions: PARTITIONS, ...spec },
  { topic: topics.principalObservations, partitions: 2, ...spec },
  { topic: topics.findings, partitions: 1, ...spec },
  { topic: topics.deadLetters, partitions: 1, ...spec },
]);
const options = workerOptionsSchema.parse({
  blockRowsMax: 3000,
  blockAgeMs: 150,
  idleFlushMs: 3_600_000,
  checkpointIntervalMs: 400,
});
const worker = createWorker(options, { log, store, clock: systemClock, logger, detectors: createDetectors() });
await worker.start();
process.stdout.write('ready\n');

const writer = log.writer();
for (let from = Number(firstText); from < total; from += CHUNK) {
  const byPartition = new Map();
  for (let n = from; n < Math.min(total, from + CHUNK); n += 1) {
    const event = killedRunEvent(n, { deterministicUuid, formatTime });
    const partition = partitionFor(eventKey(event), PARTITIONS);
    const list = byPartition.get(partition) ?? [];
    list.push(event);
    byPartition.set(partition, list);
  }
  const records = [...byPartition].map(([partition, events]) => ({
    partition,
    key: null,
    value: encodeEvents(events),
    headers: {},
    timestampMs: 0,
  }));
  await writer.append(topics.tokenEvents, records);
  process.stdout.write(`acked ${from + CHUNK}\n`);
  await wait(20);
}
// Against the log itself: the worker's own lag knows nothing of records that wait for their turn behind a slow insert.
const stored = async (stage, topic) => {
  const own = worker.status().filter((state) => state.stage === stage);
  const committed = new Map(own.map((state) => [state.partition, state.committed]));
  const offsets = await log.offsets(topic);
  return offsets.every(({ partition, low, high }) => high === low || (committed.get(partition) ?? 0n) >= high);
};
while (!(await stored('token', topics.tokenEvents))) await wait(50);
while (!(await stored('principal', topics.principalObservations))) await wait(50);
await worker.stop(20_000);
await log.stop(5_000);
await store.stop();
process.stdout.write('done\n');
