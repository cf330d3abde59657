import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiDeps } from '../../api-deps.js';
import { listDeliveries } from '../../queries/list-deliveries.js';
import { deliveriesAnswer, deliveriesQuery, deliverySchema, uidParams } from '../../schemas/alerts.js';
import { pageOf, readCursor } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';

export function deliveryRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
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
  typed.post(
    '/v1/deliveries/:uid/retry',
    {
      config: { access: 'responder' },
      schema: {
        operationId: 'retryDelivery',
        summary: 'A dead message is owed again, with all its attempts, under the same id',
        tags: ['alerts'],
        params: uidParams,
        response: { 200: deliverySchema, ...problemResponses },
      },
    },
    async ({ params: { uid } }) => deps.alerts.retryDelivery(uid),
  );
}
