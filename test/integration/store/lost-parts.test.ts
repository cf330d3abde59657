import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { forgetLostParts } from '../../../ingest/store/lost-parts.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import type { PositionedEvent } from '../../../ingest/store/store.js';

const MONTHS = 3;
const EVENTS = 30;
const BLOCK = 'topic:0:0-29';

const events: readonly PositionedEvent[] = Array.from({ length: EVENTS }, (_, n) => {
  const time = new Date(Date.UTC(2026, n % MONTHS, 1 + n)).toISOString();
  return {
    partition: 0,
    offset: BigInt(n),
    event: {
      schema_version: 1,
      event_uid: `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`,
      time,
      observed_time: time,
      source: { product: 'nginx', instance: 'edge', kind: 'proxy' },
      action: 'use',
      outcome: 'success',
      token: { token_uid: `tok_${'0'.repeat(22)}`, fp_key_id: 'k', identity: 'opaque', kind: 'api_key' },
      client: { address: '10.0.0.1' },
      target: { service: 'orders', method: 'GET', route: '/', status: 200 },
    },
  };
});

/** Opens the engine, does the work and closes it again, as one process after the other does. */
async function withStore<T>(directory: string, work: (store: ClickHouseStore) => Promise<T>): Promise<T> {
  const store = new ClickHouseStore({ kind: 'embedded', directory });
  await store.start();
  try {
    return await work(store);
  } finally {
    await store.stop();
  }
}

async function rows(store: ClickHouseStore, sql: string): Promise<readonly Record<string, unknown>[]> {
  const row = z.record(z.string(), z.unknown());
  return store.querier.run({ name: 'test', sql, params: z.object({}), row }, {});
}

const counted = `SELECT (SELECT count() FROM token_events) AS raw,
  (SELECT sum(requests) FROM token_usage_hourly) AS used, (SELECT sum(events) FROM first_seen) AS seen`;
const whole = { raw: EVENTS, used: EVENTS };

describe('a part that a kill lost after its token was noted', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tourniquet lost parts '));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('is stored by the repetition, in raw rows and roll-ups, and nothing else twice', async () => {
    const before = await withStore(directory, async (store) => {
      await store.migrator.up();
      await store.writer.insertEvents(events, BLOCK);
      const [{ seen } = {}] = await rows(store, counted);
      const parts = await rows(
        store,
        `SELECT table, path FROM system.parts WHERE active AND database = currentDatabase()
         AND table IN ('token_events', 'token_usage_hourly') ORDER BY table, partition`,
      );
      return { seen, paths: parts.map(({ path }) => String(path)) };
    });
    expect(before.paths).toHaveLength(MONTHS + 1);
    // The first month of the raw rows, the year of the roll-up: moved into place by nobody.
    for (const path of [before.paths[0], before.paths.at(-1)]) await rm(path ?? '', { recursive: true });

    await withStore(directory, async (store) => {
      const gap = { raw: EVENTS - EVENTS / MONTHS, used: 0, seen: before.seen };
      expect(await rows(store, counted)).toEqual([gap]);
      await store.writer.insertEvents(events, BLOCK);
      expect(await rows(store, counted)).toEqual([{ ...whole, seen: before.seen }]);
      await store.writer.insertEvents(events, BLOCK);
      expect(await rows(store, counted)).toEqual([{ ...whole, seen: before.seen }]);
    });
  });

  it('is not mistaken for one that was merged', async () => {
    await withStore(directory, async (store) => {
      await store.migrator.up();
      for (let n = 0; n < EVENTS; n += 15) await store.writer.insertEvents(events.slice(n, n + 15), `topic:0:${n}`);
      await rows(store, 'OPTIMIZE TABLE token_events FINAL');
    });
    expect(await forgetLostParts(join(directory, 'engine'))).toBe(0);
    await withStore(directory, async (store) => {
      for (let n = 0; n < EVENTS; n += 15) await store.writer.insertEvents(events.slice(n, n + 15), `topic:0:${n}`);
      expect(await rows(store, 'SELECT count() AS n FROM token_events')).toEqual([{ n: EVENTS }]);
    });
  });

  it('is nothing where no engine was yet', async () => {
    expect(await forgetLostParts(join(directory, 'engine'))).toBe(0);
  });
});
