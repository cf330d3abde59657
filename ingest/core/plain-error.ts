import { AppError, describeError, isRetryable, type ErrorCode } from './errors.js';

/** An error as data, for another thread: what people and callers go by goes across, causes and stacks stay. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly mend?: string;
  readonly position?: number;
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof AppError)) {
    return { code: 'TQ_INTERNAL', message: describeError(error), retryable: isRetryable(error) };
  }
  const { code, message, retryable, retryAfterMs, mend, position } = error;
  return {
    code,
    message,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(mend !== undefined && { mend }),
    ...(position !== undefined && { position }),
  };
}

export function fromPlainError({ code, message, ...options }: PlainError): AppError {
  return new AppError(code, message, options);
}
