import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { TIME_MAX_MS } from '../../../ingest/event/time.js';
import type { ApiDeps } from '../../api-deps.js';
import { ocsfOfFinding } from '../../alerts/ocsf.js';
import { listFindings } from '../../queries/list-findings.js';
import { suppressedFindings } from '../../queries/suppressed-findings.js';
import { findingsAnswer, findingsQuery } from '../../schemas/alerts.js';
import { pageOf, readCursor, readInstant, severitiesFrom } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';

export function findingRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/findings',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listFindings',
        summary: 'What detectors said, newest first',
        tags: ['findings'],
        querystring: findingsQuery,
        response: { 200: findingsAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const cursor = readCursor(query.cursor);
      const rows = await deps.querier.run(listFindings, {
        from_ms: query.from === undefined ? 0 : readInstant(query.from),
        to_ms: query.to === undefined ? TIME_MAX_MS : readInstant(query.to),
        detector: query.detector ?? '',
        token_uid: query.token_uid ?? '',
        principal_uid: query.principal_uid ?? '',
        entity_uid: query.entity_uid ?? '',
        severities: severitiesFrom(query.severity_min),
        suppressed: query.suppressed ?? '',
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        rows: query.limit + 1,
      });
      const page = pageOf(rows, query.limit, (row) => ({ time: row.time, uid: row.finding_uid }));
      const known = await deps.querier.run(suppressedFindings, {
        finding_uids: page.items.map((row) => row.finding_uid),
      });
      const ends = known.length === 0 ? [] : await deps.suppressions.list();
      const untils = new Map(ends.map(({ suppression_uid, until }) => [suppression_uid, until]));
      const silent = new Map(
        known.map(({ finding_uid, suppression: by, reason }) => [
          finding_uid,
          { by, reason, until: untils.get(by) ?? null },
        ]),
      );
      const items = page.items.map((row) => ({ ...row, suppressed: silent.get(row.finding_uid) ?? null }));
      if (query.format === 'tourniquet') return { ...page, items };
      return { ...page, items: items.map((row) => ocsfOfFinding(row, deps.version)) };
    },
  );
}
