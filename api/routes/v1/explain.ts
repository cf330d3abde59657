import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../../ingest/core/errors.js';
import type { ApiDeps } from '../../api-deps.js';
import { explain } from '../../explain/explain.js';
import { explainAnswer, explainParams, explainQuery } from '../../schemas/explain.js';
import { problemResponses } from '../../schemas/problem.js';

const DAY_MS = 86_400_000;
/** Some seconds of replaying, which the process's other work has to share. */
const EVENTS_MAX = 200_000;
const RETRY_AFTER_MS = 2000;

export function explainRoutes(app: FastifyInstance, { querier, scoring }: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  let running = false;
  typed.get(
    '/v1/explain/:id',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'explain',
        summary: 'An event, an alert or a token through every stage and detector, with the numbers',
        tags: ['alerts'],
        params: explainParams,
        querystring: explainQuery,
        response: { 200: explainAnswer, ...problemResponses },
      },
    },
    async ({ params, query }) => {
      if (running) {
        throw new AppError('TQ_RATE_LIMITED', 'Another explanation is being made.', {
          retryable: true,
          retryAfterMs: RETRY_AFTER_MS,
        });
      }
      running = true;
      try {
        return await explain(params.id, {
          querier,
          ...scoring,
          lookBackMs: query.days * DAY_MS,
          eventsMax: EVENTS_MAX,
        });
      } finally {
        running = false;
      }
    },
  );
}
