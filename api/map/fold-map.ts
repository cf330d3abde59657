import type { HopRow } from '../queries/map-hops.js';

export const lanes = ['caller', 'service', 'leaf', 'network'] as const;
export type Lane = (typeof lanes)[number];

const layerLanes = {
  caller_service: ['caller', 'service'],
  service_leaf: ['service', 'leaf'],
  leaf_network: ['leaf', 'network'],
} as const satisfies Record<HopRow['layer'], readonly [Lane, Lane]>;

export interface Sums {
  readonly requests: number;
  readonly failures: number;
  /** Seen from the caller's side only; the same calls are `requests` where the callee logs too. */
  readonly outbound_requests: number;
}

export interface MapNode extends Sums {
  /** `<lane>:<name>`; `<lane>:` is what the source did not name; `<lane>:~rest` stands for `nodes` others. */
  readonly id: string;
  readonly lane: Lane;
  readonly name: string;
  readonly nodes: number;
}

export interface MapEdge extends Sums {
  readonly source: string;
  readonly target: string;
  readonly layer: HopRow['layer'];
  readonly first_time: string;
  readonly last_time: string;
  readonly first_seen: string | null;
  /** How many connections the edge stands for. */
  readonly hops: number;
}

export interface LayerSums extends Sums {
  readonly layer: HopRow['layer'];
  /** Sums of the whole layer; those of the edges shown and of `rest` add up to them. */
  readonly hops: number;
  readonly rest: Sums & { readonly edges: number; readonly hops: number };
}

export interface FoldedMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly layers: readonly LayerSums[];
}

export interface FoldLimits {
  /** Named boxes of one lane; one more may stand for the rest. */
  readonly laneMax: number;
  /** Edges of all layers together. */
  readonly edgesMax: number;
}

const REST = '~rest';

/**
 * Keeps the busiest boxes of each lane and folds the others into one counted box, then keeps the busiest edges and
 * counts the others. No request is lost: the sums of a layer equal those of its hops, and so the store's.
 */
export function foldMap(hops: readonly HopRow[], limits: FoldLimits): FoldedMap {
  const named = hops.map(nameEnds);
  const kept = keptNodes(named, limits.laneMax);
  const edges = foldEdges(named, kept);
  const layers = [...new Set(edges.map((edge) => edge.layer))];
  const shown = new Set(edges.slice().sort(byWeight).slice(0, limits.edgesMax));
  return {
    nodes: nodesOf(named, kept),
    edges: edges.filter((edge) => shown.has(edge)),
    layers: layers.map((layer) => layerSums(layer, edges, shown)),
  };
}

interface NamedHop extends Omit<HopRow, 'source' | 'target'> {
  readonly ends: readonly [End, End];
}

interface End {
  readonly lane: Lane;
  readonly name: string;
}

/** A row that stands for several hops has no single end: both are the rest of their lanes. */
function nameEnds(hop: HopRow): NamedHop {
  const [from, to] = layerLanes[hop.layer];
  const many = hop.hops > 1;
  const { source, target, ...sums } = hop;
  return {
    ...sums,
    ends: [
      { lane: from, name: many ? REST : source },
      { lane: to, name: many ? REST : target },
    ],
  };
}

const idOf = (end: End): string => `${end.lane}:${end.name}`;
const weight = (sums: Sums): number => sums.requests + sums.outbound_requests;
const byWeight = (a: MapEdge, b: MapEdge): number =>
  weight(b) - weight(a) || compare(a.source, b.source) || compare(a.target, b.target);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function add(a: Sums | undefined, b: Sums): Sums {
  return {
    requests: (a?.requests ?? 0) + b.requests,
    failures: (a?.failures ?? 0) + b.failures,
    outbound_requests: (a?.outbound_requests ?? 0) + b.outbound_requests,
  };
}

/** A lane between two layers is counted on its outer side (`service` as target of callers), never twice. */
function countedEnds(hop: NamedHop): readonly End[] {
  const [from, to] = hop.ends;
  return hop.layer === 'caller_service' ? [from, to] : [to];
}

function nodeSums(hops: readonly NamedHop[]): Map<string, Sums & { end: End }> {
  const sums = new Map<string, Sums & { end: End }>();
  for (const hop of hops) {
    for (const end of countedEnds(hop)) sums.set(idOf(end), { ...add(sums.get(idOf(end)), hop), end });
  }
  // Ends that only the inner side knows (a layer may be missing) are there with no sums of their own.
  for (const hop of hops) {
    for (const end of hop.ends) if (!sums.has(idOf(end))) sums.set(idOf(end), { ...add(undefined, hop), end });
  }
  return sums;
}

function keptNodes(hops: readonly NamedHop[], laneMax: number): ReadonlySet<string> {
  const kept = new Set<string>();
  const all = [...nodeSums(hops).entries()].filter(([, node]) => node.end.name !== REST);
  for (const lane of lanes) {
    const ranked = all
      .filter(([, node]) => node.end.lane === lane)
      .sort(([idA, a], [idB, b]) => weight(b) - weight(a) || compare(idA, idB));
    for (const [id] of ranked.slice(0, laneMax)) kept.add(id);
  }
  return kept;
}

const foldedId = (end: End, kept: ReadonlySet<string>): string =>
  kept.has(idOf(end)) ? idOf(end) : `${end.lane}:${REST}`;

function nodesOf(hops: readonly NamedHop[], kept: ReadonlySet<string>): MapNode[] {
  const nodes = new Map<string, MapNode>();
  for (const [, { end, ...sums }] of nodeSums(hops)) {
    const id = foldedId(end, kept);
    const before = nodes.get(id);
    const name = id === `${end.lane}:${REST}` ? '' : end.name;
    nodes.set(id, { id, lane: end.lane, name, ...add(before, sums), nodes: (before?.nodes ?? 0) + 1 });
  }
  return [...nodes.values()].sort(
    (a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane) || weight(b) - weight(a) || compare(a.id, b.id),
  );
}

function foldEdges(hops: readonly NamedHop[], kept: ReadonlySet<string>): MapEdge[] {
  const edges = new Map<string, MapEdge>();
  for (const hop of hops) {
    const [source, target] = [foldedId(hop.ends[0], kept), foldedId(hop.ends[1], kept)];
    const key = JSON.stringify([hop.layer, source, target]);
    const before = edges.get(key);
    edges.set(key, {
      source,
      target,
      layer: hop.layer,
      ...add(before, hop),
      first_time: before !== undefined && before.first_time < hop.first_time ? before.first_time : hop.first_time,
      last_time: before !== undefined && before.last_time > hop.last_time ? before.last_time : hop.last_time,
      first_seen: earliest(before?.first_seen ?? null, hop.first_seen),
      hops: (before?.hops ?? 0) + hop.hops,
    });
  }
  return [...edges.values()];
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function layerSums(layer: HopRow['layer'], edges: readonly MapEdge[], shown: ReadonlySet<MapEdge>): LayerSums {
  const own = edges.filter((edge) => edge.layer === layer);
  const hidden = own.filter((edge) => !shown.has(edge));
  const sum = (list: readonly MapEdge[]): Sums =>
    list.reduce<Sums>(
      (total, edge) => add(total, edge),
      add(undefined, { requests: 0, failures: 0, outbound_requests: 0 }),
    );
  const hops = (list: readonly MapEdge[]): number => list.reduce((total, edge) => total + edge.hops, 0);
  return { layer, ...sum(own), hops: hops(own), rest: { ...sum(hidden), edges: hidden.length, hops: hops(hidden) } };
}
