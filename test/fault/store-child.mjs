// The process that the fault test kills: stores numbered blocks and says each one that was acknowledged.
// Arguments: data directory, first block, number of blocks in all, events a block.
import { ClickHouseStore } from '../../dist/ingest/store/clickhouse-store.js';

const [directory, ...numbers] = process.argv.slice(2);
const [first, blocks, size] = numbers.map(Number);

/** Four months, seven tokens, three services: every block feeds several partitions of every roll-up. */
const eventOf = (n) => {
  const time = new Date(Date.UTC(2026, n % 4, 1 + (n % 27), n % 24)).toISOString();
  return {
    schema_version: 1,
    event_uid: `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`,
    time,
    observed_time: time,
    source: { product: 'nginx', instance: 'edge', kind: 'proxy' },
    action: 'use',
    outcome: n % 5 === 0 ? 'failure' : 'success',
    token: { token_uid: `tok_${String(n % 7).padStart(22, '0')}`, fp_key_id: 'k', identity: 'opaque', kind: 'api_key' },
    client: { address: `10.0.0.${n % 9}` },
    target: { service: `service-${n % 3}`, method: 'GET', route: '/items/{id}', status: 200 },
  };
};

const store = new ClickHouseStore({ kind: 'embedded', directory });
await store.start();
await store.migrator.up();
process.stdout.write('ready\n');
for (let block = first; block < blocks; block++) {
  const events = Array.from({ length: size }, (_, i) => ({
    event: eventOf(block * size + i),
    partition: 0,
    offset: BigInt(block),
  }));
  await store.writer.insertEvents(events, `topic:0:${block}-${block}`);
  process.stdout.write(`stored ${block}\n`);
}
await store.stop();
