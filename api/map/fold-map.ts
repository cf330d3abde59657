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
  const sums = nodeSums(named);
  const kept = keptNodes(sums, limits.laneMax);
  const edges = foldEdges(named, kept);
  const layers = [...new Set(edges.map((edge) => edge.layer))];
  const shown = new Set(edges.slice().sort(byWeight).slice(0, limits.edgesMax));
  return {
    nodes: nodesOf(sums, kept),
    edges: edges.filter((edge) => shown.has(edge)),
    layers: layers.map((layer) => layerSums(layer, edges, shown)),
  };
}

interface End {
  readonly lane: Lane;
  readonly name: string;
  readonly id: string;
}

interface NamedHop {
  readonly row: HopRow;
  readonly from: End;
  readonly to: End;
}

/** Tens of thousands of rows may be folded in one request, so sums are added to in place. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface NodeSums {
  readonly end: End;
  readonly sums: Mutable<Sums>;
}

const endOf = (lane: Lane, name: string): End => ({ lane, name, id: `${lane}:${name}` });

/** A row that stands for several hops has no single end: both are the rest of their lanes. */
function nameEnds(row: HopRow): NamedHop {
  const [from, to] = layerLanes[row.layer];
  const many = row.hops > 1;
  return { row, from: endOf(from, many ? REST : row.source), to: endOf(to, many ? REST : row.target) };
}

const weight = (sums: Sums): number => sums.requests + sums.outbound_requests;
const byWeight = (a: MapEdge, b: MapEdge): number =>
  weight(b) - weight(a) || compare(a.source, b.source) || compare(a.target, b.target);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const noSums = (): Mutable<Sums> => ({ requests: 0, failures: 0, outbound_requests: 0 });

function addTo(total: Mutable<Sums>, more: Sums): void {
  total.requests += more.requests;
  total.failures += more.failures;
  total.outbound_requests += more.outbound_requests;
}

/** A lane between two layers is counted on its outer side (`service` as target of callers), never twice. */
function nodeSums(hops: readonly NamedHop[]): ReadonlyMap<string, NodeSums> {
  const nodes = new Map<string, NodeSums>();
  const nodeOf = (end: End): NodeSums => {
    const node = nodes.get(end.id) ?? { end, sums: noSums() };
    nodes.set(end.id, node);
    return node;
  };
  for (const { row, from, to } of hops) {
    const source = nodeOf(from);
    if (row.layer === 'caller_service') addTo(source.sums, row);
    addTo(nodeOf(to).sums, row);
  }
  return nodes;
}

function keptNodes(nodes: ReadonlyMap<string, NodeSums>, laneMax: number): ReadonlySet<string> {
  const byLane = new Map<Lane, NodeSums[]>(lanes.map((lane) => [lane, []]));
  for (const node of nodes.values()) if (node.end.name !== REST) byLane.get(node.end.lane)?.push(node);
  const kept = new Set<string>();
  for (const list of byLane.values()) {
    list.sort((a, b) => weight(b.sums) - weight(a.sums) || compare(a.end.id, b.end.id));
    for (const node of list.slice(0, laneMax)) kept.add(node.end.id);
  }
  return kept;
}

const foldedId = (end: End, kept: ReadonlySet<string>): string => (kept.has(end.id) ? end.id : `${end.lane}:${REST}`);

function nodesOf(nodes: ReadonlyMap<string, NodeSums>, kept: ReadonlySet<string>): MapNode[] {
  const folded = new Map<string, Mutable<MapNode>>();
  for (const { end, sums } of nodes.values()) {
    const id = foldedId(end, kept);
    const name = kept.has(end.id) ? end.name : '';
    const node = folded.get(id) ?? { id, lane: end.lane, name, ...noSums(), nodes: 0 };
    addTo(node, sums);
    node.nodes += 1;
    folded.set(id, node);
  }
  return [...folded.values()].sort(
    (a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane) || weight(b) - weight(a) || compare(a.id, b.id),
  );
}

function foldEdges(hops: readonly NamedHop[], kept: ReadonlySet<string>): MapEdge[] {
  const edges = new Map<string, Mutable<MapEdge>>();
  for (const { row, from, to } of hops) {
    const [source, target] = [foldedId(from, kept), foldedId(to, kept)];
    const key = `${row.layer} ${source.length} ${source} ${target}`;
    const { layer, first_time, last_time, first_seen } = row;
    const edge = edges.get(key) ?? { source, target, layer, ...noSums(), first_time, last_time, first_seen, hops: 0 };
    addTo(edge, row);
    edge.hops += row.hops;
    if (first_time < edge.first_time) edge.first_time = first_time;
    if (last_time > edge.last_time) edge.last_time = last_time;
    edge.first_seen = earliest(edge.first_seen, first_seen);
    edges.set(key, edge);
  }
  return [...edges.values()];
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function layerSums(layer: HopRow['layer'], edges: readonly MapEdge[], shown: ReadonlySet<MapEdge>): LayerSums {
  const total = { ...noSums(), hops: 0 };
  const rest = { ...noSums(), edges: 0, hops: 0 };
  for (const edge of edges) {
    if (edge.layer !== layer) continue;
    addTo(total, edge);
    total.hops += edge.hops;
    if (shown.has(edge)) continue;
    addTo(rest, edge);
    rest.edges += 1;
    rest.hops += edge.hops;
  }
  return { layer, ...total, rest };
}
