import { AppError } from '../core/errors.js';

/** One column of an answer, with ClickHouse's name of its type. */
export interface StatementColumn {
  readonly name: string;
  readonly type: string;
}

/** What one statement may cost; all are enforced by the engine. */
export interface StatementLimits {
  /** Rows of the answer. */
  readonly rowsMax: number;
  /** Bytes of the answer. */
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly memoryBytesMax: number;
  /** Rows that may be read to find the answer. */
  readonly rowsReadMax: number;
}

export interface StatementRun {
  readonly columns: readonly StatementColumn[];
  /** Rows in the engine's order; 64-bit integers beyond 2^53 are text. Throws what went wrong on the way. */
  readonly batches: AsyncIterable<readonly (readonly unknown[])[]>;
  /** Rows that the engine read, known when the batches have ended. */
  rowsRead(): number;
}

/**
 * A way into the store for statements that people wrote. It limits what they cost and keeps them from changing
 * anything, but it does not judge them: on the embedded engine a SELECT may read any file of this process. The caller
 * must have parsed and judged a statement before it comes here (api/sql/policy.ts).
 */
export interface Analyst {
  /** The database with the analysts' views; names without a database mean its. */
  readonly database: string;
  /**
   * @param signal stops the statement in the engine.
   * @throws the engine's own error; `engineFailureOf` reads it.
   */
  run(sql: string, limits: StatementLimits, signal: AbortSignal): Promise<StatementRun>;
}

export function answerTooLarge({ bytesMax }: StatementLimits): AppError {
  return new AppError('TQ_SQL_LIMIT', `The answer has more than ${bytesMax} bytes.`, {
    mend: 'Select fewer columns or rows, or aggregate.',
  });
}

/** What every statement gets beside its limits: no spilling to disk, no caches, bounded parsing and recursion. */
export function analystSettings(limits: StatementLimits): Record<string, string | number> {
  return {
    max_execution_time: Math.max(1, Math.ceil(limits.timeoutMs / 1000)),
    timeout_overflow_mode: 'throw',
    max_memory_usage: limits.memoryBytesMax,
    max_result_rows: limits.rowsMax,
    max_result_bytes: limits.bytesMax,
    result_overflow_mode: 'throw',
    max_rows_to_read: limits.rowsReadMax,
    read_overflow_mode: 'throw',
    max_threads: 2,
    max_bytes_before_external_group_by: 0,
    max_bytes_before_external_sort: 0,
    max_bytes_ratio_before_external_group_by: 0,
    max_bytes_ratio_before_external_sort: 0,
    max_recursive_cte_evaluation_depth: 200,
    max_subquery_depth: 30,
    max_ast_depth: 200,
    max_ast_elements: 20_000,
    max_expanded_ast_elements: 50_000,
    function_range_max_elements_in_block: 10_000_000,
    allow_introspection_functions: 0,
    allow_ddl: 0,
    use_query_cache: 0,
    output_format_json_quote_64bit_integers: 1,
    output_format_json_quote_denormals: 1,
    date_time_output_format: 'iso',
    join_use_nulls: 0,
    enable_analyzer: 1,
  };
}

const wide = /^(?:SimpleAggregateFunction\(\w+, )?(?:LowCardinality\()?(?:Nullable\()?U?Int64\b/;

/** Counts are 64-bit integers and come as text; those that a number holds exactly become one. */
export function toExactNumbers(columns: readonly StatementColumn[]): (row: readonly unknown[]) => readonly unknown[] {
  const places = columns.flatMap(({ type }, index) => (wide.test(type) ? [index] : []));
  if (places.length === 0) return (row) => row;
  return (row) => {
    const copy = [...row];
    for (const place of places) {
      const value = copy[place];
      if (typeof value !== 'string') continue;
      const number = Number(value);
      if (Number.isSafeInteger(number)) copy[place] = number;
    }
    return copy;
  };
}
