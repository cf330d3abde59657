import fc from 'fast-check';
import { foldMap } from '../../../api/map/fold-map.js';
import type { HopRow } from '../../../api/queries/map-hops.js';

const name = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', '~rest', 'caller:a', '"', '__proto__');

/** Uses that pass all three layers, so that each layer has the same sums, as from the store. */
const uses = fc.array(
  fc.record({ caller: name, service: name, leaf: name, network: name, failed: fc.boolean(), outbound: fc.boolean() }),
  { maxLength: 200 },
);

function hopsOf(list: readonly (typeof uses extends fc.Arbitrary<infer U> ? U : never)[number][]): HopRow[] {
  const layers = [
    ['caller_service', 'caller', 'service'],
    ['service_leaf', 'service', 'leaf'],
    ['leaf_network', 'leaf', 'network'],
  ] as const;
  const hops = new Map<string, HopRow>();
  for (const use of list) {
    for (const [layer, from, to] of layers) {
      const key = JSON.stringify([layer, use[from], use[to]]);
      const before = hops.get(key);
      hops.set(key, {
        layer,
        source: use[from],
        target: use[to],
        requests: (before?.requests ?? 0) + (use.outbound ? 0 : 1),
        failures: (before?.failures ?? 0) + (use.failed && !use.outbound ? 1 : 0),
        outbound_requests: (before?.outbound_requests ?? 0) + (use.outbound ? 1 : 0),
        first_time: '2026-01-01T00:00:00.000Z',
        last_time: '2026-01-01T00:00:00.000Z',
        first_seen: null,
        hops: 1,
      });
    }
  }
  return [...hops.values()];
}

const weight = (list: readonly { requests: number; outbound_requests: number }[]): number =>
  list.reduce((sum, one) => sum + one.requests + one.outbound_requests, 0);

describe('folding the map', () => {
  it('loses no request, in no lane and no layer, whatever the limits', () => {
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 30 }), (list, laneMax, edgesMax) => {
        const map = foldMap(hopsOf(list), { laneMax, edgesMax });
        for (const layer of map.layers) {
          const shown = map.edges.filter((edge) => edge.layer === layer.layer);
          expect(weight(shown) + weight([layer.rest])).toBe(list.length);
          expect(weight([layer])).toBe(list.length);
        }
        for (const lane of ['caller', 'service', 'leaf', 'network']) {
          const nodes = map.nodes.filter((node) => node.lane === lane);
          expect(weight(nodes)).toBe(list.length);
          expect(nodes.filter((node) => !node.id.endsWith(':~rest')).length).toBeLessThanOrEqual(laneMax);
        }
        expect(map.edges.length).toBeLessThanOrEqual(edgesMax);
        const ids = new Set(map.nodes.map((node) => node.id));
        expect(map.edges.every((edge) => ids.has(edge.source) && ids.has(edge.target))).toBe(true);
      }),
    );
  });

  it('draws the same map whatever the order of the rows', () => {
    fc.assert(
      fc.property(uses, (list) => {
        const hops = hopsOf(list);
        const limits = { laneMax: 2, edgesMax: 4 };
        expect(new Set(foldMap([...hops].reverse(), limits).edges)).toEqual(new Set(foldMap(hops, limits).edges));
      }),
    );
  });
});
