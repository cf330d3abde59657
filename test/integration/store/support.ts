import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ClickHouseStore, type StoreDependencies } from '../../../ingest/store/clickhouse-store.js';
import type { TableRow } from '../../../ingest/store/store.js';
import { prepareStore } from '../../support/prepared-store.js';

export interface TestStore {
  readonly directory: string;
  readonly store: ClickHouseStore;
  /** Rows of any statement, unchecked. */
  rows(sql: string, params?: TableRow): Promise<readonly Record<string, unknown>[]>;
  /** The one value of the one row. */
  value(sql: string, params?: TableRow): Promise<unknown>;
  /** A statement that returns nothing, through a reader's session. */
  command(sql: string): Promise<void>;
  close(): Promise<void>;
}

const anyRow = z.record(z.string(), z.unknown());

/** A real engine in a directory of its own. */
export async function openTestStore(dependencies: StoreDependencies = {}, migrate = true): Promise<TestStore> {
  const directory = await mkdtemp(join(tmpdir(), 'tourniquet store '));
  if (migrate && dependencies.migrationsDirectory === undefined) await prepareStore(directory);
  const store = new ClickHouseStore({ kind: 'embedded', directory }, dependencies);
  await store.start();
  if (migrate) await store.migrator.up();
  const rows = (sql: string, params: TableRow = {}): Promise<readonly Record<string, unknown>[]> =>
    store.querier.run({ name: 'test', sql, params: anyRow, row: anyRow }, params);
  return {
    directory,
    store,
    rows,
    value: async (sql, params) => Object.values((await rows(sql, params))[0] ?? {})[0],
    command: async (sql) => {
      await rows(sql);
    },
    close: async () => {
      await store.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
