import { hopKey } from '../map/join-windows.js';
import type { MapAnswer } from '../map/read-map.js';

type MapNode = MapAnswer['nodes'][number];
type MapEdge = MapAnswer['edges'][number];

/** What has become of a picture since the one before; applied to it, it gives the next picture whole. */
export interface MapDelta {
  readonly window: MapAnswer['window'];
  readonly compared_with: MapAnswer['compared_with'];
  readonly counted_until: string;
  /** Boxes and edges that are new or say something else. */
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  /** Ids of boxes and keys of edges that are no more. */
  readonly gone_nodes: readonly string[];
  readonly gone_edges: readonly { layer: MapEdge['layer']; source: string; target: string }[];
  /** Sums of the layers, whole: they are three. */
  readonly layers: MapAnswer['layers'];
}

/** What must be sent so that a picture becomes the next; a picture is bounded, and so is this. */
export function deltaOf(before: MapAnswer, next: MapAnswer): MapDelta {
  const nodes = new Map(before.nodes.map((node) => [node.id, JSON.stringify(node)]));
  const edges = new Map(before.edges.map((edge) => [hopKey(edge), JSON.stringify(edge)]));
  const still = new Set(next.nodes.map((node) => node.id));
  const stillEdges = new Set(next.edges.map(hopKey));
  return {
    window: next.window,
    compared_with: next.compared_with,
    counted_until: next.counted_until,
    nodes: next.nodes.filter((node) => nodes.get(node.id) !== JSON.stringify(node)),
    edges: next.edges.filter((edge) => edges.get(hopKey(edge)) !== JSON.stringify(edge)),
    gone_nodes: before.nodes.filter((node) => !still.has(node.id)).map((node) => node.id),
    gone_edges: before.edges
      .filter((edge) => !stillEdges.has(hopKey(edge)))
      .map(({ layer, source, target }) => ({ layer, source, target })),
    layers: next.layers,
  };
}

/** The boxes and edges of a picture, so that the next one keeps them where they are. */
export const keepOf = (map: MapAnswer): { nodes: ReadonlySet<string>; edges: ReadonlySet<string> } => ({
  nodes: new Set(map.nodes.map((node) => node.id)),
  edges: new Set(map.edges.map(hopKey)),
});
