import { randomUUID } from 'node:crypto';
import type { Clock } from '../../ingest/core/clock.js';
import { AppError, describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Metrics } from '../../ingest/core/telemetry/metrics.js';
import type { Analyst, StatementColumn, StatementLimits, StatementRun } from '../../ingest/store/analyst.js';
import { analystViews } from '../../ingest/store/analyst-views.js';
import type { EventWriter } from '../../ingest/store/store.js';
import { readAst } from './ast.js';
import { AuditRecord, type StatementEnd, type StatementOutcome } from './audit.js';
import { toStatementError } from './engine-words.js';
import { checkResolved, checkStatement, type SqlSurface } from './policy.js';

export interface SqlRunnerDeps {
  readonly analyst: Analyst;
  readonly writer: EventWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits: StatementLimits;
  /** Statements at once; more are refused with TQ_RATE_LIMITED. */
  readonly concurrency: number;
}

export interface Statement {
  readonly sql: string;
  /** Who asks: name of the API key, or of the user at the terminal. */
  readonly actor: string;
  readonly signal: AbortSignal;
}

export interface StatementAnswer {
  readonly uid: string;
  readonly columns: readonly StatementColumn[];
  /** Must be read to its end, or returned early: then the record of the statement is closed. */
  readonly batches: AsyncIterable<readonly (readonly unknown[])[]>;
  readonly rowsRead: () => number;
  readonly durationMs: () => number;
}

const RETRY_AFTER_MS = 2_000;
/** Rows of the product's own questions to the engine: a syntax tree has a line a node. */
const CHECK_ROWS_MAX = 100_000;
const GRACE_MS = 5_000;
const clientGone = 'The client went away.';

const outcomes: Partial<Record<AppError['code'], StatementOutcome>> = {
  TQ_SQL_INVALID: 'invalid',
  TQ_SQL_REFUSED: 'refused',
  TQ_SQL_LIMIT: 'limit',
};

/**
 * Runs statements that people wrote. A statement is text until the engine has parsed it as data (`formatQuery`), which
 * leaves exactly one statement in the engine's own spelling, without comments; that spelling is what is judged, by its
 * syntax tree and then by what its names mean, and that spelling is what runs. See docs/adr for why each step is there.
 */
export class SqlRunner {
  private readonly deps: SqlRunnerDeps;
  private running = 0;
  private engineFunctions: Promise<ReadonlySet<string>> | undefined;

  constructor(deps: SqlRunnerDeps) {
    this.deps = deps;
  }

