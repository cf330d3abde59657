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
import { tokenDeleted } from '../../queries/token-deleted.js';
import { tokenRelatives } from '../../queries/token-relatives.js';
import { tokenSeenWith } from '../../queries/token-seen-with.js';
import { tokenUses } from '../../queries/token-uses.js';
import { pageOf, readCursor, readInstant } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import { type Lineage, tokenAnswer, tokenParams, tokensAnswer, tokensQuery } from '../../schemas/tokens.js';

const VALUES_MAX = 50;
const RELATIVES_MAX = 100;

type SeenWith = z.output<typeof tokenSeenWith.row>;
type Relative = z.output<typeof tokenRelatives.row>;

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
        summary: 'One token: facts, risk, what it was seen with, its lineage',
        tags: ['tokens'],
        params: tokenParams,
        response: { 200: tokenAnswer, ...problemResponses },
      },
    },
    async ({ params: { uid } }) => {
      const [tokens, seen, relatives] = await Promise.all([
        deps.querier.run(getToken, { token_uid: uid }),
        deps.querier.run(tokenSeenWith, { token_uid: uid, values_max: VALUES_MAX }),
        deps.querier.run(tokenRelatives, { token_uid: uid, rows: RELATIVES_MAX }),
      ]);
      const token = tokens[0];
      if (token === undefined) throw new AppError('TQ_NOT_FOUND', `There is no token ${uid}.`);
      const rows = [{ ...token, token_uid: uid }, ...relatives.filter(({ same_by }) => same_by.length > 0)];
      const [deleted] = await deps.querier.run(tokenDeleted, {
        token_uids: rows.map(({ token_uid }) => token_uid),
        from: rows.map(({ first_seen }) => first_seen).sort()[0] ?? token.first_seen,
        to:
          rows
            .map(({ last_seen }) => last_seen)
            .sort()
            .at(-1) ?? token.last_seen,
      });
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
        ...lineageOf(relatives, [...rows.map(({ revoked_at }) => revoked_at), deleted?.deleted_at ?? null]),
      };
    },
  );
}

/** A refresh token that gave the next one is its parent too, and was replaced by it. */
function lineageOf(relatives: readonly Relative[], ends: readonly (string | null)[]): Lineage {
  const tied = (by: 'made_by' | 'maker_by' | 'same_by'): Lineage['children'] =>
    relatives
      .filter((relative) => relative[by].length > 0)
      .map(({ token_uid, name, first_seen, ...rest }) => ({ token_uid, name, first_seen, by: rest[by] }));
  const children = tied('made_by');
  return {
    made_from: tied('maker_by'),
    children,
    rotated_to: children.filter(({ by }) => by.includes('refresh_jti')),
    same_as: tied('same_by'),
    revoked_at:
      ends
        .filter((at) => at !== null)
        .sort()
        .at(-1) ?? null,
  };
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
