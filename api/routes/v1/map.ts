import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Querier } from '../../../ingest/store/store.js';
import type { ApiDeps } from '../../api-deps.js';
import { foldMap, type FoldedMap } from '../../map/fold-map.js';
import { mapHopsRaw } from '../../queries/map-hops-raw.js';
import { mapHops, type HopRow } from '../../queries/map-hops.js';
import { tokenNames } from '../../queries/token-names.js';
import { readWindow, windowOf, type TimeWindow } from '../../schemas/common.js';
import { mapAnswer, mapQuery } from '../../schemas/map.js';
import { problemResponses } from '../../schemas/problem.js';
import type { z } from 'zod';

const HOUR_MS = 3_600_000;
const HOPS_MAX = 10_000;
const window = { backMs: 24 * HOUR_MS, maxMs: 93 * 24 * HOUR_MS };

type MapRequest = z.output<typeof mapQuery>;

export function mapRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.withTypeProvider<ZodTypeProvider>().get(
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
    async (request) => {
      const asked = readWindow(request.query, deps.clock.nowMs(), window);
      const hours = wholeHours(asked);
      const hops = await readHops(deps.querier, request.query, hours);
      const folded = foldMap(hops, { laneMax: request.query.lane_limit, edgesMax: request.query.edge_limit });
      return { window: windowOf(hours), ...(await withLabels(deps.querier, folded, request.query.leaf)) };
    },
  );
}

/** The roll-up knows hours; raw rows are cut alike, so that the layers agree. */
function wholeHours({ fromMs, toMs }: TimeWindow): TimeWindow {
  const from = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  return { fromMs: from, toMs: Math.max(Math.ceil(toMs / HOUR_MS) * HOUR_MS, from + HOUR_MS) };
}

/** Callers, services and routes come from the roll-up where nothing but it is needed; the rest from raw rows. */
async function readHops(querier: Querier, query: MapRequest, hours: TimeWindow): Promise<readonly HopRow[]> {
  const shared = { from_ms: hours.fromMs, to_ms: hours.toMs, hops_max: HOPS_MAX, service: query.service ?? '' };
  const filtered = query.token_uid !== undefined || query.principal_uid !== undefined;
  const needsRaw = filtered || query.networks || query.leaf === 'tokens';
  const [rolled, raw] = await Promise.all([
    filtered ? [] : querier.run(mapHops, shared),
    needsRaw
      ? querier.run(mapHopsRaw, {
          ...shared,
          leaf: query.leaf,
          token_uid: query.token_uid ?? '',
          principal_uid: query.principal_uid ?? '',
        })
      : [],
  ]);
  const fromRollUp = (hop: HopRow): boolean =>
    !filtered && (hop.layer === 'caller_service' || (hop.layer === 'service_leaf' && query.leaf === 'routes'));
  const wanted = (hop: HopRow): boolean => query.networks || hop.layer !== 'leaf_network';
  return [...rolled.filter(fromRollUp), ...raw.filter((hop) => !fromRollUp(hop) && wanted(hop))];
}

async function withLabels(
  querier: Querier,
  map: FoldedMap,
  leaf: MapRequest['leaf'],
): Promise<Omit<z.output<typeof mapAnswer>, 'window'>> {
  const uids = leaf === 'tokens' ? map.nodes.filter((node) => node.lane === 'leaf' && node.name !== '') : [];
  const rows = uids.length === 0 ? [] : await querier.run(tokenNames, { token_uids: uids.map((node) => node.name) });
  const names = new Map(rows.map((row) => [row.token_uid, row.name || row.principal_name]));
  return {
    nodes: map.nodes.map((node) => ({ ...node, label: names.get(node.name) || node.name })),
    edges: [...map.edges],
    layers: [...map.layers],
  };
}
