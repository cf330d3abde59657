import { systemClock, type Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import type { Analyst } from './analyst.js';
import { analystDatabaseOf, type StoreConnection } from './connection.js';
import type { Topology } from './migration-template.js';
import { loadMigrations, StoreMigrator } from './migrator.js';
import { StoreQuerier } from './query.js';
import type { Retention } from './retention.js';
import { ServerConnection, type ServerAddress } from './server-connection.js';
import { toStoreError } from './store-errors.js';
import type { EventWriter, Migrator, Querier, Store } from './store.js';
import { StoreWriter } from './writer.js';

export type StoreOptions =
  | { readonly kind: 'embedded'; /** Directory of the engine, made if need be. */ readonly directory: string }
  | ({ readonly kind: 'server' } & ServerAddress);

export interface StoreDependencies {
  readonly clock?: Clock;
  /** Where migrations are read from; the shipped ones by default. */
  readonly migrationsDirectory?: string;
  /** How long rows are kept, set when migrating. */
  readonly retention?: Retention;
}

/** One store over two connections: a ClickHouse server or cluster, or the engine inside this process. */
export class ClickHouseStore implements Store {
  readonly name = 'store';
  readonly writer: EventWriter;
  readonly querier: Querier;
  readonly migrator: Migrator;
  readonly analyst: Analyst;
  private readonly options: StoreOptions;
  private readonly clock: Clock;
  private connection: StoreConnection | undefined;

  constructor(
    options: StoreOptions,
    { clock = systemClock, migrationsDirectory, retention = {} }: StoreDependencies = {},
  ) {
    this.options = options;
    this.clock = clock;
    const connection = (): StoreConnection => this.started();
    const topology: Topology = options.kind === 'server' ? options.topology : { kind: 'single' };
    this.analyst = {
      database: analystDatabaseOf(options.kind === 'server' ? options.database : 'default'),
      run: (sql, limits, signal) => this.started().analyst.run(sql, limits, signal),
    };
    this.writer = new StoreWriter(connection);
    this.querier = new StoreQuerier(connection);
    this.migrator = new StoreMigrator(connection, topology, () => loadMigrations(migrationsDirectory), retention);
  }

  /**
   * Opens the store; tables are the migrator's business.
   *
   * @throws AppError TQ_DATA_DIR_LOCKED, TQ_DATA_DIR_UNUSABLE, TQ_STORE_UNAVAILABLE (retryable), TQ_STORE_REFUSED.
   */
  async start(): Promise<void> {
    if (this.connection !== undefined) return;
    let connection: StoreConnection | undefined;
    try {
      connection =
        this.options.kind === 'embedded'
          ? await openEmbedded(this.options.directory, this.clock)
          : new ServerConnection(this.options);
      await connection.ping();
      this.connection = connection;
    } catch (error) {
      await connection?.close();
      throw toStoreError(error, { what: 'opening the store', kind: 'write' });
    }
  }

  /** Waits for statements that run; new ones are refused. */
  async stop(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.close();
  }

  private started(): StoreConnection {
    if (this.connection === undefined) {
      throw new AppError('TQ_STORE_UNAVAILABLE', 'The store is not open.', { retryable: true });
    }
    return this.connection;
  }
}

/** The engine's library takes 140 MiB and is for those who have it in their process. */
async function openEmbedded(directory: string, clock: Clock): Promise<StoreConnection> {
  const { EmbeddedConnection } = await import('./embedded-connection.js');
  return EmbeddedConnection.open(directory, clock);
}
