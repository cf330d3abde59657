import fc from 'fast-check';
import type { MapEdge, MapNode } from '../../../api/web/lib/api-types.js';
import { extendOrder, lanes, orderLanes } from '../../../api/web/map/lane-order.js';

const sums = {
  requests: 1,
  failures: 0,
  caller_only: 0,
  callee_only: 0,
  before: null,
  state: 'steady',
  alert: null,
} as const;

const node = fc
  .record({
    lane: fc.constantFrom(...lanes),
    name: fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f'),
    group: fc.constantFrom('', 'inside', 'outside'),
    alert: fc.constantFrom(null, 'high' as const),
  })
  .map(({ lane, name, group, alert }): MapNode => ({
    ...sums,
    id: `${lane}:${name}`,
    lane,
    name,
    label: name,
    group: name === '' ? '' : group,
    nodes: 1,
    hub: false,
    alert,
  }));

const nodesOf = fc.uniqueArray(node, { selector: (one) => one.id, maxLength: 24 });

/** Edges between boxes of neighbouring lanes, each with chance. */
const picture = fc.tuple(nodesOf, fc.infiniteStream(fc.nat(9))).map(([nodes, dice]) => {
  const edges: MapEdge[] = [];
  for (const from of nodes) {
    for (const to of nodes) {
      if (lanes.indexOf(to.lane) !== lanes.indexOf(from.lane) + 1) continue;
      const requests = dice.next().value as number;
      if (requests < 5) continue;
      const layer = (['caller_service', 'service_leaf', 'leaf_network'] as const)[lanes.indexOf(from.lane)];
      if (layer === undefined) continue;
      edges.push({
        ...sums,
        requests,
        source: from.id,
        target: to.id,
        layer,
        hops: 1,
        first_time: '',
        last_time: '',
        first_seen: null,
      });
    }
  }
  return { nodes, edges };
});

describe('where boxes stand', () => {
  it('is a function of the picture, whatever the order in which it comes, and leaves nobody out', () => {
    fc.assert(
      fc.property(picture, ({ nodes, edges }) => {
        const order = orderLanes(nodes, edges);
        expect(orderLanes([...nodes].reverse(), [...edges].reverse())).toEqual(order);
        expect(lanes.flatMap((lane) => order[lane]).sort()).toEqual(nodes.map((one) => one.id).sort());
      }),
    );
  });

  it('never changes with a tick: what is new comes at the end of its lane, what has gone keeps its place', () => {
    fc.assert(
      fc.property(picture, nodesOf, ({ nodes, edges }, more) => {
        const order = orderLanes(nodes, edges);
        const known = new Set(nodes.map((one) => one.id));
        const next = extendOrder(order, [...nodes, ...more.filter((one) => !known.has(one.id))]);
        for (const lane of lanes) {
          expect(next[lane].slice(0, order[lane].length)).toEqual(order[lane]);
          expect(new Set(next[lane]).size).toBe(next[lane].length);
        }
        expect(extendOrder(order, nodes.slice(1))).toEqual(order);
      }),
    );
  });
});
