import type { Severity } from '../../detectors/core/detector.js';
import { maxSeverity, severityRank } from '../alerts/policy.js';
import type { HopRow } from '../queries/map-hops.js';
import { hopKey, noSums, type MapHop, type Sums } from './join-windows.js';
import { stateOf, type MapState } from './map-state.js';

export const lanes = ['caller', 'service', 'leaf', 'network'] as const;
export type Lane = (typeof lanes)[number];

const layerLanes = {
  caller_service: ['caller', 'service'],
  service_leaf: ['service', 'leaf'],
  leaf_network: ['leaf', 'network'],
} as const satisfies Record<HopRow['layer'], readonly [Lane, Lane]>;

/** What boxes and edges say alike. */
interface Standing extends Sums {
  /** The same sums in the window compared with; null without one. */
  readonly before: Sums | null;
  readonly state: MapState;
  /** The gravest open alert that it is part of. */
  readonly alert: Severity | null;
}

export interface MapNode extends Standing {
  /** `<lane>:<name>`; `<lane>:` is what the source did not name; `<lane>:~rest` stands for `nodes` others. */
  readonly id: string;
  readonly lane: Lane;
  readonly name: string;
  readonly nodes: number;
  /** Touches so many boxes that its edges tell nothing; they are counted in `hubs` of their layer instead. */
  readonly hub: boolean;
}

export interface MapEdge extends Standing {
  readonly source: string;
  readonly target: string;
  readonly layer: HopRow['layer'];
  readonly first_time: string;
  readonly last_time: string;
  readonly first_seen: string | null;
  /** How many connections the edge stands for. */
  readonly hops: number;
}

export interface Counted extends Sums {
  readonly edges: number;
  readonly hops: number;
}

export interface LayerSums extends Sums {
  readonly layer: HopRow['layer'];
  /** Sums of the whole layer; those of the edges shown, of `rest` and of `hubs` add up to them. */
  readonly hops: number;
  readonly rest: Counted;
  readonly hubs: Counted;
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
  /** Share of all boxes that a box may touch before it counts as a hub, 0 to 1; 1 (default) for never. */
  readonly hubShare?: number;
  /** Boxes and edges that a picture holds already; they stay before others come in, but for edges that begin to alert. */
  readonly keep?: { readonly nodes: ReadonlySet<string>; readonly edges: ReadonlySet<string> };
}

const REST = '~rest';
/** In a small picture a box may touch most others and still be read: a hub touches at least this many. */
const HUB_TOUCHED_MIN = 20;

/**
 * Keeps the boxes of each lane that matter most and folds the others into one counted box, then does the same with the
 * edges. First comes what is alerting, then what is new, gone or changed, then what is busy. No request is lost: the
 * sums of a layer equal those of its hops, and so the store's.
 */
export function foldMap(hops: readonly MapHop[], limits: FoldLimits): FoldedMap {
  const named = hops.map(nameEnds);
  const kept = keptNodes(nodesOf(named, null), limits);
  const edges = foldEdges(named, kept);
  const nodes = nodesOf(named, kept);
  const hubs = hubsOf(nodes, edges, limits.hubShare ?? 1);
  const layers = [...new Set(edges.map((edge) => edge.layer))];
  const behindHub = (edge: MapEdge): boolean => edge.alert === null && (hubs.has(edge.source) || hubs.has(edge.target));
  const candidates = edges.filter((edge) => !behindHub(edge));
  // A line that gives way to one of an alert moves no box.
  const first = (edge: MapEdge): number =>
    edge.alert !== null ? 0 : limits.keep?.edges.has(hopKey(edge)) === true ? 1 : 2;
  candidates.sort((a, b) => first(a) - first(b) || rank(b) - rank(a) || weight(b) - weight(a) || byEnds(a, b));
  const shown = new Set(candidates.slice(0, limits.edgesMax));
  return {
    nodes: nodes.map((node) => ({ ...node, hub: hubs.has(node.id) })),
    edges: edges.filter((edge) => shown.has(edge)),
    layers: layers.map((layer) =>
      layerSums(
        layer,
        edges.filter((edge) => edge.layer === layer),
        shown,
        behindHub,
      ),
    ),
  };
}

interface End {
  readonly lane: Lane;
  readonly name: string;
  readonly id: string;
}

interface NamedHop {
  readonly row: MapHop;
  readonly from: End;
  readonly to: End;
}

/** Tens of thousands of rows may be folded in one request, so sums are added to in place. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const endOf = (lane: Lane, name: string): End => ({ lane, name, id: `${lane}:${name}` });

/** A row that stands for several hops has no single end: both are the rest of their lanes. */
function nameEnds(row: MapHop): NamedHop {
  const [from, to] = layerLanes[row.layer];
  const many = row.hops > 1;
  return { row, from: endOf(from, many ? REST : row.source), to: endOf(to, many ? REST : row.target) };
}

const weight = (one: Standing): number => one.requests + beforeOf(one);
const beforeOf = (one: Standing): number => (one.before === null ? 0 : one.before.requests);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byEnds = (a: MapEdge, b: MapEdge): number => compare(a.source, b.source) || compare(a.target, b.target);

/** Alerts before changes before the rest; the graver alert first. */
const rank = (one: Standing): number =>
  one.alert !== null ? 10 + severityRank(one.alert) : one.state === 'steady' ? 0 : 1;

function addTo(total: Mutable<Sums>, more: Sums): void {
  total.requests += more.requests;
  total.failures += more.failures;
  total.caller_only += more.caller_only;
  total.callee_only += more.callee_only;
}

interface Building extends Mutable<Sums> {
  before: Mutable<Sums> | null;
  alert: Severity | null;
}

