import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.js';
import { handOver } from '../../pipeline/delivery.js';
import { parseRecords, type ParsedBatch, type RecordFault, type SourceBinding } from '../../pipeline/record-parser.js';
import { deadLetteredOf, droppedOf } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import { sha256Hex } from '../../core/sha256.js';
import { entriesForKey, presentedKey } from '../http/api-keys.js';
import { decodeBody, InFlightBytes, takeRawBodies } from '../http/body.js';
import { httpFault, problemBody, sendProblem } from '../http/problem.js';
import type { HttpPushConfig } from './config.js';
import { recordsOfBody } from './push-body.js';

/** A source that may be pushed, and the SHA-256 (hex) of the key that may push it. */
export interface PushInput extends SourceBinding {
  readonly name: string;
  readonly apiKeySha256: string;
}

/** What the sender hears when the batch is durable. */
export interface PushReceipt {
  readonly received: number;
  readonly events: number;
  readonly dropped: number;
  readonly rejected: number;
  /** The first rejects; all of them are dead letters. */
  readonly rejects: readonly RecordFault[];
}

const rejectsShown = 20;

/**
 * `POST /v1/events?source=NAME` with raw records: NDJSON or text lines, a JSON array, gzip. 202 only when everything
 * is durable; the same body sent again makes no second event, since its SHA-256 is the records' container.
 */
export function pushRoutes(
  config: HttpPushConfig,
  inputs: readonly PushInput[],
  deps: CollectorDeps,
): FastifyPluginAsync {
  const inFlight = new InFlightBytes(config.in_flight_bytes_max);

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const input = chooseInput(inputs, request);
    const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const parsed = await inFlight.run(sent.length, async () => {
      const body = await decodeBody(sent, request.headers['content-encoding'], config.decompressed_bytes_max);
      const records = recordsOfBody(body, request.headers['content-type'] ?? '', input.source, config);
      const batch = parseRecords(input, records, sha256Hex(body).slice(0, 40), deps);
      await handOver(deps.sink, batch);
      return batch;
    });
    deps.onCounts?.(input.source.product, input.instance, parsed.counts);
    await answer(reply, parsed);
  };

  return async (app) => {
    takeRawBodies(app);
    app.setErrorHandler(async (error, request, reply) => {
      const fault = httpFault(error, request.routeOptions.bodyLimit);
      if (fault.status >= 500)
        deps.logger.warn({ code: fault.code, reason: fault.reason }, 'a pushed batch was not taken');
      if (fault.status === 401) reply.header('www-authenticate', 'Bearer');
      await sendProblem(reply, fault);
    });
    app.post('/v1/events', take);
    await Promise.resolve();
  };
}

async function answer(reply: FastifyReply, parsed: ParsedBatch): Promise<void> {
  const rejected = deadLetteredOf(parsed.counts);
  const receipt: PushReceipt = {
    received: parsed.counts.received,
    events: parsed.counts.events,
    dropped: droppedOf(parsed.counts),
    rejected,
    rejects: parsed.faults.slice(0, rejectsShown),
  };
  // Nothing of it could be used: the sender is told so, though the records are kept as dead letters.
  if (rejected > 0 && rejected + droppedOf(parsed.counts) === parsed.counts.received) {
    const fault = {
      status: 422,
      code: 'TQ_RECORD_INVALID',
      detail: 'No record of the body could be parsed; all are kept as dead letters. Check the source’s format.',
    } as const;
    await reply
      .code(422)
      .type('application/problem+json')
      .send(JSON.stringify({ ...problemBody(fault), ...receipt }));
    return;
  }
  await reply.code(202).type('application/json').send(JSON.stringify(receipt));
}

/** @throws AppError TQ_UNAUTHENTICATED, TQ_FORBIDDEN, TQ_REQUEST_INVALID */
function chooseInput(inputs: readonly PushInput[], request: FastifyRequest): PushInput {
  const allowed = entriesForKey(inputs, presentedKey(request.headers));
  if (allowed.length === 0) {
    throw new AppError('TQ_UNAUTHENTICATED', 'No valid API key was presented.', {
      mend: 'Send the key of the source as Authorization: Bearer.',
    });
  }
  const { source } = request.query as { readonly source?: unknown };
  const named =
    source === undefined ? allowed : allowed.filter((a) => a.name === source || a.source.product === source);
  const [only, ...others] = named;
  if (only === undefined) {
    throw new AppError('TQ_FORBIDDEN', 'The API key is not of that source.', {
      mend: `Use ?source= with one of: ${allowed.map((a) => a.name).join(', ')}.`,
    });
  }
  if (others.length > 0) {
    throw new AppError('TQ_REQUEST_INVALID', 'The API key is of several sources.', {
      mend: `Name one with ?source=: ${named.map((a) => a.name).join(', ')}.`,
    });
  }
  return only;
}
