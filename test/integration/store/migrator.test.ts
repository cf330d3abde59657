import { readFile, cp, mkdtemp, rename, rm, writeFile, appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { loadMigrations } from '../../../ingest/store/migrator.js';
import type { Retention } from '../../../ingest/store/retention.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from './support.js';

const shippedDirectory = fileURLToPath(new URL('../../../ingest/store/migrations/', import.meta.url));
const shipped = await loadMigrations();
/** Name of a migration that follows those shipped. */
const nextFile = (name: string): string => `${String(shipped.length + 1).padStart(4, '0')}_${name}.sql`;

describe('migrations', () => {
  let copy: string;
  let store: TestStore;
  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'tourniquet-migrations-'));
    await cp(shippedDirectory, copy, { recursive: true });
    store = await openTestStore({ migrationsDirectory: copy }, false);
  });
  afterEach(async () => {
    await store.close();
    await rm(copy, { recursive: true, force: true });
  });

  it('says what is missing, applies it in order, and again changes nothing', async () => {
    const { migrator } = store.store;
    expect((await migrator.status()).map((m) => m.applied)).toEqual(shipped.map(() => false));
    const applied = await migrator.up();
    expect(applied.map((m) => [m.number, m.applied])).toEqual(shipped.map((m) => [m.number, true]));
    expect(await migrator.up()).toEqual(applied);
    expect(await store.value('SELECT count() FROM schema_migrations')).toBe(shipped.length);
  });

  it('may be run by many at once', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => store.store.migrator.up()));
    for (const run of runs) expect(run.every((m) => m.applied)).toBe(true);
    expect(await store.value('SELECT count() FROM schema_migrations FINAL')).toBe(shipped.length);
  });

  it('refuses an applied migration that was changed, and names it', async () => {
    await store.store.migrator.up();
    await appendFile(join(copy, '0002_rollups.sql'), '\n-- changed\n');
    await expect(store.store.migrator.up()).rejects.toMatchObject({
      code: 'TQ_MIGRATION_CONFLICT',
      retryable: false,
      message: expect.stringContaining('Migration 2') as unknown,
    });
    await expect(store.store.migrator.status()).rejects.toMatchObject({ code: 'TQ_MIGRATION_CONFLICT' });
  });

  it('takes a file with other line ends for the same migration', async () => {
    const before = (await loadMigrations(copy)).map((m) => m.checksum);
    const path = join(copy, '0001_token_events.sql');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('\n', '\r\n'));
    expect((await loadMigrations(copy)).map((m) => m.checksum)).toEqual(before);
  });

  it('refuses a gap and a misnamed file', async () => {
    await rename(join(copy, '0003_findings_alerts.sql'), join(copy, nextFile('findings_alerts')));
    await expect(store.store.migrator.up()).rejects.toMatchObject({
      code: 'TQ_MIGRATION_CONFLICT',
      message: expect.stringContaining('0004_worker_state.sql') as unknown,
    });
    await rename(join(copy, nextFile('findings_alerts')), join(copy, 'findings.sql'));
    await expect(store.store.migrator.up()).rejects.toMatchObject({ code: 'TQ_MIGRATION_CONFLICT' });
  });

  it('leaves a database alone that is ahead of this program', async () => {
    await writeFile(
      join(copy, nextFile('later')),
      'CREATE TABLE IF NOT EXISTS later (x UInt8) ENGINE = {engine:MergeTree} ORDER BY x;\n',
    );
    await store.store.migrator.up();
    await rm(join(copy, nextFile('later')));
    expect(await store.store.migrator.up()).toHaveLength(shipped.length);
  });

  it('applies a new migration to a database with data, after a restart', async () => {
    await store.store.migrator.up();
    await store.store.writer.insertRows('worker_checkpoints', [checkpoint], 'one');
    await store.store.stop();
    await writeFile(
      join(copy, nextFile('more')),
      'ALTER TABLE {local:worker_checkpoints} {on_cluster} ADD COLUMN IF NOT EXISTS host String;\n',
    );
    const again = new ClickHouseStore({ kind: 'embedded', directory: store.directory }, { migrationsDirectory: copy });
    await again.start();
    try {
      expect(await again.migrator.up()).toHaveLength(shipped.length + 1);
      await again.writer.insertRows('worker_checkpoints', [{ ...checkpoint, version: 2, host: 'h' }], 'two');
    } finally {
      await again.stop();
    }
  });

  it('sets the retention of each class, keeps it, changes it, ends it, and lets old rows go', async () => {
    await store.store.stop();
    const open = async (retention: Retention, work: (store: ClickHouseStore) => Promise<void>): Promise<void> => {
      const opened = new ClickHouseStore(
        { kind: 'embedded', directory: store.directory },
        { migrationsDirectory: copy, retention },
      );
      await opened.start();
      try {
        await work(opened);
      } finally {
        await opened.stop();
      }
    };
    const engines = { name: 'e', sql: "SELECT name, engine_full AS definition FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'", params: z.object({}), row: z.object({ name: z.string(), definition: z.string() }) }; // prettier-ignore
    const ttls = async ({ querier }: ClickHouseStore): Promise<Record<string, string>> => {
      const found: Record<string, string> = {};
      for (const { name, definition } of await querier.run(engines, {})) {
        const ttl = / TTL (.*?) SETTINGS/.exec(definition)?.[1];
        // What rules have looked at is bounded by its own migration.
        if (ttl !== undefined && name !== 'rule_minutes') found[name] = ttl;
      }
      return found;
    };
    const count = { name: 'n', sql: 'SELECT count() AS n FROM token_events', params: z.object({}), row: z.object({ n: z.number() }) }; // prettier-ignore
    const nowMs = Date.now();
    const aged = (days: number) => makeEvent({ timeMs: nowMs - days * 86_400_000 });
    await open({}, async (opened) => {
      await opened.migrator.up();
      expect(await ttls(opened)).toEqual({});
      // Stored before there is any retention, as with every installation that is told of it later.
      for (const [i, days] of [40, 1].entries()) {
        await opened.writer.insertEvents([{ event: aged(days), partition: 0, offset: BigInt(i) }], `retention:${i}`);
      }
    });
    const usage = 'hour + toIntervalDay(400)';
    for (const events of [60, 60, 7]) {
      await open({ events, rollups: 400 }, async (opened) => {
        await opened.migrator.up();
        const expected = `toDateTime(observed_time) + toIntervalDay(${events})`;
        expect(await ttls(opened)).toEqual({
          token_events: expected,
          hops: `evaluated + toIntervalDay(${events})`,
          token_usage_hourly: usage,
          principal_usage_hourly: usage,
          principal_values: 'day + toIntervalDay(400)',
          source_hours: usage,
          edges_hourly: usage,
          edge_hours: usage,
          token_hours: usage,
          token_contexts: usage,
        });
        // The engine looks for parts that have expired by itself, seconds after it began.
        const wanted = events === 60 ? 2 : 1;
        for (let i = 0; i < 100 && (await opened.querier.run(count, {}))[0]?.n !== wanted; i += 1) await delay(200);
        expect((await opened.querier.run(count, {}))[0]?.n).toBe(wanted);
      });
    }
    await open({ events: 'forever', findings: 90 }, async (opened) => {
      await opened.migrator.up();
      expect(await ttls(opened)).toEqual({
        token_usage_hourly: usage,
        principal_usage_hourly: usage,
        principal_values: 'day + toIntervalDay(400)',
        source_hours: usage,
        edges_hourly: usage,
        edge_hours: usage,
        token_hours: usage,
        token_contexts: usage,
        findings: 'toDateTime(stored_time) + toIntervalDay(90)',
        suppressed_findings: 'toDateTime(stored_time) + toIntervalDay(90)',
        deliveries: 'toDateTime(updated_time) + toIntervalDay(90)',
      });
    });
    await open({ events: 0.5 }, async ({ migrator }) => {
      await expect(migrator.up()).rejects.toMatchObject({ code: 'TQ_CONFIG_INVALID' });
    });
  }, 90_000);

  it('refuses work on a store without tables, and says what to do', async () => {
    await expect(store.rows('SELECT count() FROM token_events')).rejects.toMatchObject({
      code: 'TQ_STORE_REFUSED',
      retryable: false,
      mend: expect.stringContaining('migrate') as unknown,
    });
  });
});

const checkpoint = {
  stage: 'token',
  log_partition: 0,
  version: 1,
  applied_through: 9n,
  watermark: '2026-01-01T00:00:00.000Z',
  state: '',
};
