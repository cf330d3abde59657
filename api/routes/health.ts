import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import type { ApiDeps } from '../api-deps.js';
import { problemResponses } from '../schemas/problem.js';

const readyAnswer = z
  .object({
    ready: z.boolean(),
    parts: z.array(
      z.object({
        part: z.string(),
        state: z.enum(['ok', 'idle', 'starting', 'stale', 'failing']),
        last_work_at: z.string().nullable(),
        pending: z.number().describe('Work waiting.'),
        max_age_s: z.number().describe('How old the last work may be while some is waiting.'),
        required: z.boolean().describe('Whether the process is not ready without it.'),
        reason: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

export function healthRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/healthz',
    {
      config: { access: 'public', rateLimit: false },
      schema: {
        operationId: 'getHealth',
        summary: 'The process answers; for restarts',
        tags: ['operation'],
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    () => ({ status: 'ok' as const }),
  );
  typed.get(
    '/readyz',
    {
      config: { access: 'public', rateLimit: false },
      schema: {
        operationId: 'getReadiness',
        summary: 'Each part read, wrote and scored recently, or had nothing to do; 503 if not',
        tags: ['operation'],
        response: { 200: readyAnswer, 503: readyAnswer },
      },
    },
    async (_request, reply) => {
      const status = deps.health.status(deps.clock.nowMs());
      return reply.code(status.ready ? 200 : 503).send({
        ready: status.ready,
        parts: status.parts.map((part) => ({
          part: part.part,
          state: part.state,
          last_work_at: part.lastReportMs === null ? null : formatTime(part.lastReportMs),
          pending: part.pending,
          max_age_s: part.maxAgeMs / 1000,
          required: part.required,
          reason: part.reason,
        })),
      });
    },
  );
  typed.get(
    '/metrics',
    {
      config: { access: 'viewer', rateLimit: false },
      schema: {
        operationId: 'getMetrics',
        summary: 'Prometheus text',
        tags: ['operation'],
        response: { 200: z.string(), 401: problemResponses[401], 403: problemResponses[403] },
      },
    },
    async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.metricsText()),
  );
}
