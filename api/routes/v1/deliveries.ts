import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiDeps } from '../../api-deps.js';
import { listDeliveries } from '../../queries/list-deliveries.js';
import { deliveriesAnswer, deliveriesQuery } from '../../schemas/alerts.js';
import { pageOf, readCursor } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';

export function deliveryRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/deliveries',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listDeliveries',
        summary: 'Messages owed, delivered and dead, newest first',
        tags: ['alerts'],
        querystring: deliveriesQuery,
        response: { 200: deliveriesAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const cursor = readCursor(query.cursor);
      const rows = await deps.querier.run(listDeliveries, {
        state: query.state ?? '',
        alert_uid: query.alert_uid ?? '',
        destination: query.destination ?? '',
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        rows: query.limit + 1,
      });
      return pageOf(rows, query.limit, (row) => ({ time: row.created_at, uid: row.delivery_uid }));
    },
  );
}
