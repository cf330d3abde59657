/**
 * Every error that leaves a part of Tourniquet carries one of these codes. `docs/errors.md` lists them, and a test
 * holds the two together.
 */
export const errorCodes = {
  TQ_CONFIG_INVALID: 'The configuration is refused; every fault is listed with its path and mend.',
  TQ_KEY_INVALID: 'The fingerprint key is missing, unreadable, too short or duplicated.',
  TQ_DATA_DIR_LOCKED: 'Another process uses the data directory.',
  TQ_DATA_DIR_UNUSABLE: 'The data directory cannot be written.',
  TQ_DISK_FULL: 'No space is left on the device.',
  TQ_LOG_UNAVAILABLE: 'The event log cannot be reached; the operation is safe to repeat.',
  TQ_LOG_REFUSED: 'The event log refused the record for good (size, authorisation, unknown topic).',
  TQ_STORE_UNAVAILABLE: 'ClickHouse cannot be reached; the operation is safe to repeat.',
  TQ_STORE_REFUSED: 'ClickHouse refused the statement for good.',
  TQ_MIGRATION_CONFLICT: 'An applied migration differs from the one shipped, or numbers are not contiguous.',
  TQ_RECORD_INVALID: 'A record cannot be parsed as its source promises.',
  TQ_EVENT_INVALID: 'An event does not follow the TokenEvent schema.',
  TQ_FILE_UNREADABLE: 'A file cannot be opened or decompressed.',
  TQ_SOURCE_UNAVAILABLE: 'An API that a source is read from cannot be reached or has enough of us; it is asked again.',
  TQ_SOURCE_REFUSED: 'An API that a source is read from refused the request, or answered something else.',
  TQ_REQUEST_INVALID: 'The request does not follow the API description.',
  TQ_UNAUTHENTICATED: 'No valid API key was presented.',
  TQ_FORBIDDEN: 'The API key has not the role that this operation needs.',
  TQ_NOT_FOUND: 'Nothing of that name exists.',
  TQ_METHOD_NOT_ALLOWED: 'The route does not take that method.',
  TQ_CONFLICT: 'The resource is in a state that does not allow this operation.',
  TQ_TOO_LARGE: 'The request body or the record is larger than the limit.',
  TQ_RATE_LIMITED: 'Too many requests; wait as Retry-After says.',
  TQ_UNAVAILABLE: 'The batch could not be made durable; send it again after Retry-After.',
  TQ_API_UNREACHABLE: 'The API that a command speaks to does not answer, or is not of this version.',
  TQ_DELIVERY_FAILED: 'A notification was not accepted by its destination.',
  TQ_SQL_INVALID: 'ClickHouse cannot read or run the statement; the detail has its words and the position.',
  TQ_SQL_REFUSED: 'The statement asks for something that analysts are not offered.',
  TQ_SQL_LIMIT: 'The statement met a limit of rows, bytes, time or memory.',
  TQ_INTERNAL: 'An unexpected failure; the log has the cause.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errorCodes;

export interface AppErrorOptions {
  /** True if repeating the same operation later may succeed. */
  readonly retryable?: boolean;
  /** How long to wait before repeating, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What the reader can do about it, one sentence. */
  readonly mend?: string;
  /** Where in what was sent, characters from 1. */
  readonly position?: number;
  readonly cause?: unknown;
}

/** An operation failed. The message is safe to show: it names places and mends, never a secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly mend: string | undefined;
  readonly position: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.mend = options.mend;
    this.position = options.position;
  }
}

/** Whether repeating may help. Unknown errors are taken as retryable: losing data is worse than trying again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? error.retryable : true;
}

/** One line for logs and terminals: message, then the mend if there is one. */
export function describeError(error: unknown): string {
  if (error instanceof AppError) return error.mend === undefined ? error.message : `${error.message} ${error.mend}`;
  return error instanceof Error ? error.message : String(error);
}
