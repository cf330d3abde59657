import { join } from 'node:path';
import { z } from 'zod';
import { topics, type EventLog } from '../../ingest/log/event-log.js';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import { defineQuery } from '../../ingest/store/query.js';

/** Compressed parts hide what they hold from a search of bytes, so every row is read as well. */
export async function rowsOf(data: string): Promise<string> {
  const store = new ClickHouseStore({ kind: 'embedded', directory: join(data, 'clickhouse') });
  await store.start();
  try {
    const read = async (name: string, sql: string): Promise<string[]> => {
      const query = defineQuery({ name, sql, params: z.object({}), row: z.object({ row: z.string() }) });
      return (await store.querier.run(query, {})).map(({ row }) => row);
    };
    const tables = await read(
      'canary.tables',
      "SELECT name AS row FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
    );
    expect(tables).toEqual(expect.arrayContaining(['token_events', 'tokens', 'deliveries', 'detector_state']));
    const found: string[] = [];
    for (const table of tables) {
      const rows = await read(`canary.${table}`, `SELECT toString(tuple(*)) AS row FROM ${table}`);
      if (table === 'token_events') expect(rows.length).toBeGreaterThan(25);
      found.push(...rows);
    }
    return found.join('\n');
  } finally {
    await store.stop();
  }
}

export async function recordsOf(log: EventLog): Promise<string> {
  await log.start();
  try {
    const found: string[] = [];
    for (const topic of Object.values(topics)) {
      for (const { partition, low } of await log.offsets(topic)) {
        for (const record of await log.browse(topic, partition, low, 10_000)) {
          found.push(record.value.toString('utf8'), JSON.stringify(record.headers), record.key?.toString('utf8') ?? '');
        }
      }
    }
    expect(found.length).toBeGreaterThan(20);
    return found.join('\n');
  } finally {
    await log.stop(5000);
  }
}
