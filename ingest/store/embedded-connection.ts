import { mkdir, open, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
} from '@clickhouse/client';
import { drainPending, Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { acquireDataDirLock, type DataDirLock } from '../log/data-dir-lock.js';
import type { Analyst } from './analyst.js';
import {
  analystDatabaseOf, checkedIdentifier, insertSelectStatement, quoteString, readSettings, selectInsertSettings, settingsClause,
  linesSettings,  type StatementSettings, type StoreConnection,
} from './connection.js'; // prettier-ignore
import { EmbeddedAnalyst } from './embedded-analyst.js';
import { Limiter } from './limiter.js';
import { forgetLostParts } from './lost-parts.js';
import type { QueryLimits, TableRow } from './store.js';

const BLOCKS_DIR = 'blocks';
/** Readers beside the one writer; each has its own session, so that their settings do not meet. */
const READERS = 2;
/** Statements of people at once. */
const ANALYSTS = 2;
/** Long answers at once. */
const STREAMS = 2;

/** Buffers of one call: POSIX allows 1,024 (IOV_MAX on Linux and macOS). */
const WRITTEN_AT_ONCE_MAX = 1024;

/** After so many inserts the engine gives back what its allocator keeps of them and of merges: some hundred megabytes. */
const PURGE_EVERY = 8;

/** A block in a file is read as it was written: one block, on one thread, so that its deduplication token fits. */
export const fileInsertSettings = {
  deduplicate_insert_select: 'force_enable',
  max_insert_threads: 1,
  max_block_size: 4_000_000,
  max_insert_block_size: 4_000_000,
  min_insert_block_size_rows: 0,
  min_insert_block_size_bytes: 0,
  input_format_parallel_parsing: 0,
  // The types of a text are those of the table, not what could be guessed from it.
  use_structure_from_insertion_table_in_table_functions: 1,
} as const;

interface FileRows {
  readonly format: 'Native' | 'JSONEachRow';
  readonly parts: readonly Uint8Array[];
  /** Those that the rows have; without them, all of the table. */
  readonly columns?: readonly string[];
}

/** ClickHouse inside this process (chdb), behind the same client. Work runs on threads of its own, JavaScript goes on. */
export class EmbeddedConnection implements StoreConnection {
  private readonly writer: ClickHouseClient;
  private readonly readers: ClickHouseClient[];
  private readonly writing = new Limiter(1);
  private readonly reading = new Limiter(READERS);
  /** Beside the writer, so that a long SELECT keeps no block of events waiting. */
  private readonly deriver: ClickHouseClient;
  private readonly deriving = new Limiter(1);
  private readonly people: EmbeddedAnalyst;
  private readonly streaming = new Limiter(STREAMS);
  private readonly openSession: () => Session;
  private readonly directory: string;
  private readonly lock: DataDirLock;
  private blocks = 0;
  /** Inserts whose file or statement is under way. */
  private readonly inserting = new Set<Promise<void>>();
  private closing: Promise<void> | undefined;

  private constructor(directory: string, lock: DataDirLock) {
    this.directory = directory;
    this.lock = lock;
    this.writer = openSession(directory);
    this.deriver = openSession(directory);
    this.readers = Array.from({ length: READERS }, () => openSession(directory));
    this.openSession = () => new Session(directory);
    this.people = new EmbeddedAnalyst(this.openSession, analystDatabaseOf('default'), ANALYSTS);
  }

  /**
   * @param directory made if need be; one process at a time may hold it.
   * @throws AppError TQ_DATA_DIR_LOCKED, TQ_DATA_DIR_UNUSABLE, TQ_DISK_FULL; else what the engine throws.
   */
  static async open(directory: string, clock: Clock): Promise<EmbeddedConnection> {
    // The engine ends the process when a second one comes to its files, so the lock is asked first.
    const lock = await acquireDataDirLock(directory, clock);
    try {
      // What a killed process left; its blocks come again from the log.
      await rm(join(directory, BLOCKS_DIR), { recursive: true, force: true });
      await mkdir(join(directory, BLOCKS_DIR));
      const engine = join(directory, 'engine');
      await forgetLostParts(engine);
      return new EmbeddedConnection(engine, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get analyst(): Analyst {
    return this.people;
  }

  command(sql: string): Promise<void> {
    return this.writing.run(async () => {
      await this.writer.command({ query: sql });
    });
  }

  query(sql: string, params: TableRow, limits: Required<QueryLimits>): Promise<readonly unknown[]> {
    return this.reading.run(async () => {
      const reader = this.readers.pop();
      if (reader === undefined) throw closedError();
      try {
        // A session keeps its settings: every query sets all of them.
        const result = await reader.query({
          query: sql,
          format: 'JSONEachRow',
          query_params: { ...params },
          clickhouse_settings: {
            ...readSettings,
            max_result_rows: String(limits.rowsMax),
            result_overflow_mode: 'throw',
            max_execution_time: limits.timeoutMs / 1000,
            max_memory_usage: String(limits.memoryBytesMax),
          },
        });
        return await result.json<unknown>();
      } finally {
        this.readers.push(reader);
      }
    });
  }

  async *lines(sql: string, params: TableRow): AsyncGenerator<string> {
    const leave = await this.streaming.enter();
    try {
      // One of its own, since a session has one stream at a time.
      const session = this.openSession();
      try {
        const query = `${sql} ${settingsClause(linesSettings)}`;
        for await (const chunk of session.queryStreamBind(query, params, { format: 'TabSeparatedRaw' }))
          yield chunk.text();
      } catch (error) {
        throw withEngineCode(error);
      } finally {
        session.close();
      }
    } finally {
      leave();
    }
  }

  insertNative(table: string, block: readonly Uint8Array[], settings: StatementSettings): Promise<void> {
    return this.insertFile(table, { format: 'Native', parts: block }, settings);
  }

  insertJson(
    table: string,
    columns: readonly string[],
    lines: readonly Uint8Array[],
    settings: StatementSettings,
  ): Promise<void> {
    return this.insertFile(table, { format: 'JSONEachRow', parts: lines, columns }, settings);
  }

  /**
   * Rows go in through a file. The embedded client turns streams into text, so it takes no binary block; and to rows in
   * the statement itself the engine adds what waits on the standard input of the process, which is not its to read.
   */
  private insertFile(table: string, rows: FileRows, settings: StatementSettings): Promise<void> {
    const inserting = this.throughFile(table, rows, settings).finally(() => this.inserting.delete(inserting));
    this.inserting.add(inserting);
    return inserting;
  }

  private async throughFile(table: string, rows: FileRows, settings: StatementSettings): Promise<void> {
    const path = join(this.directory, '..', BLOCKS_DIR, (this.blocks++).toString());
    const names = rows.columns?.map(checkedIdentifier).join(', ');
    const clause = settingsClause({ ...settings, ...fileInsertSettings });
    try {
      await writeParts(path, rows.parts);
      await this.command(
        `INSERT INTO ${checkedIdentifier(table)} ${names === undefined ? '' : `(${names})`} ${clause} ` +
          `SELECT ${names ?? '*'} FROM file(${quoteString(path)}, ${quoteString(rows.format)})`,
      );
      if (this.blocks % PURGE_EVERY === 0) await this.command('SYSTEM JEMALLOC PURGE');
    } finally {
      await unlink(path).catch(() => undefined);
    }
  }

  insertSelect(table: string, columns: readonly string[], select: string, params: TableRow): Promise<void> {
    return this.deriving.run(async () => {
      const query = insertSelectStatement(table, columns, select, selectInsertSettings);
      await this.deriver.command({ query, query_params: { ...params } });
    });
  }

  /** The engine's own database is there from the start. */
  ensureDatabase(): Promise<void> {
    return Promise.resolve();
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1 AS one', {}, { rowsMax: 1, timeoutMs: 10_000, memoryBytesMax: 0 });
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    // A session that is closed under a running statement takes the whole engine down: wait first.
    await Promise.allSettled(this.inserting);
    await this.people.close();
    await this.streaming.runAlone(() => Promise.resolve());
    await this.writing.run(() => this.writer.close());
    await this.deriving.run(() => this.deriver.close());
    await this.reading.runAlone(async () => {
      for (const reader of this.readers.splice(0)) await reader.close();
    });
    await drainPending();
    await this.lock.release();
  }
}

/** Errors of streams have the engine's code in their text only. */
function withEngineCode(error: unknown): unknown {
  const code = error instanceof Error ? /Code: (\d{1,4})\. DB::/.exec(error.message)?.[1] : undefined;
  return code === undefined ? error : Object.assign(error as Error, { clickhouseCode: Number(code) });
}

/** At once where the system takes so many. @throws what the file system says, such as ENOSPC. */
async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    let rest = parts;
    while (rest.length > 0) {
      const { bytesWritten } = await file.writev(rest.slice(0, WRITTEN_AT_ONCE_MAX));
      rest = after(rest, bytesWritten);
    }
  } finally {
    await file.close();
  }
}

/** The parts without their first `bytes`. */
function after(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let [left, at] = [bytes, 0];
  for (let part = parts[at]; part !== undefined && left >= part.byteLength; part = parts[at]) {
    left -= part.byteLength;
    at += 1;
  }
  const [first, ...others] = parts.slice(at);
  return first === undefined ? [] : [first.subarray(left), ...others];
}

function closedError(): AppError {
  return new AppError('TQ_STORE_UNAVAILABLE', 'The store is closed.', { retryable: true });
}

function openSession(directory: string): ClickHouseClient {
  // Same contract, but typed by another copy of the client's common package.
  const connection = createChdbConnection({ path: directory }) as unknown;
  return createClient({
    connection: connection as NonNullable<ClickHouseClientConfigOptions['connection']>,
    log: { level: ClickHouseLogLevel.OFF },
  });
}
