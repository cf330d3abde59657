import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { AppError } from '../core/errors.js';
import { createAnalystViews } from './analyst-views.js';
import type { StoreConnection } from './connection.js';
import { writeSettings } from './connection.js';
import { renderMigration, type Topology } from './migration-template.js';
import { applyRetention, type Retention } from './retention.js';
import { toStoreError } from './store-errors.js';
import type { MigrationStatus, Migrator } from './store.js';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly template: string;
  /** SHA-256 of the template with plain line ends, so that every topology and checkout has the same. */
  readonly checksum: string;
}

interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const SHIPPED_DIR = fileURLToPath(new URL('./migrations/', import.meta.url));
const QUERY_LIMITS = { rowsMax: 100_000, timeoutMs: 60_000, memoryBytesMax: 0 };

const bookkeeping = `
CREATE TABLE IF NOT EXISTS {local:schema_migrations} {on_cluster}
(
    number UInt32,
    name String,
    checksum String,
    applied_time DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY (number, name, checksum)
SETTINGS {settings};

{distributed:schema_migrations:number};
`;

function conflict(message: string, mend: string): AppError {
  return new AppError('TQ_MIGRATION_CONFLICT', message, { mend });
}

/** @throws AppError TQ_MIGRATION_CONFLICT if numbers do not run 1, 2, 3 … or a file is named otherwise. */
export async function loadMigrations(directory: string = SHIPPED_DIR): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const file of names) {
    const match = FILE_NAME.exec(file);
    const expected = migrations.length + 1;
    if (match === null || Number(match[1]) !== expected) {
      throw conflict(
        `Migration ${file} stands where number ${expected} should be.`,
        'Name migrations 0001_words.sql, 0002_words.sql and so on, without a gap.',
      );
    }
    const template = (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n');
    const checksum = createHash('sha256').update(template).digest('hex');
    migrations.push({ number: expected, name: match[2] ?? '', template, checksum });
  }
  return migrations;
}

/**
 * Applies migrations in order. ClickHouse has neither transactions nor locks over DDL, so every statement can be
 * repeated (IF NOT EXISTS, OR REPLACE) and any number of processes may run this at once: all do the same, and the
 * book holds each migration once. A database ahead of this program is left as it is: older and newer processes share
 * it during an upgrade.
 */
export class StoreMigrator implements Migrator {
  private readonly connection: () => StoreConnection;
  private readonly topology: Topology;
  private readonly load: () => Promise<readonly Migration[]>;
  private readonly retention: Retention;

  constructor(
    connection: () => StoreConnection,
    topology: Topology,
    load: () => Promise<readonly Migration[]>,
    retention: Retention = {},
  ) {
    this.connection = connection;
    this.topology = topology;
    this.load = load;
    this.retention = retention;
  }

  async up(): Promise<readonly MigrationStatus[]> {
    const migrations = await this.load();
    await this.guard('migrate', async (connection) => {
      await connection.ensureDatabase();
      await this.execute(connection, bookkeeping);
    });
    const applied = await this.applied();
    checkConflicts(migrations, applied);
    const known = new Set(applied.map((row) => row.number));
    for (const migration of migrations) {
      if (!known.has(migration.number)) await this.apply(migration);
    }
    await this.guard('analyst views', (connection) => createAnalystViews(connection, this.topology));
    await this.guard('retention', (connection) => applyRetention(connection, this.topology, this.retention));
    return this.status();
  }

  async status(): Promise<readonly MigrationStatus[]> {
    const migrations = await this.load();
    const applied = await this.applied();
    checkConflicts(migrations, applied);
    const known = new Set(applied.map((row) => row.number));
    return migrations.map(({ number, name }) => ({ number, name, applied: known.has(number) }));
  }

  private async apply(migration: Migration): Promise<void> {
    const { number, name, checksum, template } = migration;
    await this.guard(`migration ${number} ${name}`, async (connection) => {
      await this.execute(connection, template);
      const row = { number, name, checksum };
      await connection.insertJson('schema_migrations', Object.keys(row), [Buffer.from(JSON.stringify(row))], {
        ...writeSettings,
        insert_deduplication_token: `migration:${number}:${name}:${checksum}`,
      });
    });
  }

  private async execute(connection: StoreConnection, template: string): Promise<void> {
    for (const statement of renderMigration(template, this.topology)) await connection.command(statement);
  }

  private applied(): Promise<readonly AppliedMigration[]> {
    return this.guard('migration status', async (connection) => {
      const exists = await connection.query(
        "SELECT count() AS tables FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
        {},
        QUERY_LIMITS,
      );
      if ((exists[0] as { tables: number } | undefined)?.tables !== 1) return [];
      const rows = await connection.query(
        'SELECT DISTINCT number, name, checksum FROM schema_migrations ORDER BY number',
        {},
        QUERY_LIMITS,
      );
      return rows as readonly AppliedMigration[];
    });
  }

  private async guard<T>(what: string, operation: (connection: StoreConnection) => Promise<T>): Promise<T> {
    const connection = this.connection();
    try {
      return await operation(connection);
    } catch (error) {
      throw toStoreError(error, { what, kind: 'write' });
    }
  }
}

function checkConflicts(shipped: readonly Migration[], applied: readonly AppliedMigration[]): void {
  for (const row of applied) {
    const migration = shipped[row.number - 1];
    if (migration === undefined) continue;
    if (migration.name !== row.name || migration.checksum !== row.checksum) {
      throw conflict(
        `Migration ${row.number} was applied as "${row.name}" (${row.checksum.slice(0, 12)}), but "${migration.name}" ` +
          `(${migration.checksum.slice(0, 12)}) is shipped.`,
        'Never change a migration that was released: restore it and add a new one.',
      );
    }
  }
  const numbers = [...new Set(applied.map((row) => row.number))];
  const gap = numbers.findIndex((number, index) => number !== index + 1);
  if (gap >= 0) {
    throw conflict(
      `Migration ${gap + 1} is not in the database, but a later one is.`,
      'Restore the rows of schema_migrations, or migrate an empty database.',
    );
  }
}
