import type { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import type { Querier } from '../../ingest/store/store.js';
import { mapHopsRaw } from '../queries/map-hops-raw.js';
import { mapHops, type HopRow } from '../queries/map-hops.js';
import { networkKinds } from '../queries/network-kinds.js';
import { serviceNamespaces } from '../queries/service-namespaces.js';
import { tokenNames } from '../queries/token-names.js';
import { windowOf, type TimeWindow } from '../schemas/common.js';
import type { mapAnswer, mapQuery } from '../schemas/map.js';
import { markAlerts } from './alert-marks.js';
import { countedUntil } from './counted-until.js';
import { foldMap, type FoldedMap, type FoldLimits, type Lane } from './fold-map.js';
import { hopKey, joinWindows } from './join-windows.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOPS_MAX = 10_000;
/** A box that touches more than this share of all boxes folds into a counted chip. */
const HUB_SHARE = 0.3;

export type MapRequest = z.output<typeof mapQuery>;
export type MapAnswer = z.output<typeof mapAnswer>;

/** How far back the compared window lies. */
const shiftMs = (compare: MapRequest['compare'], window: TimeWindow): number | null => {
  if (compare === 'none') return null;
  if (compare === 'previous') return window.toMs - window.fromMs;
  const step = compare === 'day' ? DAY_MS : 7 * DAY_MS;
  // The windows must not overlap.
  return Math.ceil((window.toMs - window.fromMs) / step) * step;
};

/**
 * The map of one window: hops from the store, set beside those of the compared window, marked with open alerts, folded.
 *
 * @param asked cut to whole hours unless the request wants it exact.
 * @param keep boxes and edges that the picture holds already and that must not move.
 */
export async function readMap(
  querier: Querier,
  request: MapRequest,
  asked: TimeWindow,
  keep?: FoldLimits['keep'],
): Promise<MapAnswer> {
  const window = request.exact ? asked : wholeHours(asked);
  const shift = shiftMs(request.compare, window);
  const earlier = shift === null ? null : { fromMs: window.fromMs - shift, toMs: window.toMs - shift };
  // Asked before the hops are read, which may then know more, never less.
  const counted = await countedUntil(querier, window);
  const [now, before] = await Promise.all([
    readHops(querier, request, window),
    earlier === null ? null : readHops(querier, request, earlier),
  ]);
  const compared = before === null || (await saysNothing(querier, request, earlier, before)) ? null : before;
  const hops = await markAlerts(querier, joinWindows(now, compared), window, request.leaf);
  const folded = foldMap(hops, {
    laneMax: request.lane_limit,
    edgesMax: request.edge_limit,
    hubShare: request.hubs === 'fold' ? HUB_SHARE : 1,
    ...(keep === undefined ? {} : { keep }),
  });
  return {
    window: windowOf(window),
    compared_with: earlier === null ? null : windowOf(earlier),
    counted_until: formatTime(counted),
    ...(await withLabels(querier, folded, request.leaf, window)),
  };
}

/** Of a time of which the store has no call at all, before its first log for one, nothing can be told as new. */
async function saysNothing(
  querier: Querier,
  request: MapRequest,
  earlier: TimeWindow | null,
  before: readonly HopRow[],
): Promise<boolean> {
  if (before.length > 0 || earlier === null) return false;
  const { service, token_uid: token, principal_uid: principal } = request;
  if (service === undefined && token === undefined && principal === undefined) return true;
  // A filter that lets nothing through finds what is new.
  const all = { ...request, service: undefined, token_uid: undefined, principal_uid: undefined };
  return (await readHops(querier, all, earlier)).length === 0;
}

/** The roll-up knows hours; raw rows are cut alike, so that the layers agree. */
function wholeHours({ fromMs, toMs }: TimeWindow): TimeWindow {
  const from = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  return { fromMs: from, toMs: Math.max(Math.ceil(toMs / HOUR_MS) * HOUR_MS, from + HOUR_MS) };
}

/**
 * One statement tells the sums of all layers, so that they agree while hops are being found: the roll-up where nothing but it
 * is needed, else the hops; the roll-up then says when a connection was first seen at all.
 */
async function readHops(querier: Querier, query: MapRequest, window: TimeWindow): Promise<readonly HopRow[]> {
  const shared = { from_ms: window.fromMs, to_ms: window.toMs, hops_max: HOPS_MAX, service: query.service ?? '' };
  const rawOnly = query.exact || query.token_uid !== undefined || query.principal_uid !== undefined;
  const needsRaw = rawOnly || query.networks || query.leaf === 'tokens';
  const [rolled, raw] = await Promise.all([
    rawOnly ? [] : querier.run(mapHops, shared),
    needsRaw
      ? querier.run(mapHopsRaw, {
          ...shared,
          leaf: query.leaf,
          token_uid: query.token_uid ?? '',
          principal_uid: query.principal_uid ?? '',
        })
      : [],
  ]);
  if (!needsRaw) return rolled;
  const firstSeen = new Map(rolled.map((hop) => [hopKey(hop), hop.first_seen]));
  return raw
    .filter((hop) => query.networks || hop.layer !== 'leaf_network')
    .map((hop) => (hop.hops > 1 ? hop : { ...hop, first_seen: firstSeen.get(hopKey(hop)) ?? null }));
}

async function withLabels(
  querier: Querier,
  map: FoldedMap,
  leaf: MapRequest['leaf'],
  window: TimeWindow,
): Promise<Pick<MapAnswer, 'nodes' | 'edges' | 'layers'>> {
  const uids = leaf === 'tokens' ? map.nodes.filter((node) => node.lane === 'leaf' && node.name !== '') : [];
  const rows = uids.length === 0 ? [] : await querier.run(tokenNames, { token_uids: uids.map((node) => node.name) });
  const known = new Map(rows.map((row) => [row.token_uid, row]));
  const [namespaces, kinds] = await Promise.all([namespacesOf(querier, map, window), kindsOf(querier, map, window)]);
  return {
    nodes: map.nodes.map((node) => {
      const token = known.get(node.name);
      const label =
        token === undefined ? node.name : token.name || token.principal_name || token.principal_id || node.name;
      return { ...node, label, group: groupOf(node, token?.principal_kind ?? '', namespaces, kinds) };
    }),
    edges: [...map.edges],
    layers: [...map.layers],
  };
}

const PRIVATE = /^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:|::1)/;

