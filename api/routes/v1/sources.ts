import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { formatTime } from '../../../ingest/event/time.js';
import type { ApiDeps } from '../../api-deps.js';
import { sourceCoverage } from '../../queries/source-coverage.js';
import { sourceRecordTypes } from '../../queries/source-record-types.js';
import { readWindow, windowOf } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import { sourcesAnswer, sourcesQuery } from '../../schemas/sources.js';

const DAY_MS = 86_400_000;
const SOURCES_MAX = 1000;
const RECORD_TYPES_MAX = 5000;

export function sourceRoutes(app: FastifyInstance, { querier, clock, health }: ApiDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/sources',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listSources',
        summary: 'What was read from each source: record types, share of requests with a token, lag of its clock',
        tags: ['sources'],
        querystring: sourcesQuery,
        response: { 200: sourcesAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const window = readWindow(query, clock.nowMs() + 1, { backMs: DAY_MS, maxMs: 400 * DAY_MS });
      const asked = { from_ms: window.fromMs, to_ms: window.toMs };
      const [sources, types] = await Promise.all([
        querier.run(sourceCoverage, { ...asked, rows: SOURCES_MAX }),
        querier.run(sourceRecordTypes, { ...asked, rows: RECORD_TYPES_MAX }),
      ]);
      const inputs = health
        .status(clock.nowMs())
        .parts.filter(({ part }) => /^(?:poll|kafka|s3):/.test(part))
        .map(({ part, state, lastReportMs, reason }) => ({
          input: part,
          state,
          last_work_at: lastReportMs === null ? null : formatTime(lastReportMs),
          reason,
        }));
      return { window: windowOf(window), sources: [...sources], record_types: [...types], inputs };
    },
  );
}
