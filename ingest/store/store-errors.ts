import { AppError } from '../core/errors.js';

/** Codes of ClickHouse's ErrorCodes.cpp after which the same statement may succeed later. */
const transient = new Set([
  3, // UNEXPECTED_END_OF_FILE
  159, // TIMEOUT_EXCEEDED
  164, // READONLY: a replica that lost its Keeper
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  252, // TOO_MANY_PARTS
  254, // PARTITION_IS_UNDER_MAINTENANCE
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319, // UNKNOWN_STATUS_OF_INSERT
  364, // UNKNOWN_STATUS_OF_DISTRIBUTED_DDL_TASK
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  529, // NOT_A_LEADER
  999, // KEEPER_EXCEPTION
]);

const ioFailures = new Set([
  74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR
  76, // CANNOT_OPEN_FILE
  77, // CANNOT_CLOSE_FILE
  88, // CANNOT_FSYNC
  1001, // STD_EXCEPTION, with which a file system failure inside the engine surfaces
]);

const NOT_ENOUGH_SPACE = 243;
const AUTHENTICATION_FAILED = 516;
const UNKNOWN_TABLE = 60;
const UNKNOWN_DATABASE = 81;
/** TOO_MANY_ROWS, TOO_MANY_BYTES, TOO_SLOW, TOO_MANY_ROWS_OR_BYTES: a limit that this query met. */
const limitsMet = new Set([158, 160, 307, 396]);

export interface FailedOperation {
  /** What was being done, for the message: `query token.timeline`, `insert into alerts`. */
  readonly what: string;
  readonly kind: 'query' | 'write';
}

function fileSystemError(error: unknown): AppError | undefined {
  const code = errorCodeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('TQ_DISK_FULL', 'No space is left for the data directory of the store.', {
      retryable: true,
      mend: 'Free space or move the data directory; the block is tried again.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return new AppError('TQ_DATA_DIR_UNUSABLE', 'The data directory of the store cannot be written.', {
      mend: 'Make it writable for the user that runs Tourniquet.',
      cause: error,
    });
  }
  return undefined;
}

/** The `code` of a Node error, looked for through the causes: wrappers keep the original there. */
function errorCodeOf(error: unknown, depth = 0): string | undefined {
  if (!isErrorShaped(error) || depth > 5) return undefined;
  const { code, cause } = error;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? code : errorCodeOf(cause, depth + 1);
}

interface ErrorShaped {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly clickhouseCode?: unknown;
  readonly cause?: unknown;
}

/** By shape: errors come from two copies of the client and from the file system, and not all are of this realm. */
function isErrorShaped(error: unknown): error is ErrorShaped {
  return typeof error === 'object' && error !== null;
}

export interface EngineFailure {
  readonly code: number;
  readonly type: string;
}

/**
 * The server's error has a decimal `code` and a `type`, the embedded engine's a numeric `clickhouseCode`; wrappers
 * keep the original as cause.
 */
export function engineFailureOf(error: unknown, depth = 0): EngineFailure | undefined {
  if (!isErrorShaped(error) || depth > 5) return undefined;
  const { code, type, clickhouseCode, cause } = error;
  if (typeof code === 'string' && /^\d+$/.test(code)) {
    return { code: Number(code), type: typeof type === 'string' ? type : '' };
  }
  if (typeof clickhouseCode === 'number') return { code: clickhouseCode, type: '' };
  return engineFailureOf(cause, depth + 1);
}

function engineError({ code, type }: EngineFailure, error: unknown, { what, kind }: FailedOperation): AppError {
  const named = `${what}: ClickHouse answered ${code}${type === '' ? '' : ` ${type}`}.`;
  if (code === NOT_ENOUGH_SPACE) {
    return new AppError('TQ_DISK_FULL', named, { retryable: true, mend: 'Free space for ClickHouse.', cause: error });
  }
  if (limitsMet.has(code) || (code === 159 && kind === 'query')) {
    const mend = 'Ask for a shorter time range or fewer rows.';
    return new AppError('TQ_STORE_REFUSED', `${named} The query met its limit.`, { mend, cause: error });
  }
  if (transient.has(code) || ioFailures.has(code)) {
    return new AppError('TQ_STORE_UNAVAILABLE', named, { retryable: true, cause: error });
  }
  if (code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE) {
    return new AppError('TQ_STORE_REFUSED', named, { mend: 'Run `tourniquet migrate` first.', cause: error });
  }
  if (code === AUTHENTICATION_FAILED) {
    return new AppError('TQ_STORE_REFUSED', named, { mend: 'Check user and password of ClickHouse.', cause: error });
  }
  return new AppError('TQ_STORE_REFUSED', named, { cause: error });
}

/**
 * Turns whatever the client, the engine or the file system threw into an AppError, by code and type, never by words.
 * The engine's own text, which may quote data, stays in `cause`. What is not known is taken as unavailable: trying
 * again loses nothing, since every write carries its deduplication token.
 */
export function toStoreError(error: unknown, operation: FailedOperation): AppError {
  if (error instanceof AppError) return error;
  const failure = engineFailureOf(error);
  if (failure !== undefined) return engineError(failure, error, operation);
  return (
    fileSystemError(error) ??
    new AppError('TQ_STORE_UNAVAILABLE', `${operation.what}: ClickHouse cannot be reached.`, {
      retryable: true,
      mend: 'Check that ClickHouse runs and that its address is right.',
      cause: error,
    })
  );
}
