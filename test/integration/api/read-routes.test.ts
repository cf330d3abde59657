import { defaultRisk, pointsOf, riskAt, type RiskPart } from '../../../api/alerts/risk.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { findingRow } from '../../../detectors/worker/finding-writer.js';
import { finding, T0 } from '../../support/alert-fixtures.js';
import { apiOn, getFrom, type ApiFixture } from './api-fixture.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { HOUR, seededStore, tokens, traffic, use, type SeededStore } from './seeded-store.js';

interface Sums {
  requests: number;
  failures: number;
  caller_only: number;
  callee_only: number;
}
interface MapBody {
  window: { from: string; to: string };
  counted_until: string;
  nodes: (Sums & { id: string; lane: string; label: string; group: string; nodes: number })[];
  edges: (Sums & { source: string; target: string; layer: string; first_seen: string | null; hops: number })[];
  layers: (Sums & { layer: string; rest: Sums & { edges: number } })[];
}

const uses = traffic().filter((event) => event.direction !== 'outbound');
const total: Sums = {
  requests: uses.length,
  failures: uses.filter((event) => event.outcome === 'failure').length,
  caller_only: 0,
  // The other side of the first hour's is logged as well.
  callee_only: uses.length - 60,
};

const sumOf = (list: readonly Sums[]): Sums => ({
  requests: list.reduce((sum, one) => sum + one.requests, 0),
  failures: list.reduce((sum, one) => sum + one.failures, 0),
  caller_only: list.reduce((sum, one) => sum + one.caller_only, 0),
  callee_only: list.reduce((sum, one) => sum + one.callee_only, 0),
});

