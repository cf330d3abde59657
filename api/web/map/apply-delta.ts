import type { MapAnswer, MapDelta, MapEdge } from '../lib/api-types.js';
import { isRest } from './lane-order.js';

const keyOf = (edge: Pick<MapEdge, 'layer' | 'source' | 'target'>): string =>
  JSON.stringify([edge.layer, edge.source, edge.target]);

/** The next picture, from the one before and what has changed. A box without calls stays, as gone: what is below it must not move up. */
export function applyDelta(before: MapAnswer, delta: MapDelta): MapAnswer {
  const nodes = new Map(before.nodes.map((node) => [node.id, node]));
  for (const id of delta.gone_nodes) {
    const node = nodes.get(id);
    if (node === undefined || isRest(node)) nodes.delete(id);
    else
      nodes.set(id, { ...node, requests: 0, failures: 0, caller_only: 0, callee_only: 0, state: 'gone', alert: null });
  }
  for (const node of delta.nodes) nodes.set(node.id, node);
  const edges = new Map(before.edges.map((edge) => [keyOf(edge), edge]));
  for (const edge of delta.gone_edges) edges.delete(keyOf(edge));
  for (const edge of delta.edges) edges.set(keyOf(edge), edge);
  return {
    window: delta.window,
    compared_with: delta.compared_with,
    counted_until: delta.counted_until,
    nodes: [...nodes.values()],
    edges: [...edges.values()],
    layers: delta.layers,
  };
}
