import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { AppError, describeError, errorCodes, type ErrorCode } from '../../ingest/core/errors.js';
import { bodyTooLarge } from '../../ingest/collectors/http/problem.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Problem } from '../schemas/problem.js';
import { KnownRoutes } from './known-routes.js';

/** HTTP status of each code that can reach a client; what is not listed is a 500. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  TQ_REQUEST_INVALID: 400,
  TQ_RECORD_INVALID: 400,
  TQ_EVENT_INVALID: 400,
  TQ_UNAUTHENTICATED: 401,
  TQ_FORBIDDEN: 403,
  TQ_NOT_FOUND: 404,
  TQ_METHOD_NOT_ALLOWED: 405,
  TQ_CONFLICT: 409,
  TQ_TOO_LARGE: 413,
  TQ_RATE_LIMITED: 429,
  TQ_SQL_INVALID: 400,
  TQ_SQL_REFUSED: 403,
  TQ_SQL_LIMIT: 422,
  TQ_LOG_UNAVAILABLE: 503,
  TQ_STORE_UNAVAILABLE: 503,
  TQ_DISK_FULL: 503,
  TQ_UNAVAILABLE: 503,
};

const RETRY_AFTER_DEFAULT_S = 5;

/** RFC 9457. Bodies of 5xx are constant per code: what went wrong inside is for the log, not for the caller. */
export function problemOf(
  error: unknown,
  bodyBytesMax?: number,
): { status: number; problem: Problem; retryAfterS: number | null } {
  const known = toAppError(error, bodyBytesMax);
  const status = statusOf[known.code] ?? 500;
  const code = status === 500 ? 'TQ_INTERNAL' : known.code;
  const inside = status >= 500;
  const detail = inside ? errorCodes[code] : describeError(known);
  const waits = status === 503 || status === 429;
  const retryAfterS = Math.max(1, Math.ceil((known.retryAfterMs ?? RETRY_AFTER_DEFAULT_S * 1000) / 1000));
  return {
    status,
    problem: {
      type: `urn:tourniquet:error:${code}`,
      title: errorCodes[code],
      status,
      code,
      detail,
      ...(inside || known.position === undefined ? {} : { position: known.position }),
    },
    retryAfterS: waits ? retryAfterS : null,
  };
}

function toAppError(error: unknown, bodyBytesMax?: number): AppError {
  if (error instanceof AppError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.slice(0, 10).map((fault) => `${fault.instancePath || '/'}: ${fault.message ?? ''}`);
    const place = error.validationContext ?? 'request';
    return new AppError('TQ_REQUEST_INVALID', `The ${place} is refused. ${faults.join('; ')}.`, {
      mend: 'See /openapi.json.',
    });
  }
  if (isResponseSerializationError(error)) return new AppError('TQ_INTERNAL', 'response', { cause: error });
  if (isFastifyError(error)) return fromFastify(error, bodyBytesMax);
  return new AppError('TQ_INTERNAL', 'unexpected', { cause: error });
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

function fromFastify(error: FastifyError, bodyBytesMax?: number): AppError {
  const status = error.statusCode ?? 500;
  if (status === 413) return bodyTooLarge(bodyBytesMax);
  if (status === 429) return new AppError('TQ_RATE_LIMITED', errorCodes.TQ_RATE_LIMITED);
  if (status === 404) return new AppError('TQ_NOT_FOUND', errorCodes.TQ_NOT_FOUND);
  // Fastify's messages on bodies and media types quote nothing but their kind.
  if (status >= 400 && status < 500)
    return new AppError('TQ_REQUEST_INVALID', `The request is refused (${error.code}).`);
  return new AppError('TQ_INTERNAL', 'unexpected', { cause: error });
}

export async function sendProblem(reply: FastifyReply, error: unknown, bodyBytesMax?: number): Promise<void> {
  const { status, problem, retryAfterS } = problemOf(error, bodyBytesMax);
  if (retryAfterS !== null && !reply.hasHeader('retry-after')) reply.header('retry-after', String(retryAfterS));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  reply.code(status).type('application/problem+json').serializer(JSON.stringify);
  await reply.send(problem);
}

export function registerProblems(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler(async (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const { status } = problemOf(error);
    if (status >= 500) {
      const fields = { method: request.method, route: request.routeOptions.url ?? '', error: causeChain(error) };
      logger.error(fields, 'request failed');
    }
    await sendProblem(reply, error, request.routeOptions.bodyLimit);
  });
  const routes = new KnownRoutes(app);
  app.setNotFoundHandler(async (request, reply) => {
    const methods = routes.methodsOf(request.url);
    if (methods.length === 0) {
      await sendProblem(reply, new AppError('TQ_NOT_FOUND', 'There is no such route; see /openapi.json.'));
      return;
    }
    const allow = methods.join(', ');
    reply.header('allow', allow);
    const mend = `Use ${allow}; see /openapi.json.`;
    await sendProblem(reply, new AppError('TQ_METHOD_NOT_ALLOWED', 'The route does not take that method.', { mend }));
  });
}

function causeChain(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${describeError(error.cause)}` : '';
  return `${describeError(error)}${cause}`;
}
