/**
 * Takes findings and sends alerts until it is killed or has nothing left to do. Arguments: data directory, file
 * with the destinations as configured, findings file. Prints `ready`, and `done` when every finding is accepted and the outbox is empty.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAlerting } from '../../dist/api/alerts/alerting.js';
import { destinationsOf } from '../../dist/api/alerts/destinations.js';
import { createDeliveryRepository } from '../../dist/api/alerts/store-repository.js';
import { ClickHouseStore } from '../../dist/ingest/store/clickhouse-store.js';

const [directory, destinationsFile, findingsFile] = process.argv.slice(2);
const clock = { nowMs: () => Date.now() };
const quiet = () => undefined;
const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
await store.start();
await store.migrator.up();
const configured = JSON.parse(readFileSync(destinationsFile, 'utf8'));
const { service, dispatcher } = createAlerting({
  querier: store.querier,
  writer: store.writer,
  destinations: destinationsOf(configured, (file) => readFileSync(file, 'utf8'), clock),
  baseUrl: 'http://127.0.0.1',
  clock,
  random: Math.random,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  dispatcher: { backoffBaseMs: 20, backoffCapMs: 100, refreshMs: 500 },
});
await dispatcher.start();
process.stdout.write('ready\n');
const findings = JSON.parse(readFileSync(findingsFile, 'utf8'));
for (let at = 0; at < findings.length; at += 3) await service.accept(findings.slice(at, at + 3));
const outbox = createDeliveryRepository(store.querier, store.writer);
while ((await outbox.pending(1)).length > 0) await delay(20);
await dispatcher.stop(5000);
await store.stop();
process.stdout.write('done\n');