describe('reading over HTTP from the real store', () => {
  let seeded: SeededStore;
  let api: ApiFixture;

  beforeAll(async () => {
    seeded = await seededStore();
    api = await apiOn(seeded.store);
  });
  afterAll(async () => {
    await api.app.close();
    await seeded.close();
  });

  const get = getFrom(() => api);

  describe('/v1/sources', () => {
    const window = `from=${T0 - 11 * HOUR}&to=${T0 + HOUR}`;

    it('counts requests with and without a token, record types, and the lag of live events', async () => {
      const { sources, record_types: types } = await get<{
        sources: Record<string, unknown>[];
        record_types: Record<string, unknown>[];
      }>(`/v1/sources?${window}`);
      expect(sources).toEqual([
        expect.objectContaining({
          product: 'envoy', instance: 'mesh', kind: 'mesh', events: traffic().length, other_events: 0, requests: total.requests,
          identified: total.requests, none_sent: 0, not_told: 0, live_events: traffic().length, lag_p05_ms: 20, lag_p95_ms: 20,
        }),
      ]); // prettier-ignore
      expect(types).toEqual([{ product: 'envoy', record_type: '', action: 'use', events: traffic().length }]);
    });

    it('answers an empty window with nothing', async () => {
      expect(await get('/v1/sources?from=0&to=1')).toMatchObject({ sources: [], record_types: [] });
    });
  });

  describe('/v1/map', () => {
    it.each([
      '/v1/map',
      '/v1/map?leaf=tokens',
      '/v1/map?networks=false',
      '/v1/map?lane_limit=1&edge_limit=1',
      '/v1/map?leaf=tokens&lane_limit=1&edge_limit=3',
    ])('%s: in each layer, edges and rest add up to what the store holds', async (url) => {
      const map = await get<MapBody>(url);
      for (const layer of map.layers) {
        const shown = map.edges.filter((edge) => edge.layer === layer.layer);
        expect(sumOf([...shown, layer.rest])).toEqual(total);
      }
      expect(map.layers.length).toBe(url.includes('networks=false') ? 2 : 3);
      for (const lane of ['caller', 'service', 'leaf']) {
        expect(sumOf(map.nodes.filter((node) => node.lane === lane))).toEqual(total);
      }
    });

    it('shows callers, services, tokens by name and networks', async () => {
      const map = await get<MapBody>('/v1/map?leaf=tokens');
      expect(map.nodes.map((node) => node.id)).toEqual(
        expect.arrayContaining([
          'caller:web',
          'caller:batch',
          'caller:',
          'service:orders',
          'service:billing',
          `leaf:${tokens[0]}`,
          'network:203.0.113.0/24',
          'network:2001:db8:1::/48',
          'network:office-berlin',
        ]),
      );
      expect(map.nodes.find((node) => node.id === `leaf:${tokens[0]}`)?.label).toBe('ci-deploy');
      // The named network is a box of its own, of its kind; what lies in the same range without a name is not in it.
      const groups = new Map(map.nodes.map((node) => [node.id, [node.group, node.requests]]));
      expect(groups.get('network:office-berlin')).toEqual(['office', 1]);
      expect(groups.get('network:203.0.113.0/24')).toEqual(['outside', 600]);
    });

    it('tells when an edge was first seen at all, beyond the window', async () => {
      const from = new Date(T0 - 2 * HOUR).toISOString();
      const map = await get<MapBody>(`/v1/map?from=${from}&networks=false`);
      const edge = map.edges.find((one) => one.source === 'caller:web' && one.target === 'service:orders');
      expect(edge?.first_seen).toBe(new Date(T0 - 10 * HOUR).toISOString());
      expect(edge?.requests).toBe(120);
    });

    it('tells the same calls over time, from the roll-up and from single hops', async () => {
      const span = `from=${T0 - 10 * HOUR}&to=${T0}`;
      interface Timeline {
        buckets: { time: string; requests: number; failures: number }[];
      }
      const sums = async (query: string): Promise<[number, number, number]> => {
        const { buckets } = await get<Timeline>(`/v1/map/timeline?${span}&${query}`);
        const add = (of: 'requests' | 'failures'): number => buckets.reduce((sum, bucket) => sum + bucket[of], 0);
        return [buckets.length, add('requests'), add('failures')];
      };
      expect(await sums('bucket=1h')).toEqual([10, total.requests, total.failures]);
      expect((await sums('bucket=15m')).slice(1)).toEqual([total.requests, total.failures]);
      expect((await sums('bucket=6h')).slice(1)).toEqual([total.requests, total.failures]);
      expect(await sums('bucket=1h&service=billing')).toEqual([10, 50, 0]);
      expect(await sums(`bucket=1h&token_uid=${tokens[1]}`)).toEqual([10, 50, 0]);
      expect(await sums('bucket=1d&principal_uid=partner')).toEqual([expect.any(Number), 50, 0]);
      await get('/v1/map/timeline?from=0&to=100000000&bucket=1m', 400);
    });

    it('filters by token, principal and service', async () => {
      const byToken = await get<MapBody>(`/v1/map?token_uid=${tokens[1]}`);
      expect(byToken.nodes.filter((node) => node.lane === 'service').map((node) => node.id)).toEqual([
        'service:billing',
      ]);
      const byPrincipal = await get<MapBody>('/v1/map?principal_uid=partner');
      expect(sumOf(byPrincipal.nodes.filter((node) => node.lane === 'service')).requests).toBe(50);
      const byService = await get<MapBody>('/v1/map?service=billing');
      expect(sumOf(byService.nodes.filter((node) => node.lane === 'caller')).requests).toBe(50);
    });

    it('calls nothing new where no call is known of the time compared with, and what is new where there is', async () => {
      const statesOf = async (query: string): Promise<[string[], number]> => {
        const { nodes } = await get<{ nodes: { state: string; before: unknown }[] }>(`/v1/map?leaf=tokens&${query}`);
        return [[...new Set(nodes.map(({ state }) => state))].sort(), nodes.filter(({ before }) => before !== null).length];
      };
      const at = (hours: number): string => new Date(T0 + hours * HOUR).toISOString();
      const [first, last] = [`from=${at(-10)}&to=${at(0)}`, `from=${at(-1)}&to=${at(0)}`];
      // The store begins ten hours ago: of the day before it knows nothing.
      expect(await statesOf(`${first}&compare=day`)).toEqual([['steady'], 0]);
      expect(await statesOf(`${first}&compare=day&token_uid=${tokens[0]}`)).toEqual([['steady'], 0]);
      expect((await statesOf(`${last}&compare=previous`))[0]).toContain('new');
      // A token that was not used before is new, though its filter lets nothing of that time through.
      const [states, compared] = await statesOf(`${last}&compare=previous&token_uid=${tokens[2]}`);
      expect([states, compared > 0]).toEqual([['new'], true]);
    }); // prettier-ignore

    it('folds boxes beyond the limit into one that counts them', async () => {
      const map = await get<MapBody>('/v1/map?lane_limit=1');
      expect(map.nodes.find((node) => node.id === 'caller:~rest')).toMatchObject({ nodes: 2, requests: 51 });
    });
  });

  describe('/v1/tokens', () => {
    interface Page {
      items: { token_uid: string; name: string; uses: number }[];
      next_cursor: string | null;
    }

    it('lists the inventory, latest seen first, and pages through it without gap or double', async () => {
      const all = await get<Page>('/v1/tokens');
      expect(all.items).toHaveLength(3);
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: Page = await get<Page>(`/v1/tokens?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        seen.push(...page.items.map((item) => item.token_uid));
        cursor = page.next_cursor;
      }
      expect(seen).toEqual(all.items.map((item) => item.token_uid));
    });

    it.each([
      ['kind=api_key', [tokens[1]]],
      ['principal_uid=partner', [tokens[1]]],
      ['issuer=https://idp.example', [tokens[0]]],
      ['scope=orders:read', [tokens[0]]],
      ['q=CI-DEP', [tokens[0]]],
      [`q=${encodeURIComponent("it's <b>")}`, [tokens[1]]],
      ['q=%25', []],
      ['source=envoy&kind=refresh_token', []],
    ])('filters by %s', async (query, expected) => {
      const page = await get<Page>(`/v1/tokens?${query}`);
      expect(page.items.map((item) => item.token_uid)).toEqual(expected);
    });

    it('shows one token with what it was seen with and what was made from it', async () => {
      const body = await get<{
        token: { uses: number; failures: number };
        seen_with: { dimension: string; values: { value: string }[] }[];
        children: { token_uid: string }[];
      }>(`/v1/tokens/${tokens[0]}`);
      expect(body.token).toMatchObject({ uses: 600, failures: 60, principal_name: 'deployer' });
      expect(body.seen_with.find((group) => group.dimension === 'target_service')?.values[0]?.value).toBe('orders');
      expect(body.children.map((child) => child.token_uid)).toEqual([tokens[2]]);
    });

    it('answers 404 for a token that is not there', async () => {
      const body = await get<{ code: string }>(`/v1/tokens/tok_${'Z'.repeat(22)}`, 404);
      expect(body.code).toBe('TQ_NOT_FOUND');
    });
  });

  describe('risk', () => {
    const minutesAgo = (minute: number, change: Partial<Finding>): Finding =>
      finding(-minute, {
        entity_uid: tokens[0],
        token_uid: tokens[0],
        principal_uid: 'https://idp.example|deployer',
        ...change,
      });
    const found: readonly Finding[] = [
      minutesAgo(10, {}),
      minutesAgo(70, {}),
      minutesAgo(130, { severity: 'low', detector: 'novelty', fidelity: 'low' }),
      minutesAgo(2000, { severity: 'critical', fidelity: 'high', detector: 'honeytoken' }),
      minutesAgo(20_000, { severity: 'critical', fidelity: 'high', detector: 'forgotten' }),
      minutesAgo(90, { token_uid: tokens[2], entity_uid: tokens[2], severity: 'high' }),
    ]; // prettier-ignore
    const partOf = (one: Finding): RiskPart => ({
      kind: `${one.detector}/${one.score.measure}`,
      points: pointsOf(one),
      timeMs: Date.parse(one.time),
    });
    const expected = (list: readonly Finding[]): number =>
      Math.round(riskAt(list.map(partOf), T0, defaultRisk.halfLifeMs) * 10) / 10;
    interface Risk {
      risk: { score: number; principal_score: number; at: string; signals: { detector: string; risk: number }[] };
    }

    beforeAll(() => seeded.store.writer.insertRows('findings', found.map(findingRow), 'risk of the test'));

    it('of a token is what the formula says of its stored findings, with what adds to it', async () => {
      const { risk } = await get<Risk>(`/v1/tokens/${tokens[0]}`);
      const own = found.filter(({ token_uid }) => token_uid === tokens[0]);
      expect(risk).toMatchObject({ score: expected(own), principal_score: expected(found), threshold: 100 });
      expect(risk.signals.map(({ detector }) => detector)).toEqual(['rate', 'honeytoken', 'novelty']);
    });

    it('sorts the inventory, page by page', async () => {
      const seen: [string, number][] = [];
      let cursor = '';
      for (;;) {
        const page = await get<{ items: { token_uid: string; risk: number }[]; next_cursor: string | null }>(
          `/v1/tokens?sort=risk&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        seen.push(...page.items.map(({ token_uid, risk }) => [token_uid, risk] as [string, number]));
        if (page.next_cursor === null) break;
        cursor = page.next_cursor;
      }
      const of = (token: string): number => expected(found.filter(({ token_uid }) => token_uid === token));
      expect(seen).toEqual([
        [tokens[0], of(tokens[0])],
        [tokens[2], of(tokens[2])],
        [tokens[1], 0],
      ]);
    });

    it('forgets what a resolved alert holds', async () => {
      const grave = found[3]!;
      const [alert] = await api.alerts.accept([grave]);
      await api.alerts.change(alert!.alert_uid, {
        to: 'resolved',
        actor: 'ann',
        reason: 'known',
        suppressedUntil: null,
      });
      const { risk } = await get<Risk>(`/v1/tokens/${tokens[0]}`);
      const held = new Set(alert!.finding_uids);
      expect(risk.score).toBe(
        expected(found.filter((one) => one.token_uid === tokens[0] && !held.has(one.finding_uid))),
      );
      expect(held.has(grave.finding_uid)).toBe(true);
    });
  });

  describe('/v1/tokens/{uid}/timeline', () => {
    interface Timeline {
      buckets: { time: string; requests: number; failures: number; clients: number }[];
    }

    it.each(['1m', '15m', '1h', '6h', '1d'])('in buckets of %s adds up to all uses', async (bucket) => {
      const body = await get<Timeline>(`/v1/tokens/${tokens[0]}/timeline?bucket=${bucket}`);
      expect(body.buckets.reduce((sum, one) => sum + one.requests, 0)).toBe(600);
      expect(body.buckets.reduce((sum, one) => sum + one.failures, 0)).toBe(60);
      expect(body.buckets[0]?.clients).toBe(1);
    });

    it('says the same from raw rows and from the roll-up', async () => {
      const hourly = await get<Timeline>(`/v1/tokens/${tokens[0]}/timeline?bucket=1h`);
      expect(hourly.buckets).toHaveLength(10);
      expect(hourly.buckets.every((bucket) => bucket.requests === 60)).toBe(true);
    });

    it('refuses more buckets than anybody reads', async () => {
      const from = new Date(T0 - 300 * 24 * HOUR).toISOString();
      const body = await get<{ detail: string }>(`/v1/tokens/${tokens[0]}/timeline?bucket=1m&from=${from}`, 400);
      expect(body.detail).toContain('buckets');
    });
  });

  describe('hostile input', () => {
    it.each([
      '/v1/tokens?limit=0',
      '/v1/tokens?limit=100000',
      '/v1/tokens?limit=1e9999',
      '/v1/tokens?cursor=not-a-cursor',
      `/v1/tokens?cursor=${Buffer.from('["x",1]').toString('base64url')}`,
      `/v1/tokens?cursor=${Buffer.from('[1e400,"a"]').toString('base64url')}`,
      '/v1/tokens?kind=secret',
      `/v1/tokens?q=${'x'.repeat(2000)}`,
      '/v1/tokens?q=a&q=b',
      '/v1/tokens/%27%20OR%201=1',
      '/v1/tokens/__proto__',
      '/v1/map?from=yesterday',
      '/v1/map?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      '/v1/map?from=1',
      '/v1/map?lane_limit=99999',
      '/v1/map?leaf=principals',
      '/v1/alerts?state=closed',
      '/v1/alerts/not-a-uuid',
      '/v1/findings?severity_min=fatal',
      '/v1/deliveries?state=lost',
    ])('%.60s … is refused with a problem', async (url) => {
      const answer = await api.app.inject({ url });
      expect(answer.statusCode).toBe(400);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.json()).toMatchObject({ code: 'TQ_REQUEST_INVALID', status: 400 });
    });

    it.each([
      "principal_uid=';DROP TABLE tokens--",
      'principal_uid={x:String}',
      'q=\\',
      "q=\\'",
      'q=%00',
      'q=%F0%9F%92%A3',
      "issuer=') OR 1=1 --",
      'q=a%0Ab%09c',
    ])('%s is only text to compare with', async (query) => {
      const page = await get<{ items: unknown[] }>(`/v1/tokens?${query.replaceAll(' ', '%20')}`);
      expect(page.items).toEqual([]);
      expect((await get<{ items: unknown[] }>('/v1/tokens')).items).toHaveLength(3);
    });
  });

  // Last, since it adds to what the others count.
  describe('/v1/map while lines come', () => {
    it('says until when all is counted, and counts what came since once its hops are found', async () => {
      const late = use(10_000, T0 - 3 * HOUR - 1, { target: { service: 'late', method: 'GET', route: '/x' } });
      const url = `/v1/map?from=${T0 - 5 * HOUR}&to=${T0}&networks=false`;
      expect((await get<MapBody>(url)).counted_until).toBe(new Date(T0).toISOString());
      await seeded.store.writer.insertEvents([{ event: late, partition: 0, offset: 10_000n }], 'late');
      const before = await get<MapBody>(url);
      expect(before.counted_until).toBe(new Date(T0 - 3 * HOUR - 60_000).toISOString());
      expect(before.nodes.map((node) => node.id)).not.toContain('service:late');
      await new HopEvaluator(seeded.store, api.clock).pass();
      const after = await get<MapBody>(url);
      expect(after.counted_until).toBe(new Date(T0).toISOString());
      expect(after.nodes.find((node) => node.id === 'service:late')?.requests).toBe(1);
    });
  });
});
