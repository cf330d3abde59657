/**
 * Takes findings and sends alerts until it is killed or has nothing left to do. Arguments: data directory, file
 * with the destinations as configured, findings file, and where it kills itself: `before` or `after` and the name of a step
 * (`owe`, `alerts`, `alert_history`, `post`, `note`), at its second time in this life. Prints `ready`, and `done` when every
 * finding is accepted and the outbox is empty.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAlerting } from '../../dist/api/alerts/alerting.js';
import { destinationsOf } from '../../dist/api/alerts/destinations.js';
import { createDeliveryRepository } from '../../dist/api/alerts/store-repository.js';
import { ClickHouseStore } from '../../dist/ingest/store/clickhouse-store.js';

const [directory, destinationsFile, findingsFile, killAt] = process.argv.slice(2);
let passed = 0;
const pass = (point) => {
  if (point === killAt && (passed += 1) === 2) process.kill(process.pid, 'SIGKILL');
};
const stepped = async (name, work) => {
  pass(`before ${name}`);
  const result = await work();
  pass(`after ${name}`);
  return result;
};
/** What is owed is written before anything else, how an attempt ended after it. */
const nameOf = (table, [row]) =>
  table !== 'deliveries' ? table : row.state === 'pending' && row.attempt === 0 ? 'owe' : 'note';
const { fetch } = globalThis;
globalThis.fetch = (...request) => stepped('post', () => fetch(...request));
const clock = { nowMs: () => Date.now() };
const quiet = () => undefined;
const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
await store.start();
await store.migrator.up();
const configured = JSON.parse(readFileSync(destinationsFile, 'utf8'));
const { service, dispatcher } = createAlerting({
  querier: store.querier,
  writer: {
    insertRows: (table, rows, token) =>
      stepped(nameOf(table, rows), () => store.writer.insertRows(table, rows, token)),
  },
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