  /** @throws AppError TQ_SQL_INVALID, TQ_SQL_REFUSED, TQ_SQL_LIMIT, TQ_RATE_LIMITED, TQ_STORE_UNAVAILABLE */
  async run(statement: Statement): Promise<StatementAnswer> {
    const { writer, clock, concurrency } = this.deps;
    if (this.running >= concurrency) {
      throw new AppError('TQ_RATE_LIMITED', `${concurrency} statements run already.`, {
        retryable: true,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.running += 1;
    const uid = randomUUID();
    const record = new AuditRecord(writer, clock, { uid, actor: statement.actor, sql: statement.sql });
    const late = new AbortController();
    const signal = AbortSignal.any([statement.signal, late.signal]);
    try {
      await record.begin();
      const run = await withDeadline(this.judgeAndRun({ ...statement, signal }), this.deps.limits.timeoutMs, late);
      return {
        uid,
        columns: run.columns,
        batches: this.recorded(run, this.closing(record, run, statement), statement),
        rowsRead: () => run.rowsRead(),
        durationMs: () => record.durationMs,
      };
    } catch (error) {
      const seen = toStatementError(error);
      const rows = { rowsRead: 0, rowsReturned: 0 };
      await this.close(record, { outcome: this.outcomeOf(seen, statement), detail: describeError(seen), ...rows });
      throw seen;
    }
  }

  /** Closes the record once: when the rows end, or when the client goes before it has begun to read them. */
  private closing(record: AuditRecord, run: StatementRun, { signal }: Statement) {
    let closed: Promise<void> | undefined;
    const close = (outcome: StatementOutcome, detail: string, rowsReturned: number): Promise<void> => {
      signal.removeEventListener('abort', leave);
      return (closed ??= this.close(record, { outcome, detail, rowsReturned, rowsRead: run.rowsRead() }));
    };
    const leave = (): void => void close('cancelled', clientGone, 0);
    signal.addEventListener('abort', leave);
    return close;
  }

  private async judgeAndRun({ sql, signal }: Statement): Promise<StatementRun> {
    const { analyst, limits } = this.deps;
    const canonical = await this.spell(sql, signal);
    try {
      const surface = await this.surface(signal);
      const prefix = checkStatement(readAst(await this.lines(`EXPLAIN AST ${canonical}`, signal)), surface);
      const query = prefix === '' ? canonical : withoutPrefix(canonical, prefix);
      checkResolved(await this.lines(`EXPLAIN QUERY TREE ${query}`, signal), surface);
    } catch (error) {
      throw placed(toStatementError(error), sql);
    }
    return analyst.run(canonical, limits, signal);
  }

  /** One statement as the engine writes it. The text goes in as hexadecimal digits: nothing in it can end a literal. */
  private async spell(sql: string, signal: AbortSignal): Promise<string> {
    const text = `unhex('${Buffer.from(sql).toString('hex')}')`;
    let rows: readonly (readonly unknown[])[];
    try {
      rows = await this.ask(
        `SELECT formatQuerySingleLine(${text}) AS once, formatQuerySingleLine(once) AS twice`,
        signal,
      );
    } catch (error) {
      throw toStatementError(error, sql);
    }
    const [once, twice] = rows[0] ?? [];
    if (typeof once !== 'string' || once === '' || once !== twice) {
      throw new AppError('TQ_SQL_REFUSED', 'The engine does not read its own spelling of the statement as the same.', {
        mend: 'Write it more plainly.',
      });
    }
    return once;
  }

  private async surface(signal: AbortSignal): Promise<SqlSurface> {
    this.engineFunctions ??= this.ask('SELECT lower(name) FROM system.functions', signal).then(
      (rows) => new Set(rows.map((row) => String(row[0]))),
    );
    try {
      const { database } = this.deps.analyst;
      return { database, views: new Set(analystViews.keys()), engineFunctions: await this.engineFunctions };
    } catch (error) {
      this.engineFunctions = undefined;
      throw error;
    }
  }

  private async lines(sql: string, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.ask(sql, signal)).flatMap((row) => String(row[0]).split('\n'));
  }

  private async ask(sql: string, signal: AbortSignal): Promise<readonly (readonly unknown[])[]> {
    const { analyst, limits } = this.deps;
    const run = await analyst.run(sql, { ...limits, rowsMax: CHECK_ROWS_MAX }, signal);
    const rows: (readonly unknown[])[] = [];
    for await (const batch of run.batches) rows.push(...batch);
    return rows;
  }

  private async *recorded(
    run: StatementRun,
    close: (outcome: StatementOutcome, detail: string, rowsReturned: number) => Promise<void>,
    statement: Statement,
  ): AsyncGenerator<readonly (readonly unknown[])[]> {
    let rowsReturned = 0;
    let outcome: StatementOutcome = 'cancelled';
    let detail = clientGone;
    try {
      for await (const batch of run.batches) {
        rowsReturned += batch.length;
        yield batch;
      }
      outcome = 'ok';
      detail = '';
    } catch (error) {
      const seen = toStatementError(error);
      outcome = this.outcomeOf(seen, statement);
      detail = describeError(seen);
      throw seen;
    } finally {
      await close(outcome, detail, rowsReturned);
    }
  }

  private outcomeOf(error: AppError, { signal }: Statement): StatementOutcome {
    return signal.aborted ? 'cancelled' : (outcomes[error.code] ?? 'failed');
  }

  private async close(record: AuditRecord, how: StatementEnd): Promise<void> {
    this.running -= 1;
    this.deps.metrics.count('tourniquet.sql.statements', 1, { outcome: how.outcome });
    try {
      await record.end(how);
    } catch (error) {
      // The beginning is recorded, and the answer is already on its way.
      this.deps.logger.error({ error: describeError(error) }, 'the end of a statement could not be recorded');
    }
  }
}

/**
 * The engine looks at its clock between blocks, and one call of a function may take longer than all it is given. The
 * client is answered in time; the place in the engine stays taken until the call returns.
 */
async function withDeadline<T>(work: Promise<T>, timeoutMs: number, late: AbortController): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new AppError('TQ_SQL_LIMIT', `The statement took longer than ${timeoutMs / 1000} s.`, {
        mend: 'Filter by time or hour first, or aggregate.',
      });
      late.abort(error);
      reject(error);
    }, timeoutMs + GRACE_MS);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

function withoutPrefix(canonical: string, prefix: string): string {
  if (!canonical.startsWith(`${prefix} `)) {
    throw new AppError('TQ_SQL_REFUSED', 'The explained statement cannot be told from its EXPLAIN.');
  }
  return canonical.slice(prefix.length + 1);
}

/** A refusal names what it is about; where that stands in the text is a help, not a proof. */
function placed(error: AppError, sql: string): AppError {
  if (error.code !== 'TQ_SQL_REFUSED' || error.position !== undefined) return error;
  const name = /The (?:table function|function|table) (\S+)/.exec(error.message)?.[1];
  const index = name === undefined ? -1 : sql.toLowerCase().indexOf(name.toLowerCase());
  if (index < 0) return error;
  const { mend, cause } = error;
  return new AppError('TQ_SQL_REFUSED', error.message, {
    position: index + 1,
    cause,
    ...(mend === undefined ? {} : { mend }),
  });
}
