import { z } from 'zod';
import { AppError } from '../core/errors.js';
import { formatTime, parseTime } from '../event/time.js';
import type { StoreConnection } from './connection.js';
import { toStoreError } from './store-errors.js';
import type { Derivation, LinesQuery, Querier, Query, QueryLimits, TableRow } from './store.js';

export const queryDefaults = { rowsMax: 1_000_000, timeoutMs: 60_000, memoryBytesMax: 0 } as const;

export interface QueryDefinition<P extends z.ZodType, R extends z.ZodType> {
  /** `tokens.timeline`: area and purpose; names the query in errors and metrics. */
  readonly name: string;
  /** SQL with `{name:Type}` placeholders; never put together from values. */
  readonly sql: string;
  readonly params: P;
  readonly row: R;
}

/**
 * A query as a value, one a file. Every placeholder of the SQL must have a parameter and every parameter a
 * placeholder, which is checked here, when the module loads. Times go in as RFC 3339 text for `DateTime64(3, 'UTC')`
 * and come out as RFC 3339; 64-bit integers come out as numbers, so wrap offsets in toString().
 */
export function defineQuery<P extends z.ZodType, R extends z.ZodType>(
  definition: QueryDefinition<P, R>,
): Query<z.output<P>, z.output<R>> {
  const { name, sql, params, row } = definition;
  checkPlaceholders(name, sql, params);
  return { name, sql, params: params as z.ZodType<z.output<P>>, row: row as z.ZodType<z.output<R>> };
}

/** Like `defineQuery`, for a statement that selects one column of text, of any length. */
export function defineLines<P extends z.ZodType>(definition: {
  readonly name: string;
  readonly sql: string;
  readonly params: P;
}): LinesQuery<z.output<P>> {
  checkPlaceholders(definition.name, definition.sql, definition.params);
  return { ...definition, params: definition.params as z.ZodType<z.output<P>> };
}

/** Like `defineQuery`, for rows that the store makes from its own. */
export function defineDerivation<P extends z.ZodType>(definition: {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly sql: string;
  readonly params: P;
}): Derivation<z.output<P>> {
  checkPlaceholders(definition.name, definition.sql, definition.params);
  return { ...definition, params: definition.params as z.ZodType<z.output<P>> };
}

function checkPlaceholders(name: string, sql: string, params: z.ZodType): void {
  const placeholders = new Set([...sql.matchAll(/\{([A-Za-z_]\w*)\s*:/g)].map((match) => match[1] ?? ''));
  const declared = new Set(params instanceof z.ZodObject ? Object.keys(params.shape) : []);
  const unmatched = [...placeholders, ...declared].filter((p) => !placeholders.has(p) || !declared.has(p));
  if (unmatched.length > 0) {
    throw new AppError('TQ_INTERNAL', `Query ${name}: placeholder and parameter do not meet: ${unmatched.join(', ')}.`);
  }
}

/** Runs queries and holds what comes back against the row's schema, so that a drift shows at its place. */
export class StoreQuerier implements Querier {
  private readonly connection: () => StoreConnection;

  constructor(connection: () => StoreConnection) {
    this.connection = connection;
  }

  async run<P, R>(query: Query<P, R>, params: P, limits: QueryLimits = {}): Promise<readonly R[]> {
    const connection = this.connection();
    const bound = bindTimes(query.sql, checkParams(query, params));
    let rows: readonly unknown[];
    try {
      rows = await connection.query(query.sql, bound, { ...queryDefaults, ...limits });
    } catch (error) {
      throw toStoreError(error, { what: `query ${query.name}`, kind: 'query' });
    }
    return rows.map((row, index) => checkRow(query, row, index));
  }

  async *lines<P>(query: LinesQuery<P>, params: P): AsyncGenerator<string> {
    const bound = bindTimes(query.sql, checkParams(query, params));
    const texts = this.connection().lines(query.sql, bound)[Symbol.asyncIterator]();
    let coming = this.next(texts, query.name);
    try {
      for (;;) {
        const next = await coming;
        if (next.done === true) return;
        // The engine makes the next ones while these are looked at.
        coming = this.next(texts, query.name);
        yield next.value;
      }
    } finally {
      await coming.catch(() => undefined);
      await texts.return?.();
    }
  }

  /** What the consumer throws is none of the store's errors, so only this is told as one. */
  private async next(texts: AsyncIterator<string>, name: string): Promise<IteratorResult<string>> {
    try {
      return await texts.next();
    } catch (error) {
      throw toStoreError(error, { what: `query ${name}`, kind: 'query' });
    }
  }
}

/** @throws AppError TQ_REQUEST_INVALID for parameters that the schema refuses. */
export function checkParams<P>(
  { name, params: schema }: Pick<Query<P, unknown>, 'name' | 'params'>,
  params: P,
): TableRow {
  const checked = schema.safeParse(params);
  if (checked.success) return checked.data as TableRow;
  throw new AppError('TQ_REQUEST_INVALID', `Query ${name}: ${z.prettifyError(checked.error)}`);
}

const timePlaceholder = /\{(\w+)\s*:\s*(?:Nullable\()?(DateTime64|DateTime)\b/g;

/** Parameters of type DateTime take the engine's own form, not RFC 3339; all of ours are UTC. */
function bindTimes(sql: string, params: TableRow): TableRow {
  const bound: Record<string, unknown> = { ...params };
  for (const [, name = '', type] of sql.matchAll(timePlaceholder)) {
    const value = bound[name];
    const ms = typeof value === 'string' ? parseTime(value) : Number.NaN;
    if (Number.isNaN(ms)) continue;
    const text = formatTime(ms).replace('T', ' ');
    bound[name] = text.slice(0, type === 'DateTime' ? 19 : 23);
  }
  return bound;
}

function checkRow<P, R>(query: Query<P, R>, row: unknown, index: number): R {
  const parsed = query.row.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new AppError('TQ_INTERNAL', `Query ${query.name}, row ${index}: ${z.prettifyError(parsed.error)}`, {
    mend: 'The tables and the program are of different versions: run `tourniquet migrate`.',
  });
}
