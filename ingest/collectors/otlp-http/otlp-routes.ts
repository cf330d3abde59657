import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.js';
import type { DeadLetter } from '../../log/dlq.js';
import { makeDeadLetter } from '../../pipeline/dead-letter.js';
import { parseRecords, type ParsedBatch } from '../../pipeline/record-parser.js';
import { handOver } from '../../pipeline/delivery.js';
import { deadLetteredOf, emptyCounts } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import { entriesForKey, presentedKey, sha256Hex } from '../http/api-keys.js';
import { decodeBody, InFlightBytes } from '../http/body.js';
import { httpFault } from '../http/problem.js';
import type { OtlpHttpConfig } from './config.js';
import { decodeRequest, encodeResponse, encodeStatus, type OtlpEncoding } from './otlp-messages.js';
import { recordsOf, type OtlpInput, type OtlpRecords } from './otlp-records.js';

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
    const allowed = allowedInputs(inputs, request);
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
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
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

/** Sources without a key are open to all, those with one to its holders. @throws AppError TQ_UNAUTHENTICATED */
function allowedInputs(inputs: readonly OtlpInput[], request: FastifyRequest): OtlpInput[] {
  const keyed = entriesForKey(inputs, presentedKey(request.headers));
  const allowed = inputs.filter((input) => input.apiKeySha256 === undefined || keyed.includes(input));
  if (allowed.length > 0) return allowed;
  throw new AppError('TQ_UNAUTHENTICATED', 'No valid API key was presented.', {
    mend: 'Send the key of the source as Authorization: Bearer.',
  });
}

async function handRecords(
  records: OtlpRecords,
  container: string,
  deps: CollectorDeps,
): Promise<{ rejected: number; message: string }> {
  const batches: { product: string; instance: string; batch: ParsedBatch }[] = records.groups.map((group) => ({
    product: group.binding.source.product,
    instance: group.binding.instance,
    batch: parseRecords(group.binding, group.records, container, deps),
  }));
  const strayLetters = records.strays.map((stray) => strayLetter(stray, container, deps.clock.nowMs()));
  await handOver(deps.sink, {
    events: batches.flatMap(({ batch }) => batch.events),
    letters: [...batches.flatMap(({ batch }) => batch.letters), ...strayLetters],
  });
  for (const { product, instance, batch } of batches) deps.onCounts?.(product, instance, batch.counts);
  if (strayLetters.length > 0) {
    const counts = emptyCounts();
    counts.received = strayLetters.length;
    counts.dlq.no_source = strayLetters.length;
    deps.onCounts?.('otlp', '', counts);
  }
  const faults = batches.flatMap(({ batch }) => batch.faults);
  const rejected = batches.reduce((sum, { batch }) => sum + deadLetteredOf(batch.counts), strayLetters.length);
  const first = faults[0];
  const message =
    first === undefined
      ? (strayLetters[0]?.message ?? '')
      : `${first.message} ${first.mend} All refused records are kept as dead letters.`;
  return { rejected, message };
}

function strayLetter(stray: OtlpRecords['strays'][number], container: string, timeMs: number): DeadLetter {
  return makeDeadLetter({
    reason: 'no_source',
    timeMs,
    message: 'No source is configured for the resource of this log record.',
    mend: 'Set service_name of a source with input otlp, or the resource attribute tourniquet.source to its name.',
    product: 'otlp',
    instance: stray.service,
    container,
    offset: stray.record.offset,
    raw: stray.record.text,
  });
}
