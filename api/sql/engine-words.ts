import { AppError } from '../../ingest/core/errors.js';
import { redactText } from '../../ingest/event/redact-text.js';
import { engineFailureOf, toStoreError } from '../../ingest/store/store-errors.js';

/** Codes of ClickHouse's ErrorCodes.cpp that say that a statement costs too much. */
const limits = new Set([
  158, // TOO_MANY_ROWS
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  161, // TOO_MANY_COLUMNS
  162, // TOO_DEEP_SUBQUERIES
  167, // TOO_DEEP_AST
  168, // TOO_BIG_AST
  191, // SET_SIZE_LIMIT_EXCEEDED
  241, // MEMORY_LIMIT_EXCEEDED
  306, // TOO_DEEP_RECURSION
  307, // TOO_MANY_BYTES
  396, // TOO_MANY_ROWS_OR_BYTES
]);

/** Codes by which the engine itself forbids: READONLY, ACCESS_DENIED, FUNCTION_NOT_ALLOWED. */
const forbidden = new Set([164, 497, 446]);

/** Failures of the engine's surroundings, not of the statement. */
const around = new Set([3, 198, 202, 203, 209, 210, 225, 236, 242, 243, 279, 394, 425, 516, 999, 1001, 1002]);

const WORDS_CHARS_MAX = 600;

/**
 * What the engine threw at a statement, as the analyst may see it: the engine's words without secrets, without other
 * databases' names, and with the position where it tells one.
 *
 * @param sql the text that the engine was given, when positions in it mean something to the analyst.
 */
export function toStatementError(error: unknown, sql?: string): AppError {
  if (error instanceof AppError) return error;
  const failure = engineFailureOf(error);
  if (failure === undefined || around.has(failure.code))
    return toStoreError(error, { what: 'statement', kind: 'query' });
  const words = wordsOf(error);
  if (limits.has(failure.code)) {
    return new AppError('TQ_SQL_LIMIT', words, {
      mend: 'Filter by time or hour first, add LIMIT, or aggregate.',
      cause: error,
    });
  }
  if (forbidden.has(failure.code)) return new AppError('TQ_SQL_REFUSED', words, { cause: error });
  const position = sql === undefined ? undefined : positionOf(words, sql);
  return new AppError('TQ_SQL_INVALID', words, { cause: error, ...(position === undefined ? {} : { position }) });
}

function wordsOf(error: unknown): string {
  const raw = error instanceof Error ? error.message : '';
  const plain = raw
    .replace(/^[\s\S]*?DB::Exception: /, '')
    .replace(/^Code: \d+\. DB::Exception: /, '')
    .replace(/: (?:In scope|While executing|while executing) [\s\S]*$/, '.')
    // The name of the code, which the client of a server leaves out.
    .replace(/\s*\([A-Z][A-Z0-9_]{2,}\)(?: \(version [^()]*\))?\s*$/, '')
    // Suggestions may name what lies outside the views.
    .replace(/\s*Maybe you meant:?[\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
  const words = redactText(plain).text.slice(0, WORDS_CHARS_MAX);
  return words === '' ? 'ClickHouse refused the statement.' : words;
}

/** The engine counts bytes of UTF-8 from 1; people count characters. */
function positionOf(words: string, sql: string): number | undefined {
  const bytes = Number(/failed at position (\d+)/.exec(words)?.[1] ?? Number.NaN);
  if (Number.isNaN(bytes)) return undefined;
  return (
    Buffer.from(sql)
      .subarray(0, bytes - 1)
      .toString('utf8').length + 1
  );
}
