import { AppError } from '../../core/errors.js';

/** The API said no to this very request; a cursor that is refused may be left for a window of time. */
export class SourceRefusal extends AppError {
  readonly status: number;

  constructor(status: number, message: string, mend: string) {
    super('TQ_SOURCE_REFUSED', message, { mend });
    this.name = 'SourceRefusal';
    this.status = status;
  }
}

/** The API as a whole, not one list of it, has enough of us. */
export class SourceBusy extends AppError {
  /** @param waitMs how long it wants to be left alone, milliseconds; undefined when it does not say. */
  constructor(message: string, waitMs: number | undefined, mend?: string) {
    super('TQ_SOURCE_UNAVAILABLE', message, {
      retryable: true,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      ...(mend === undefined ? {} : { mend }),
    });
    this.name = 'SourceBusy';
  }
}

/** More than is held in memory at once; where less can be asked for, that helps. */
export class AnswerTooLong extends AppError {
  constructor(message: string) {
    super('TQ_SOURCE_UNAVAILABLE', message, {
      retryable: true,
      mend: 'Check that the address of the input is the API.',
    });
    this.name = 'AnswerTooLong';
  }
}

/** The answer is not what the maker documents. */
export function notAPage(product: string, what: string): AppError {
  return new AppError('TQ_SOURCE_REFUSED', `The answer of ${product} is no page of records: ${what}.`, {
    mend: 'Check that the address of the input is the API itself, and no page of a login or a proxy.',
  });
}

/** What a reading failed by; the words of errors that are not ours may quote what was asked or answered. */
export function asFault(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new AppError('TQ_INTERNAL', `A page could not be taken (${name}).`, { retryable: true, cause: error });
}
