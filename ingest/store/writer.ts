import { chunks } from '../core/chunks.js';
import { AppError } from '../core/errors.js';
import { writeSettings, type StoreConnection } from './connection.js';
import { Limiter } from './limiter.js';
import { EncoderPool } from './native/encoder-pool.js';
import { NativeBlock } from './native/native-block.js';
import { checkParams } from './query.js';
import { toStoreError } from './store-errors.js';
import type { Derivation, EventBlock, EventWriter, PositionedEvent, TableRow } from './store.js';

/** ClickHouse refuses a block of more than 100 partitions (max_partitions_per_insert_block); half leaves room. */
const MONTHS_PER_BLOCK = 50;

const LINES_AT_ONCE = 256;

const EVENTS_TABLE = 'token_events';

/** Writes events as Native blocks and small tables as JSON lines, each under its deduplication token. */
export class StoreWriter implements EventWriter {
  private readonly connection: () => StoreConnection;
  private readonly encoders = new EncoderPool();
  /** Blocks on their way at once; the embedded engine takes them one by one anyway. */
  private readonly inserting = new Limiter(4);

  constructor(connection: () => StoreConnection) {
    this.connection = connection;
  }

  newBlock(): EventBlock {
    return new NativeBlock(MONTHS_PER_BLOCK, this.encoders);
  }

  async insertBlock(block: EventBlock, dedupToken: string): Promise<void> {
    checkToken(dedupToken);
    if (!(block instanceof NativeBlock)) throw new AppError('TQ_INTERNAL', 'A block must come from newBlock().');
    let index = 0;
    for (const parts of block.encode()) {
      // The split depends on the events alone, so a repeated call makes the same blocks with the same tokens.
      const token = index === 0 ? dedupToken : `${dedupToken}#${index}`;
      index += 1;
      await this.inserting.run(() =>
        this.guard(EVENTS_TABLE, (connection) =>
          connection.insertNative(EVENTS_TABLE, parts, { ...writeSettings, insert_deduplication_token: token }),
        ),
      );
    }
  }

  async insertEvents(events: readonly PositionedEvent[], dedupToken: string): Promise<void> {
    const block = this.newBlock();
    for (const event of events) block.add(event);
    await this.insertBlock(block, dedupToken);
    block.release();
  }

  async insertRows(table: string, rows: readonly TableRow[], dedupToken: string): Promise<void> {
    checkToken(dedupToken);
    if (rows.length === 0) return;
    const lines = [...jsonLines(rows)];
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== undefined)))];
    await this.guard(table, (connection) =>
      connection.insertJson(table, columns, lines, { ...writeSettings, insert_deduplication_token: dedupToken }),
    );
  }

  async derive<P>({ name, table, columns, sql, params: schema }: Derivation<P>, params: P): Promise<void> {
    const checked = checkParams({ name, params: schema }, params);
    await this.guard(table, (connection) => connection.insertSelect(table, columns, sql, checked));
  }

  private async guard(table: string, operation: (connection: StoreConnection) => Promise<void>): Promise<void> {
    const connection = this.connection();
    try {
      await operation(connection);
    } catch (error) {
      throw toStoreError(error, { what: `insert into ${table}`, kind: 'write' });
    }
  }
}

/** One JSON object a line, some at a time: as one text, megabytes of a checkpoint would be there three times. */
function* jsonLines(rows: readonly TableRow[]): Generator<Uint8Array> {
  for (const some of chunks(rows, LINES_AT_ONCE)) {
    const lines = some.map((row) => `${JSON.stringify(row, jsonValue)}\n`);
    yield Buffer.from(lines.join(''));
  }
}

/** 64-bit values come as bigint; ClickHouse reads them from text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Without a token, a repeated insert would count twice. */
function checkToken(dedupToken: string): void {
  if (dedupToken === '') throw new AppError('TQ_INTERNAL', 'An insert needs a deduplication token.');
}
