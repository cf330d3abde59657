import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.js';
import { sha256Hex } from '../../core/sha256.js';
import { handOver } from '../../pipeline/delivery.js';
import { parseRecords, type RawRecord, type SourceBinding } from '../../pipeline/record-parser.js';
import { deadLetteredOf, droppedOf } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import { decodeBody, InFlightBytes, takeRawBodies } from '../http/body.js';
import { httpFault, sendProblem } from '../http/problem.js';
import type { HttpPushConfig } from '../http-push/config.js';
import { recordsOfBody } from '../http-push/push-body.js';
import { githubDelivery } from './github-delivery.js';
import { isSenderKnown, type WebhookRule } from './webhook-rule.js';

/** A source that a product posts to, at `/v1/webhooks/<name>`. */
export interface WebhookInput extends SourceBinding {
  readonly name: string;
  readonly rule: WebhookRule;
}

/** Okta's own is some 40 characters. */
const challengeForm = /^[\x21-\x7e]{1,512}$/;

/**
 * `POST /v1/webhooks/NAME`: what Auth0, Okta, GitHub and Kong send by themselves. 200 only when everything is durable.
 * Records that cannot be read are dead letters and no reason to refuse: the sender would only repeat them. A body that
 * is sent again makes no second event.
 *
 * `GET /v1/webhooks/NAME` answers Okta's one-time verification
 * (https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request).
 */
export function webhookRoutes(
  config: HttpPushConfig,
  inputs: readonly WebhookInput[],
  deps: CollectorDeps,
): FastifyPluginAsync {
  const inFlight = new InFlightBytes(config.in_flight_bytes_max);
  const byName = new Map(inputs.map((input) => [input.name, input]));

  /** Of a name that is unknown the sender hears the same as of a wrong secret. @throws AppError TQ_UNAUTHENTICATED */
  const inputFor = (request: FastifyRequest, body: Buffer): WebhookInput => {
    const input = byName.get((request.params as { readonly name: string }).name);
    if (input !== undefined && isSenderKnown(input.rule, request.headers, body)) return input;
    throw new AppError('TQ_UNAUTHENTICATED', 'The webhook is not known, or its sender did not show its secret.', {
      mend: 'Compare the address with the name of the source, and the secret at the sender with that of input.',
    });
  };

  const verify = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    inputFor(request, Buffer.alloc(0));
    const challenge = request.headers['x-okta-verification-challenge'];
    if (typeof challenge !== 'string' || !challengeForm.test(challenge)) {
      throw new AppError('TQ_REQUEST_INVALID', 'The request has no x-okta-verification-challenge.', {
        mend: 'Send records by POST; GET is only for the verification of an Okta event hook.',
      });
    }
    await reply
      .code(200)
      .type('application/json')
      .send(JSON.stringify({ verification: challenge }));
  };

  const recordsIn = (input: WebhookInput, { headers }: FastifyRequest, body: Buffer): readonly RawRecord[] => {
    if (input.source.product === 'github' && headers['x-github-event'] !== undefined)
      return [githubDelivery(body, headers, config.record_bytes_max, deps.clock.nowMs())];
    return recordsOfBody(body, headers['content-type'] ?? '', input.source, config);
  };

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const input = inputFor(request, sent);
    const { counts } = await inFlight.run(sent.length, async () => {
      const body = await decodeBody(sent, request.headers['content-encoding'], config.decompressed_bytes_max);
      const batch = parseRecords(input, recordsIn(input, request, body), sha256Hex(body).slice(0, 40), deps);
      await handOver(deps.sink, batch);
      return batch;
    });
    deps.onCounts?.(input.source.product, input.instance, counts);
    const { received, events } = counts;
    await reply
      .code(200)
      .type('application/json')
      .send(JSON.stringify({ received, events, dropped: droppedOf(counts), rejected: deadLetteredOf(counts) }));
  };

  return async (app) => {
    takeRawBodies(app);
    app.setErrorHandler(async (error, _request, reply) => {
      const fault = httpFault(error);
      if (fault.status >= 500)
        deps.logger.warn({ code: fault.code, reason: fault.reason }, 'what a webhook sent was not taken');
      await sendProblem(reply, fault);
    });
    app.post('/v1/webhooks/:name', take);
    app.get('/v1/webhooks/:name', verify);
    await Promise.resolve();
  };
}
