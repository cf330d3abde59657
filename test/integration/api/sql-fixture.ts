import { SqlRunner, type SqlRunnerDeps } from '../../../api/sql/runner.js';
import { systemClock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createMetrics } from '../../../ingest/core/telemetry/metrics.js';
import type { Store } from '../../../ingest/store/store.js';
import { sqlLimits } from './api-fixture.js';

export type Row = Readonly<Record<string, unknown>>;

export interface Asked {
  /** `ok`, or the code of the problem. */
  readonly outcome: string;
  readonly message: string;
  readonly position: number | undefined;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly rowsRead: number;
}

export function sqlRunnerOn(store: Pick<Store, 'analyst' | 'writer'>, change: Partial<SqlRunnerDeps> = {}): SqlRunner {
  return new SqlRunner({
    analyst: store.analyst,
    writer: store.writer,
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
    concurrency: 2,
    limits: sqlLimits,
    ...change,
  });
}

/** Asks as the API does and gives back what an analyst would see. */
export async function ask(runner: SqlRunner, sql: string, signal = new AbortController().signal): Promise<Asked> {
  try {
    const answer = await runner.run({ sql, actor: 'ann', signal });
    const columns = answer.columns.map(({ name }) => name);
    const rows: Row[] = [];
    for await (const batch of answer.batches) {
      for (const row of batch) rows.push(Object.fromEntries(row.map((value, index) => [columns[index] ?? '', value])));
    }
    return { outcome: 'ok', message: '', position: undefined, columns, rows, rowsRead: answer.rowsRead() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, position } = error;
    return { outcome: code, message, position, columns: [], rows: [], rowsRead: 0 };
  }
}
