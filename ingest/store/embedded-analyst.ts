import { chunks } from '../core/chunks.js';
import type { Session } from 'chdb';
import { z } from 'zod';
import {
  analystSettings,
  answerTooLarge,
  toExactNumbers,
  type Analyst,
  type StatementLimits,
  type StatementRun,
} from './analyst.js';
import { quoteString } from './connection.js';
import { Limiter } from './limiter.js';

const answerSchema = z.object({
  meta: z.array(z.object({ name: z.string(), type: z.string() })),
  data: z.array(z.array(z.unknown())),
  statistics: z.object({ rows_read: z.coerce.number() }),
});

const BATCH_ROWS = 1_000;

/**
 * Statements of people on the embedded engine. Each runs in a session of its own that is set to `readonly` for good, so
 * that neither the statement nor a session left over can loosen a limit. The answer is held in memory whole
 * (`bytesMax`): the engine's streaming interface knows no EXPLAIN and does not tell the rows it read.
 */
export class EmbeddedAnalyst implements Analyst {
  readonly database: string;
  private readonly open: () => Session;
  private readonly running: Limiter;
  private readonly control = new Limiter(1);
  private controlSession: Session | undefined;
  private numbers = 0;
  private closed = false;

  /** @param places statements that may run at once. */
  constructor(open: () => Session, database: string, places: number) {
    this.open = open;
    this.database = database;
    this.running = new Limiter(places);
  }

  run(sql: string, limits: StatementLimits, signal: AbortSignal): Promise<StatementRun> {
    return this.running.run(async () => {
      signal.throwIfAborted();
      if (this.closed) throw new Error('The store is closed.');
      const mark = `tourniquet-analyst-${(this.numbers++).toString()}`;
      const session = this.open();
      const stop = (): void => void this.kill(mark).catch(() => undefined);
      try {
        await session.queryAsync(`USE ${this.database}`);
        const settings = { ...analystSettings(limits), log_comment: mark, readonly: 1 };
        const assignments = Object.entries(settings).map(
          ([name, value]) => `${name} = ${typeof value === 'number' ? String(value) : quoteString(value)}`,
        );
        await session.queryAsync(`SET ${assignments.join(', ')}`);
        signal.throwIfAborted();
        signal.addEventListener('abort', stop);
        const result = await session.queryAsync(sql, { format: 'JSONCompact' });
        // The engine counts a constant column once, however many rows repeat it.
        if (result.bytes().length > limits.bytesMax) throw answerTooLarge(limits);
        const { meta, data, statistics } = answerSchema.parse(JSON.parse(result.text()));
        const exact = toExactNumbers(meta);
        return { columns: meta, rowsRead: () => statistics.rows_read, batches: batchesOf(data, exact) };
      } finally {
        signal.removeEventListener('abort', stop);
        session.close();
      }
    });
  }

  /** The engine cannot be told by the call to stop; another session kills the statement by its mark. */
  private kill(mark: string): Promise<void> {
    return this.control.run(async () => {
      if (this.closed) return;
      this.controlSession ??= this.open();
      await this.controlSession.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quoteString(mark)} ASYNC`);
    });
  }

  /** Waits for what runs: a session that is closed under a running statement takes the whole engine down. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running.runAlone(() => Promise.resolve());
    await this.control.run(() => {
      this.controlSession?.close();
      this.controlSession = undefined;
      return Promise.resolve();
    });
  }
}

async function* batchesOf(
  rows: readonly (readonly unknown[])[],
  exact: (row: readonly unknown[]) => readonly unknown[],
): AsyncGenerator<readonly (readonly unknown[])[]> {
  for (const some of chunks(rows, BATCH_ROWS)) {
    yield some.map(exact);
    await Promise.resolve();
  }
}
