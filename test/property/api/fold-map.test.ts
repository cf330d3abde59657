import fc from 'fast-check';
import { foldMap } from '../../../api/map/fold-map.js';
import { hopKey, joinWindows, type MapHop, type Sums } from '../../../api/map/join-windows.js';
import type { HopRow } from '../../../api/queries/map-hops.js';

const name = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', '~rest', 'caller:a', '"', '__proto__');

/** Uses that pass all three layers, so that each layer has the same sums, as from the store. */
const uses = fc.array(
  fc.record({
    caller: name,
    service: name,
    leaf: name,
    network: name,
    failed: fc.boolean(),
    seen: fc.constantFrom('both', 'caller', 'callee'),
  }),
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
        requests: (before?.requests ?? 0) + 1,
        failures: (before?.failures ?? 0) + (use.failed ? 1 : 0),
        caller_only: (before?.caller_only ?? 0) + (use.seen === 'caller' ? 1 : 0),
        callee_only: (before?.callee_only ?? 0) + (use.seen === 'callee' ? 1 : 0),
        first_time: '2026-01-01T00:00:00.000Z',
        last_time: '2026-01-01T00:00:00.000Z',
        first_seen: null,
        hops: 1,
      });
    }
  }
  return [...hops.values()];
}

/** Two windows side by side, one token of the later one in an alert. */
const marked = (now: Parameters<typeof hopsOf>[0], before: Parameters<typeof hopsOf>[0] | null): MapHop[] =>
  joinWindows(hopsOf(now), before === null ? null : hopsOf(before)).map((hop) =>
    hop.source === 'b' ? { ...hop, alert: 'high' as const } : hop,
  );

const weight = (list: readonly { requests: number }[]): number => list.reduce((sum, one) => sum + one.requests, 0);
const oneSided = (list: readonly Sums[]): number =>
  list.reduce((sum, one) => sum + one.caller_only + one.callee_only, 0);

describe('folding the map', () => {
  const limitsOf = fc.record({
    laneMax: fc.integer({ min: 1, max: 6 }),
    edgesMax: fc.integer({ min: 1, max: 30 }),
    hubShare: fc.constantFrom(0.1, 0.3, 1),
  });

  it('loses no request, in no lane and no layer, whatever the limits and whatever is compared', () => {
    fc.assert(
      fc.property(uses, fc.option(uses), limitsOf, (list, before, limits) => {
        const map = foldMap(marked(list, before), limits);
        for (const layer of map.layers) {
          const shown = map.edges.filter((edge) => edge.layer === layer.layer);
          expect(weight(shown) + weight([layer.rest, layer.hubs])).toBe(list.length);
          expect(weight([layer])).toBe(list.length);
          expect(oneSided(shown) + oneSided([layer.rest, layer.hubs])).toBe(
            list.filter((use) => use.seen !== 'both').length,
          );
        }
        for (const lane of ['caller', 'service', 'leaf', 'network']) {
          const nodes = map.nodes.filter((node) => node.lane === lane);
          expect(weight(nodes)).toBe(list.length);
          if (before !== null) {
            const sums = nodes.map((node) => node.before ?? { requests: 0 });
            expect(weight(sums)).toBe(before.length);
          }
          expect(nodes.filter((node) => !node.id.endsWith(':~rest')).length).toBeLessThanOrEqual(limits.laneMax);
        }
        expect(map.edges.length).toBeLessThanOrEqual(limits.edgesMax);
        const ids = new Set(map.nodes.map((node) => node.id));
        expect(map.edges.every((edge) => ids.has(edge.source) && ids.has(edge.target))).toBe(true);
      }),
    );
  });

  it('draws the same map whatever the order of the rows', () => {
    fc.assert(
      fc.property(uses, uses, (list, before) => {
        const hops = marked(list, before);
        const limits = { laneMax: 2, edgesMax: 4 };
        expect(new Set(foldMap([...hops].reverse(), limits).edges)).toEqual(new Set(foldMap(hops, limits).edges));
      }),
    );
  });

  it('shows alerting edges before all others, then what is new, gone or changed', () => {
    fc.assert(
      fc.property(uses, uses, limitsOf, (list, before, limits) => {
        const whole = foldMap(marked(list, before), { laneMax: 100, edgesMax: 10_000 });
        const cut = foldMap(marked(list, before), { ...limits, laneMax: 100 });
        const shownAlerts = cut.edges.filter((edge) => edge.alert !== null).length;
        const allAlerts = whole.edges.filter((edge) => edge.alert !== null).length;
        expect(shownAlerts).toBe(Math.min(allAlerts, limits.edgesMax));
        const steadyShown = cut.edges.some((edge) => edge.alert === null && edge.state === 'steady');
        const changedHidden = cut.layers.some((layer) => layer.hubs.edges > 0)
          ? 0
          : whole.edges.filter((edge) => edge.state !== 'steady').length -
            cut.edges.filter((edge) => edge.state !== 'steady').length;
        expect(steadyShown && changedHidden > 0).toBe(false);
      }),
    );
  });

  it('keeps what a picture holds, before anything else comes in but edges of alerts', () => {
    fc.assert(
      fc.property(uses, uses, fc.boolean(), (list, later, alerting) => {
        const limits = { laneMax: 3, edgesMax: 6 };
        const hops = (some: typeof list): MapHop[] => (alerting ? marked(some, null) : joinWindows(hopsOf(some), null));
        const first = foldMap(joinWindows(hopsOf(list), null), limits);
        const keep = {
          nodes: new Set(first.nodes.map((node) => node.id)),
          edges: new Set(first.edges.map(hopKey)),
        };
        const next = foldMap(hops([...list, ...later]), { ...limits, keep });
        const ids = new Set(next.nodes.map((node) => node.id));
        for (const id of keep.nodes) expect(ids.has(id)).toBe(true);
        const whole = foldMap(hops([...list, ...later]), { laneMax: 3, edgesMax: 10_000, keep });
        const isAlert = ({ alert }: { alert: unknown }): boolean => alert !== null;
        const due = whole.edges.filter(isAlert).length;
        expect(next.edges.filter(isAlert).length).toBe(Math.min(due, limits.edgesMax));
        if (!alerting) expect(due).toBe(0);
        // What is neither kept nor part of an alert comes in only where there is room beside them.
        const shown = new Set(next.edges.map(hopKey));
        const isOther = next.edges.some((edge) => !isAlert(edge) && !keep.edges.has(hopKey(edge)));
        if (isOther || !alerting) for (const edge of keep.edges) expect(shown.has(edge)).toBe(true);
      }),
    );
  });
});
