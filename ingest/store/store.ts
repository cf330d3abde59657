import type { z } from 'zod';
import type { Component } from '../core/component.js';
import type { TokenEvent } from '../event/token-event.js';
import type { Analyst } from './analyst.js';

/** An event with the place in the log that it was read from. */
export interface PositionedEvent {
  readonly event: TokenEvent;
  readonly partition: number;
  readonly offset: bigint;
}

/** A query is a value: name, SQL with `{p:Type}` placeholders, parameter schema and row schema, one file each. */
export interface Query<P, R> {
  readonly name: string;
  readonly sql: string;
  readonly params: z.ZodType<P>;
  readonly row: z.ZodType<R>;
}

/** A statement that selects one column of text without tabs and line ends: a line for each row. */
export type LinesQuery<P> = Pick<Query<P, unknown>, 'name' | 'sql' | 'params'>;

/** Rows that are made in the store from rows that it holds: a SELECT with `{p:Type}` placeholders and where they go. */
export interface Derivation<P> {
  readonly name: string;
  readonly table: string;
  /** Of the table, in the order of the SELECT. */
  readonly columns: readonly string[];
  readonly sql: string;
  readonly params: z.ZodType<P>;
}

export interface QueryLimits {
  readonly rowsMax?: number;
  readonly timeoutMs?: number;
  /** What the engine may use for the statement; 0 for its own limit. */
  readonly memoryBytesMax?: number;
}

export interface Querier {
  /** Rejects with TQ_STORE_UNAVAILABLE (retryable) or TQ_STORE_REFUSED. */
  run<P, R>(query: Query<P, R>, params: P, limits?: QueryLimits): Promise<readonly R[]>;
  /**
   * Whole lines some thousands at a time, for answers of any length; without limits of its own. Who stops early stops the statement.
   * Throws as `run` rejects, also after some lines.
   */
  lines<P>(query: LinesQuery<P>, params: P): AsyncIterable<string>;
}

/** Rows of a small table (findings, alerts, outbox, state): objects whose keys are column names. */
export type TableRow = Readonly<Record<string, unknown>>;

/** Events on their way into the store, encoded as they are added, so that the events themselves can be let go. */
export interface EventBlock {
  readonly rows: number;
  /** @throws AppError TQ_EVENT_INVALID, and the block stays as it was, if a time cannot be read. */
  add(event: PositionedEvent): void;
  /** Once it is stored: its memory serves other blocks, and this one no more. */
  release(): void;
}

export interface EventWriter {
  newBlock(): EventBlock;
  /**
   * Writes a block to `token_events` and, through the views, to every roll-up; resolves when durable. Repeating the
   * call with the same token and the same events changes nothing, also after a kill between any two parts.
   */
  insertBlock(block: EventBlock, dedupToken: string): Promise<void>;
  /** `insertBlock` of these events. */
  insertEvents(events: readonly PositionedEvent[], dedupToken: string): Promise<void>;
  /** Same guarantee for small tables, row by row encoded (JSONEachRow): thousands of rows, not millions. */
  insertRows(table: string, rows: readonly TableRow[], dedupToken: string): Promise<void>;
  /**
   * Adds what the derivation selects, up to 250,000 rows of a partition at once or nothing of them. Repeating it adds the rows
   * again: its table must tell by itself which of them count.
   */
  derive<P>(derivation: Derivation<P>, params: P): Promise<void>;
}

export interface MigrationStatus {
  readonly number: number;
  readonly name: string;
  readonly applied: boolean;
}

export interface Migrator {
  /** Applies what is missing, in order; safe to run by many at once. */
  up(): Promise<readonly MigrationStatus[]>;
  status(): Promise<readonly MigrationStatus[]>;
}

export interface Store extends Component {
  readonly writer: EventWriter;
  readonly querier: Querier;
  readonly migrator: Migrator;
  readonly analyst: Analyst;
}