async function namespacesOf(
  querier: Querier,
  map: FoldedMap,
  { fromMs, toMs }: TimeWindow,
): Promise<ReadonlyMap<string, string>> {
  const ends = map.nodes.filter(({ lane, name }) => (lane === 'caller' || lane === 'service') && name !== '');
  const services = [...new Set(ends.map(({ name }) => name))];
  if (services.length === 0) return new Map();
  const rows = await querier.run(serviceNamespaces, { from_ms: fromMs, to_ms: toMs, services });
  return new Map(rows.map(({ service, namespace }) => [service, namespace]));
}

/** Kinds of the networks that the operator has named. */
async function kindsOf(
  querier: Querier,
  map: FoldedMap,
  { fromMs, toMs }: TimeWindow,
): Promise<ReadonlyMap<string, string>> {
  const networks = map.nodes.filter(({ lane, name }) => lane === 'network' && name !== '').map(({ name }) => name);
  if (networks.length === 0) return new Map();
  const rows = await querier.run(networkKinds, { from_ms: fromMs, to_ms: toMs, networks });
  return new Map(rows.map(({ network, kind }) => [network, kind]));
}

/**
 * What stands together in a lane: callers and services by namespace, tokens by the kind of their owner, networks by the kind that
 * the operator gave them, the others by inside and outside (RFC 1918, 4193).
 */
function groupOf(
  { lane, name }: { lane: Lane; name: string },
  principalKind: string,
  namespaces: ReadonlyMap<string, string>,
  kinds: ReadonlyMap<string, string>,
): string {
  if (name === '') return '';
  if (lane === 'leaf') return principalKind;
  if (lane === 'network') return kinds.get(name) ?? (PRIVATE.test(name) ? 'inside' : 'outside');
  return namespaces.get(name) ?? '';
}
