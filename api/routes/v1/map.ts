import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../../ingest/core/errors.js';
import type { ApiDeps } from '../../api-deps.js';
import { readMap } from '../../map/read-map.js';
import { readTimeline } from '../../map/read-timeline.js';
import { readWindow } from '../../schemas/common.js';
import { EXACT_MAX_MS, mapAnswer, mapQuery, mapTimelineAnswer, mapTimelineQuery } from '../../schemas/map.js';
import { problemResponses } from '../../schemas/problem.js';

const HOUR_MS = 3_600_000;
const window = { backMs: 24 * HOUR_MS, maxMs: 93 * 24 * HOUR_MS };

export function mapRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/map',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getMap',
        summary: 'Who calls what with which tokens from where, in one time window',
        tags: ['map'],
        querystring: mapQuery,
        response: { 200: mapAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const asked = readWindow(query, deps.clock.nowMs(), window);
      if (query.exact && asked.toMs - asked.fromMs > EXACT_MAX_MS) {
        throw new AppError('TQ_REQUEST_INVALID', 'An exact window is at most 24 hours long.', {
          mend: 'Leave exact out: the window is then widened to whole hours.',
        });
      }
      return readMap(deps.querier, query, asked);
    },
  );
  typed.get(
    '/v1/map/timeline',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getMapTimeline',
        summary: 'Calls of the map over time, in equal buckets',
        tags: ['map'],
        querystring: mapTimelineQuery,
        response: { 200: mapTimelineAnswer, ...problemResponses },
      },
    },
    async ({ query }) => readTimeline(deps.querier, query, readWindow(query, deps.clock.nowMs(), window)),
  );
}
