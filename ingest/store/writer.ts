import { AppError } from '../core/errors.js';
import { writeSettings, type StoreConnection } from './connection.js';
import { Limiter } from './limiter.js';
import { EventEncoder } from './native/event-encoder.js';
import { toStoreError } from './store-errors.js';
import type { EventWriter, PositionedEvent, TableRow } from './store.js';

/** ClickHouse refuses a block of more than 100 partitions (max_partitions_per_insert_block); half leaves room. */
const MONTHS_PER_BLOCK = 50;

const EVENTS_TABLE = 'token_events';

/** Writes events as Native blocks and small tables as JSON lines, each under its deduplication token. */
export class StoreWriter implements EventWriter {
  private readonly connection: () => StoreConnection;
  private readonly encoder = new EventEncoder();
  /** Blocks encoded and not yet stored, which bounds memory; the embedded engine takes them one by one anyway. */
  private readonly inserting = new Limiter(4);

  constructor(connection: () => StoreConnection) {
    this.connection = connection;
  }

  async insertEvents(events: readonly PositionedEvent[], dedupToken: string): Promise<void> {
    checkToken(dedupToken);
    const groups = splitByMonths(events, MONTHS_PER_BLOCK);
    for (const [index, group] of groups.entries()) {
      // The split depends on the events alone, so a repeated call makes the same blocks with the same tokens.
      const token = index === 0 ? dedupToken : `${dedupToken}#${index}`;
      await this.inserting.run(() =>
        this.guard(EVENTS_TABLE, (connection) =>
          connection.insertNative(EVENTS_TABLE, this.encoder.encode(group), {
            ...writeSettings,
            insert_deduplication_token: token,
          }),
        ),
      );
    }
  }

  async insertRows(table: string, rows: readonly TableRow[], dedupToken: string): Promise<void> {
    checkToken(dedupToken);
    if (rows.length === 0) return;
    const lines = rows.map((row) => JSON.stringify(row, jsonValue)).join('\n');
    await this.guard(table, (connection) =>
      connection.insertJson(table, lines, { ...writeSettings, insert_deduplication_token: dedupToken }),
    );
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

/** 64-bit values come as bigint; ClickHouse reads them from text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Without a token, a repeated insert would count twice. */
function checkToken(dedupToken: string): void {
  if (dedupToken === '') throw new AppError('TQ_INTERNAL', 'An insert needs a deduplication token.');
}

/** Groups of events of at most `monthsMax` months each; usually one group, the array itself. */
export function splitByMonths(
  events: readonly PositionedEvent[],
  monthsMax: number,
): readonly (readonly PositionedEvent[])[] {
  if (events.length === 0) return [];
  const monthOf = ({ event }: PositionedEvent): string => event.time.slice(0, 7);
  const months = new Set<string>();
  for (const positioned of events) months.add(monthOf(positioned));
  if (months.size <= monthsMax) return [events];
  const groupOf = new Map([...months].sort().map((month, index) => [month, Math.floor(index / monthsMax)]));
  const groups: PositionedEvent[][] = Array.from({ length: Math.ceil(months.size / monthsMax) }, () => []);
  for (const positioned of events) groups[groupOf.get(monthOf(positioned)) ?? 0]?.push(positioned);
  return groups;
}
