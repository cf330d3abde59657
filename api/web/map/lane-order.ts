import type { Lane, MapEdge, MapNode } from '../lib/api-types.js';

/**
 * Where boxes stand. A box's place is a function of lane, group, name and connections of one snapshot; it is computed
 * once per snapshot, and what comes later is put at the end of its lane, so that nothing ever moves under the reader.
 */
export const lanes = ['caller', 'service', 'leaf', 'network'] as const satisfies readonly Lane[];

export type LaneOrder = Readonly<Record<Lane, readonly string[]>>;

const SWEEPS = 8;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isRest = (node: { readonly id: string }): boolean => node.id.endsWith(':~rest');

/** Boxes that stand in a lane by themselves; the rest and folded hubs are counted below it. */
export const standsInLane = (node: MapNode): boolean => !isRest(node) && !node.hub;

/** Unnamed last, then by group; groups with an alert come first and alerting boxes lead theirs, so that they are seen without scrolling. */
function byGroupOf(nodes: readonly MapNode[]): (a: MapNode, b: MapNode) => number {
  const key = ({ lane, group }: MapNode): string => `${lane} ${group}`;
  const alerting = new Set(nodes.filter(({ alert }) => alert !== null).map(key));
  return (a, b) =>
    Number(a.name === '') - Number(b.name === '') ||
    Number(alerting.has(key(b))) - Number(alerting.has(key(a))) ||
    compare(a.group, b.group) ||
    Number(b.alert !== null) - Number(a.alert !== null);
}

/** Neighbours of one group in a lane; one box alone is no group, nor are all boxes of a lane. */
export interface LaneGroup {
  readonly name: string;
  readonly ids: readonly string[];
}

export type LaneGroups = Readonly<Record<Lane, readonly LaneGroup[]>>;

/** Made with the order, once for each snapshot: a frame that came or went with a tick would move boxes. */
export function groupLanes(order: LaneOrder, nodes: readonly MapNode[]): LaneGroups {
  const groupOf = new Map(nodes.map(({ id, group, name }) => [id, name === '' ? '' : group]));
  return recordOf((lane) => {
    const runs: { name: string; ids: string[] }[] = [];
    for (const id of order[lane]) {
      const name = groupOf.get(id) ?? '';
      const last = runs.at(-1);
      if (last?.name === name) last.ids.push(id);
      else runs.push({ name, ids: [id] });
    }
    return runs.length < 2 ? [] : runs.filter(({ name, ids }) => name !== '' && ids.length > 1);
  });
}

/** Column layout: neighbours are drawn towards each other by a few sweeps of barycentres, within their group. */
export function orderLanes(nodes: readonly MapNode[], edges: readonly MapEdge[]): LaneOrder {
  const boxes = new Map(nodes.filter(standsInLane).map((node) => [node.id, node]));
  const links = linksOf(edges, boxes);
  const byGroup = byGroupOf([...boxes.values()]);
  const order = new Map<Lane, MapNode[]>();
  for (const lane of lanes) {
    const list = [...boxes.values()].filter((node) => node.lane === lane);
    order.set(
      lane,
      list.sort((a, b) => byGroup(a, b) || compare(a.label, b.label) || compare(a.id, b.id)),
    );
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const places = placesOf(order);
    for (const lane of sweep % 2 === 0 ? lanes : [...lanes].reverse()) {
      const list = order.get(lane) ?? [];
      const centre = new Map(list.map((node) => [node.id, barycentre(node.id, links, places)]));
      list.sort(
        (a, b) =>
          byGroup(a, b) ||
          (centre.get(a.id) ?? 0) - (centre.get(b.id) ?? 0) ||
          compare(a.label, b.label) ||
          compare(a.id, b.id),
      );
      for (const [id, place] of placesOf(new Map([[lane, list]]))) places.set(id, place);
    }
  }
  return recordOf((lane) => (order.get(lane) ?? []).map((node) => node.id));
}

type Links = ReadonlyMap<string, readonly { readonly id: string; readonly weight: number }[]>;

function linksOf(edges: readonly MapEdge[], boxes: ReadonlyMap<string, MapNode>): Links {
  const links = new Map<string, { id: string; weight: number }[]>();
  for (const edge of edges) {
    if (!boxes.has(edge.source) || !boxes.has(edge.target)) continue;
    const weight = Math.log2(2 + edge.requests);
    for (const [from, to] of [
      [edge.source, edge.target],
      [edge.target, edge.source],
    ] as const) {
      const list = links.get(from) ?? [];
      list.push({ id: to, weight });
      links.set(from, list);
    }
  }
  // Sums of fractions depend on their order, and places must not depend on the order in which edges come.
  for (const list of links.values()) list.sort((a, b) => compare(a.id, b.id) || a.weight - b.weight);
  return links;
}

/** Places run from 0 to 1 in each lane, so that lanes of different length compare. */
function placesOf(order: ReadonlyMap<Lane, readonly MapNode[]>): Map<string, number> {
  const places = new Map<string, number>();
  for (const list of order.values()) {
    for (const [index, node] of list.entries()) places.set(node.id, (index + 0.5) / list.length);
  }
  return places;
}

function barycentre(id: string, links: Links, places: ReadonlyMap<string, number>): number {
  let sum = 0;
  let weights = 0;
  for (const link of links.get(id) ?? []) {
    sum += (places.get(link.id) ?? 0.5) * link.weight;
    weights += link.weight;
  }
  return weights === 0 ? (places.get(id) ?? 0.5) : sum / weights;
}

/** The order of before, with what is new at the end of its lane: nothing that stood moves, nothing that left goes. */
export function extendOrder(order: LaneOrder, nodes: readonly MapNode[]): LaneOrder {
  return recordOf((lane) => {
    const standing = new Set(order[lane]);
    const fresh = nodes.filter((node) => node.lane === lane && standsInLane(node) && !standing.has(node.id));
    fresh.sort((a, b) => compare(a.group, b.group) || compare(a.label, b.label) || compare(a.id, b.id));
    return [...order[lane], ...fresh.map((node) => node.id)];
  });
}

const recordOf = <T>(listOf: (lane: Lane) => T): Record<Lane, T> => ({
  caller: listOf('caller'),
  service: listOf('service'),
  leaf: listOf('leaf'),
  network: listOf('network'),
});
