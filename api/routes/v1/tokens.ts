import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { AppError } from '../../../ingest/core/errors.js';
import { formatTime } from '../../../ingest/event/time.js';
import { defaultRisk } from '../../alerts/risk.js';
import { riskReading, tenths } from '../../alerts/risk-reading.js';
import type { ApiDeps } from '../../api-deps.js';
import { getToken } from '../../queries/get-token.js';
import { listTokens } from '../../queries/list-tokens.js';
import { tokenRisk } from '../../queries/token-risk.js';
import { tokenChildren } from '../../queries/token-children.js';
import { tokenSeenWith } from '../../queries/token-seen-with.js';
import { tokenUses } from '../../queries/token-uses.js';
import { pageOf, readCursor, readInstant } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import { tokenAnswer, tokenParams, tokensAnswer, tokensQuery } from '../../schemas/tokens.js';

const VALUES_MAX = 50;
const CHILDREN_MAX = 100;

type SeenWith = z.output<typeof tokenSeenWith.row>;

export function tokenRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { risk = defaultRisk } = deps;
  typed.get(
    '/v1/tokens',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listTokens',
        summary: 'The inventory, latest seen first or by risk',
        tags: ['tokens'],
        querystring: tokensQuery,
        response: { 200: tokensAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const cursor = readCursor(query.cursor);
      const rows = await deps.querier.run(listTokens, {
        principal_uid: query.principal_uid ?? '',
        kind: query.kind ?? '',
        issuer: query.issuer ?? '',
        source: query.source ?? '',
        scope: query.scope ?? '',
        search: query.q ?? '',
        seen_since_ms: query.seen_since === undefined ? 0 : readInstant(query.seen_since),
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        sort: query.sort,
        at_ms: deps.clock.nowMs(),
        half_life_ms: risk.halfLifeMs,
        rows: query.limit + 1,
      });
      const page = pageOf(rows, query.limit, (row) => ({ time: formatTime(row.place), uid: row.token_uid }));
      const used = await deps.querier.run(tokenUses, { token_uids: page.items.map((token) => token.token_uid) });
      const usedBy = new Map(used.map(({ token_uid: uid, uses, failures }) => [uid, { uses, failures }]));
      return {
        ...page,
        items: page.items.map((token) => ({
          ...token,
          ...(usedBy.get(token.token_uid) ?? { uses: 0, failures: 0 }),
          risk: tenths(token.risk),
        })),
      };
    },
  );
  typed.get(
    '/v1/tokens/:uid',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getToken',
        summary: 'One token: facts, risk, what it was seen with, what was made from it',
        tags: ['tokens'],
        params: tokenParams,
        response: { 200: tokenAnswer, ...problemResponses },
      },
    },
    async ({ params: { uid } }) => {
      const [tokens, seen, children] = await Promise.all([
        deps.querier.run(getToken, { token_uid: uid }),
        deps.querier.run(tokenSeenWith, { token_uid: uid, values_max: VALUES_MAX }),
        deps.querier.run(tokenChildren, { token_uid: uid, rows: CHILDREN_MAX }),
      ]);
      const token = tokens[0];
      if (token === undefined) throw new AppError('TQ_NOT_FOUND', `There is no token ${uid}.`);
      const nowMs = deps.clock.nowMs();
      const kinds = await deps.querier.run(tokenRisk, {
        token_uid: uid,
        principal_uid: token.principal_uid,
        at_ms: nowMs,
        half_life_ms: risk.halfLifeMs,
      });
      return {
        token,
        risk: riskReading(kinds, risk, formatTime(nowMs)),
        seen_with: byDimension(seen),
        children: [...children],
      };
    },
  );
}

function byDimension(rows: readonly SeenWith[]): z.output<typeof tokenAnswer>['seen_with'] {
  const groups = new Map<string, z.output<typeof tokenAnswer>['seen_with'][number]>();
  for (const { dimension, distinct_values, ...value } of rows) {
    const group = groups.get(dimension) ?? { dimension, distinct_values, values: [] };
    group.values.push(value);
    groups.set(dimension, group);
  }
  return [...groups.values()];
}
