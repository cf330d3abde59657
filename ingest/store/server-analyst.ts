import { createInterface } from 'node:readline';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { AppError } from '../core/errors.js';
import { analystSettings, answerTooLarge, toExactNumbers, type Analyst, type StatementColumn, type StatementLimits, type StatementRun } from './analyst.js'; // prettier-ignore

const BATCH_ROWS = 1_000;
const texts = z.array(z.string());
const row = z.array(z.unknown());

/**
 * Statements of people on a ClickHouse server. `readonly = 2` is sent, and is what the user's profile should say as well
 * (docs/forensics.md): a user that is `readonly = 1` could not be given limits. `wait_end_of_query` lets the server finish
 * before it answers, so that an error has its status and the rows read are the final ones; the rows then stream.
 */
export class ServerAnalyst implements Analyst {
  readonly database: string;
  private readonly client: ClickHouseClient;

  constructor(client: ClickHouseClient, database: string) {
    this.client = client;
    this.database = database;
  }

  async run(sql: string, limits: StatementLimits, signal: AbortSignal): Promise<StatementRun> {
    const settings = Object.fromEntries(
      Object.entries(analystSettings(limits)).map(([name, value]) => [name, String(value)]),
    );
    const result = await this.client.exec({
      query: sql,
      abort_signal: signal,
      clickhouse_settings: {
        ...settings,
        readonly: '2',
        wait_end_of_query: 1,
        cancel_http_readonly_queries_on_client_close: 1,
        // Not in the statement: behind an EXPLAIN the word FORMAT belongs to what is explained.
        default_format: 'JSONCompactEachRowWithNamesAndTypes',
      },
    });
    const read = Number(result.summary?.read_rows ?? 0);
    const lines = createInterface({ input: result.stream, crlfDelay: Infinity })[Symbol.asyncIterator]();
    const names = texts.parse(JSON.parse(await nextLine(lines)));
    const types = texts.parse(JSON.parse(await nextLine(lines)));
    const columns: StatementColumn[] = names.map((name, index) => ({ name, type: types[index] ?? '' }));
    return { columns, rowsRead: () => read, batches: batchesOf(lines, toExactNumbers(columns), limits) };
  }
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next();
  if (line.done === true) {
    throw new AppError('TQ_STORE_UNAVAILABLE', 'ClickHouse ended its answer early.', { retryable: true });
  }
  return line.value;
}

async function* batchesOf(
  lines: AsyncIterator<string>,
  exact: (row: readonly unknown[]) => readonly unknown[],
  limits: StatementLimits,
): AsyncGenerator<readonly (readonly unknown[])[]> {
  let bytes = 0;
  let batch: (readonly unknown[])[] = [];
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    if (line.value === '') continue;
    bytes += Buffer.byteLength(line.value);
    if (bytes > limits.bytesMax) throw answerTooLarge(limits);
    batch.push(exact(row.parse(JSON.parse(line.value))));
    if (batch.length < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
