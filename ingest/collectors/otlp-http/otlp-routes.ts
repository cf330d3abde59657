import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.js';
import type { CollectorDeps } from '../collector-deps.js';
import { sha256Hex } from '../../core/sha256.js';
import { decodeBody, InFlightBytes, takeRawBodies } from '../http/body.js';
import { httpCaller } from '../http/http-caller.js';
import { httpFault } from '../http/problem.js';
import { inputsForCaller } from '../peer/caller-rule.js';
import type { OtlpHttpConfig } from './config.js';
import { decodeRequest, encodeResponse, encodeStatus, type OtlpEncoding } from '../otlp/otlp-messages.js';
import { handRecords } from '../otlp/otlp-hand-over.js';
import { recordsOf, type OtlpInput } from '../otlp/otlp-records.js';

const mediaTypes: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** google.rpc.Code for the statuses that are answered here. */
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 503: 14 };

/**
 * `POST /v1/logs`, OTLP/HTTP in protobuf or JSON, gzip. 200 only when everything is durable; records that are no
 * auth log of their source are dead letters and counted in `partial_success`, which tells the sender not to repeat.
 */
export function otlpRoutes(
  config: OtlpHttpConfig,
  inputs: readonly OtlpInput[],
  deps: CollectorDeps,
): FastifyPluginAsync {
  const inFlight = new InFlightBytes(config.in_flight_bytes_max);

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const allowed = inputsForCaller(inputs, httpCaller(request));
    const encoding = encodingOf(request);
    if (encoding === undefined) {
      throw new AppError('TQ_REQUEST_INVALID', 'The Content-Type is not known.', {
        mend: 'Use application/x-protobuf or application/json.',
      });
    }
    const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { rejected, message } = await inFlight.run(sent.length, async () => {
      const body = await decodeBody(sent, request.headers['content-encoding'], config.decompressed_bytes_max);
      const records = recordsOf(decodeRequest(body, encoding), allowed, config.record_bytes_max);
      return handRecords(records, sha256Hex(body).slice(0, 40), deps);
    });
    await reply
      .code(200)
      .type(mediaTypes[encoding])
      .send(encodeResponse(rejected, message, encoding));
  };

  return async (app) => {
    takeRawBodies(app);
    app.setErrorHandler(async (error, request, reply) => {
      const fault = httpFault(error);
      if (fault.status >= 500)
        deps.logger.warn({ code: fault.code, reason: fault.reason }, 'an OTLP batch was not taken');
      if (fault.status === 401) reply.header('www-authenticate', 'Bearer');
      if (fault.retryAfterS !== undefined) reply.header('retry-after', String(fault.retryAfterS));
      const encoding = encodingOf(request) ?? 'json';
      await reply
        .code(fault.status)
        .type(mediaTypes[encoding])
        .send(encodeStatus(rpcCodes[fault.status] ?? 2, fault.detail, encoding));
    });
    app.post('/v1/logs', take);
    await Promise.resolve();
  };
}

function encodingOf(request: FastifyRequest): OtlpEncoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}
