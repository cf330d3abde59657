import type { FastifyReply } from 'fastify';
import { AppError, describeError, errorCodes, type ErrorCode } from '../../core/errors.js';

const statusOf: Partial<Record<ErrorCode, number>> = {
  TQ_REQUEST_INVALID: 400,
  TQ_UNAUTHENTICATED: 401,
  TQ_FORBIDDEN: 403,
  TQ_NOT_FOUND: 404,
  TQ_TOO_LARGE: 413,
};

export interface HttpFault {
  readonly status: number;
  readonly code: ErrorCode;
  /** Safe to show to the sender. */
  readonly detail: string;
  /** Why a batch was not taken, for the operator's log: where the trouble is and its mend. With 503 only. */
  readonly reason?: string;
  /** Seconds, with 503 only. */
  readonly retryAfterS?: number;
}

/**
 * What a sender hears about a failure. A fault of the sender is a 4xx with its words; everything else is 503 with
 * Retry-After, since the batch is not durable and must be sent again.
 *
 * @param bodyBytesMax the route's limit, which a refusal for size names.
 */
export function httpFault(error: unknown, bodyBytesMax?: number): HttpFault {
  const known = toAppError(error, bodyBytesMax);
  const status = statusOf[known.code];
  if (status !== undefined) return { status, code: known.code, detail: describeError(known) };
  const retryAfterS = Math.max(1, Math.ceil((known.retryAfterMs ?? 5_000) / 1_000));
  // The words of other errors may quote the body.
  const reason = error instanceof AppError ? describeError(error) : error instanceof Error ? error.name : typeof error;
  return { status: 503, code: 'TQ_UNAVAILABLE', detail: errorCodes.TQ_UNAVAILABLE, reason, retryAfterS };
}

function toAppError(error: unknown, bodyBytesMax?: number): AppError {
  if (error instanceof AppError) return error;
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return bodyTooLarge(bodyBytesMax);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('TQ_REQUEST_INVALID', 'The request is malformed.');
  }
  return new AppError('TQ_UNAVAILABLE', errorCodes.TQ_UNAVAILABLE, { retryable: true, cause: error });
}

/** The refusal of a body as it was sent, which names the limit where it is known. */
export function bodyTooLarge(bytesMax?: number): AppError {
  const limit = bytesMax === undefined ? 'the limit' : `${bytesMax} bytes`;
  return new AppError('TQ_TOO_LARGE', `The request body is larger than ${limit}.`, { mend: 'Send smaller batches.' });
}

/** The body of RFC 9457. */
export function problemBody(fault: HttpFault): Record<string, string | number> {
  return {
    type: `urn:tourniquet:error:${fault.code}`,
    title: errorCodes[fault.code],
    status: fault.status,
    code: fault.code,
    detail: fault.detail,
  };
}

/** Answers with it, and says when to come again where that helps. */
export async function sendProblem(reply: FastifyReply, fault: HttpFault): Promise<void> {
  if (fault.retryAfterS !== undefined) reply.header('retry-after', String(fault.retryAfterS));
  await reply
    .code(fault.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(fault)));
}