const building = (): Building => ({ ...noSums(), before: null, alert: null });

function build(into: Building, row: MapHop): void {
  addTo(into, row);
  if (row.before !== null) {
    into.before ??= noSums();
    addTo(into.before, row.before);
  }
  if (row.alert !== null) into.alert = into.alert === null ? row.alert : maxSeverity(into.alert, row.alert);
}

const foldedId = (end: End, kept: ReadonlySet<string>): string => (kept.has(end.id) ? end.id : `${end.lane}:${REST}`);

/**
 * A lane between two layers is counted on its outer side (`service` as target of callers), never twice; only tokens and
 * routes take the alerts of their edges as their own.
 *
 * @param kept null for every box by itself.
 */
function nodesOf(hops: readonly NamedHop[], kept: ReadonlySet<string> | null): Omit<MapNode, 'hub'>[] {
  const found = new Map<string, { end: End; id: string; members: Set<string>; sums: Building }>();
  const nodeOf = (end: End): Building => {
    const id = kept === null ? end.id : foldedId(end, kept);
    const node = found.get(id) ?? { end, id, members: new Set<string>(), sums: building() };
    node.members.add(end.id);
    found.set(id, node);
    return node.sums;
  };
  for (const { row, from, to } of hops) {
    const plain = row.alert === null ? row : { ...row, alert: null };
    const source = nodeOf(from);
    if (row.layer === 'caller_service') build(source, plain);
    build(nodeOf(to), to.lane === 'leaf' ? row : plain);
  }
  const nodes = [...found.values()].map(({ end, id, members, sums }) => ({
    id,
    lane: end.lane,
    name: id.endsWith(`:${REST}`) ? '' : end.name,
    nodes: members.size,
    ...sums,
    state: stateOf(sums, sums.before),
  }));
  return nodes.sort(
    (a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane) || weight(b) - weight(a) || compare(a.id, b.id),
  );
}

/** Alerting boxes first, then at most half of the lane for what is new or has changed, then the busy ones. */
function keptNodes(nodes: readonly Omit<MapNode, 'hub'>[], limits: FoldLimits): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const lane of lanes) {
    const list = nodes.filter((node) => node.lane === lane && !node.id.endsWith(`:${REST}`));
    const left = (): number => limits.laneMax - list.filter((node) => kept.has(node.id)).length;
    const take = (of: readonly { id: string }[], most: number): void => {
      for (const node of of.slice(0, Math.max(0, Math.min(most, left())))) kept.add(node.id);
    };
    take(
      list.filter((node) => limits.keep?.nodes.has(node.id) === true),
      limits.laneMax,
    );
    const others = list.filter((node) => !kept.has(node.id));
    take(
      others.filter((node) => node.alert !== null).sort((a, b) => rank(b) - rank(a) || weight(b) - weight(a)),
      limits.laneMax,
    );
    const quiet = others.filter((node) => !kept.has(node.id));
    take(
      quiet.filter((node) => node.state !== 'steady'),
      Math.floor(limits.laneMax / 2),
    );
    take(
      quiet.filter((node) => !kept.has(node.id)),
      limits.laneMax,
    );
  }
  return kept;
}

function foldEdges(hops: readonly NamedHop[], kept: ReadonlySet<string>): MapEdge[] {
  const edges = new Map<string, Mutable<Omit<MapEdge, keyof Standing>> & Building>();
  for (const { row, from, to } of hops) {
    const [source, target] = [foldedId(from, kept), foldedId(to, kept)];
    const { layer, first_time, last_time, first_seen } = row;
    const key = hopKey({ layer, source, target });
    const edge = edges.get(key) ?? { source, target, layer, first_time, last_time, first_seen, hops: 0, ...building() };
    build(edge, row);
    edge.hops += row.hops;
    if (first_time < edge.first_time) edge.first_time = first_time;
    if (last_time > edge.last_time) edge.last_time = last_time;
    edge.first_seen = earliest(edge.first_seen, first_seen);
    edges.set(key, edge);
  }
  return [...edges.values()].map((edge) => ({ ...edge, state: stateOf(edge, edge.before) }));
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** Boxes, stubs for the rest left out, that touch more than the share of all boxes. */
function hubsOf(nodes: readonly Omit<MapNode, 'hub'>[], edges: readonly MapEdge[], share: number): ReadonlySet<string> {
  const boxes = nodes.filter((node) => !node.id.endsWith(`:${REST}`));
  if (share >= 1) return new Set();
  const most = Math.max(HUB_TOUCHED_MIN, share * boxes.length);
  const touched = new Map(boxes.map((node) => [node.id, new Set<string>()]));
  for (const { source, target } of edges) {
    touched.get(source)?.add(target);
    touched.get(target)?.add(source);
  }
  return new Set(
    boxes.filter((node) => node.alert === null && (touched.get(node.id)?.size ?? 0) > most).map((node) => node.id),
  );
}

function layerSums(
  layer: HopRow['layer'],
  edges: readonly MapEdge[],
  shown: ReadonlySet<MapEdge>,
  behindHub: (edge: MapEdge) => boolean,
): LayerSums {
  const total = { ...noSums(), hops: 0 };
  const counted = { rest: { ...noSums(), edges: 0, hops: 0 }, hubs: { ...noSums(), edges: 0, hops: 0 } };
  for (const edge of edges) {
    addTo(total, edge);
    total.hops += edge.hops;
    if (shown.has(edge)) continue;
    const part = behindHub(edge) ? counted.hubs : counted.rest;
    addTo(part, edge);
    part.edges += 1;
    part.hops += edge.hops;
  }
  return { layer, ...total, ...counted };
}
