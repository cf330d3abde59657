import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../../ingest/core/errors.js';
import { formatTime } from '../../../ingest/event/time.js';
import type { ApiDeps } from '../../api-deps.js';
import { countedUntil } from '../../map/counted-until.js';
import { tokenTimelineRaw } from '../../queries/token-timeline-raw.js';
import { tokenTimeline } from '../../queries/token-timeline.js';
import { readWindow, windowOf } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import { buckets, timelineAnswer, timelineQuery, tokenParams } from '../../schemas/tokens.js';

const DAY_MS = 86_400_000;
const BUCKETS_MAX = 10_000;

export function timelineRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/tokens/:uid/timeline',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getTokenTimeline',
        summary: 'Usage of one token in equal buckets of time',
        tags: ['tokens'],
        params: tokenParams,
        querystring: timelineQuery,
        response: { 200: timelineAnswer, ...problemResponses },
      },
    },
    async ({ params, query }) => {
      const bucketS = buckets[query.bucket];
      const stepMs = bucketS * 1000;
      const asked = readWindow(query, deps.clock.nowMs(), { backMs: DAY_MS, maxMs: 400 * DAY_MS });
      const fromMs = Math.floor(asked.fromMs / stepMs) * stepMs;
      const toMs = Math.max(Math.ceil(asked.toMs / stepMs) * stepMs, fromMs + stepMs);
      if ((toMs - fromMs) / stepMs > BUCKETS_MAX) {
        throw new AppError(
          'TQ_REQUEST_INVALID',
          `The window holds more than ${BUCKETS_MAX} buckets of ${query.bucket}.`,
          {
            mend: 'Ask for a shorter window or a longer bucket.',
          },
        );
      }
      const counted = await countedUntil(deps.querier, { fromMs, toMs });
      const timeline = bucketS < 3600 ? tokenTimelineRaw : tokenTimeline;
      const rows = await deps.querier.run(timeline, {
        from_ms: fromMs,
        to_ms: toMs,
        token_uid: params.uid,
        bucket_s: bucketS,
      });
      return {
        window: windowOf({ fromMs, toMs }),
        counted_until: formatTime(counted),
        bucket: query.bucket,
        buckets: rows.map(({ bucket, ...sums }) => ({ time: bucket, ...sums })),
      };
    },
  );
}
