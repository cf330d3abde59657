import { AppError } from '../core/errors.js';
import type { Analyst } from './analyst.js';
import type { QueryLimits, TableRow } from './store.js';

/** ClickHouse settings of one statement. */
export type StatementSettings = Readonly<Record<string, string | number>>;

/**
 * What the store needs of ClickHouse, the same for a server over HTTP and for the engine in this process. Methods
 * reject with what the client threw; the callers name the operation and classify it.
 */
export interface StoreConnection {
  /** Statements that return nothing: DDL. */
  command(sql: string): Promise<void>;
  /** Rows as JSON; 64-bit integers arrive as numbers, times as RFC 3339. */
  query(sql: string, params: TableRow, limits: Required<QueryLimits>): Promise<readonly unknown[]>;
  /** The one column of text that is selected, whole lines some thousands at a time, as they are asked for; who stops early stops the statement. */
  lines(sql: string, params: TableRow): AsyncIterable<string>;
  /** One Native block; `settings` hold the deduplication token. */
  insertNative(table: string, block: readonly Uint8Array[], settings: StatementSettings): Promise<void>;
  /** @param lines one JSON object a line, of no other members than `columns`; in parts. */
  insertJson(
    table: string,
    columns: readonly string[],
    lines: readonly Uint8Array[],
    settings: StatementSettings,
  ): Promise<void>;
  /** Rows that the engine makes from its own tables: up to 250,000 in one block, so that a part of it is never seen alone. */
  insertSelect(table: string, columns: readonly string[], select: string, params: TableRow): Promise<void>;
  /** Makes the database when the server has none of that name. */
  ensureDatabase(): Promise<void>;
  ping(): Promise<void>;
  /** Statements of people, apart from the product's own. */
  readonly analyst: Analyst;
  /** Finishes what runs, then lets go. Idempotent. */
  close(): Promise<void>;
}

/** Beside the product's database: views for people, and nothing else, so that their names need no database. */
export const analystDatabaseOf = (database: string): string => `${database}_analyst`;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `SETTINGS a = 1, b = 'x'`: in the statement itself, since a session would keep them for the next one. */
export function settingsClause(settings: StatementSettings): string {
  const parts = Object.entries(settings).map(([name, value]) => `${name} = ${literal(value)}`);
  return parts.length === 0 ? '' : `SETTINGS ${parts.join(', ')}`;
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : quoteString(value);
}

/** A ClickHouse string literal. */
export function quoteString(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}

/** @throws AppError TQ_INTERNAL on anything but a plain identifier: table names never come from outside. */
export function checkedIdentifier(name: string): string {
  if (!identifier.test(name)) throw new AppError('TQ_INTERNAL', 'A table name must be a plain identifier.');
  return name;
}

/** Settings that every read needs so that rows mean the same on every server. */
export const readSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  join_use_nulls: 0,
} as const;

/** Long answers: what is put in order goes to disk beyond 256 MiB. */
export const linesSettings = {
  ...readSettings,
  max_block_size: 8192,
  max_bytes_before_external_sort: 256 * 2 ** 20,
  // Otherwise all columns are put in order and the line is made of them afterwards, which takes four times the processor time.
  query_plan_execute_functions_after_sorting: 0,
} as const;

/**
 * What a statement selects goes in as one block up to so many rows, and is never taken for one that came before. Groups go to
 * disk beyond 128 MiB.
 */
export const selectInsertSettings = {
  insert_deduplicate: 0,
  max_insert_threads: 1,
  min_insert_block_size_rows: 250_000,
  min_insert_block_size_bytes: 0,
  max_bytes_before_external_group_by: 128 * 2 ** 20,
  async_insert: 0,
  join_use_nulls: 0,
} as const;

/** `INSERT INTO table (columns) SETTINGS … SELECT …` */
export function insertSelectStatement(
  table: string,
  columns: readonly string[],
  select: string,
  settings: StatementSettings,
): string {
  const names = columns.map(checkedIdentifier).join(', ');
  return `INSERT INTO ${checkedIdentifier(table)} (${names}) ${settingsClause(settings)}\n${select}`;
}

/** One block becomes one part per month, in this table and in each roll-up, and counts once however often it is sent. */
export const writeSettings = {
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  date_time_input_format: 'best_effort',
  input_format_skip_unknown_fields: 0,
  async_insert: 0,
} as const;
