import { contextsMade } from '../../../api/queries/contexts-made.js';
import { z } from 'zod';
import { createBaselineDetector } from '../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../detectors/baseline/baseline-options.js';
import type { AnyDetector } from '../../../detectors/core/detector.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import { toldHours } from '../../../ingest/store/hops/hop-queries.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { systemClock } from '../../../ingest/core/clock.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { T0 } from '../../support/alert-fixtures.js';
import { apiOn, getFrom, type ApiFixture } from './api-fixture.js';
import { emptyStore, HOUR, use, type SeededStore } from './seeded-store.js';

describe('requests of a token, over HTTP from the real store', () => {
  let opened: SeededStore;
  let api: ApiFixture;

  beforeAll(async () => {
    opened = await emptyStore();
    api = await apiOn(opened.store);
  });
  afterAll(async () => {
    await api.app.close();
    await opened.close();
  });

  const get = getFrom(() => api);

  it('counts a request once that the edge logged twice and the service again, as the map does', async () => {
    const start = T0 + 48 * HOUR;
    const token = { token_uid: `tok_${'D'.repeat(22)}`, fp_key_id: 'k1', identity: 'jwt', kind: 'access_token' } as const;
    const edge = (n: number, record: string, change: Partial<TokenEvent>): TokenEvent =>
      use(n, start + n, {
        token,
        source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: record },
        direction: 'edge',
        client: { address: '198.51.100.9', network_name: 'our office', network_kind: 'office' },
        caller: {},
        target: { service: 'edge', method: 'GET', route: '/orders/{id}', path: '/orders/7' },
        ...change,
      });
    const bare = (...made: Parameters<typeof use>): TokenEvent => {
      const event: { -readonly [Key in keyof TokenEvent]: TokenEvent[Key] } = use(...made);
      delete event.token;
      delete event.principal;
      return event;
    };
    const events = Array.from({ length: 12 }, (_, i) => {
      const n = 900_000 + i * 10;
      const refused: Partial<TokenEvent> = i % 3 === 0 ? { outcome: 'failure', reason: 'invalid_token' } : {};
      const shared = { trace: { request_id: `twice-${i}` }, ...refused };
      return [
        edge(n, 'json', shared),
        edge(n + 1, 'combined', shared),
        // A gateway that knows no token, and the service behind it, seen from both sides.
        bare(n + 2, start + n + 2, { ...shared, direction: 'edge', caller: { service: 'edge' }, target: { service: 'gateway', path: '/orders/7' } }),
        bare(n + 3, start + n + 3, { ...shared, direction: 'outbound', caller: { service: 'gateway' }, target: { service: 'orders', path: '/orders/7' } }),
        use(n + 4, start + n + 4, { ...shared, token, caller: { service: 'gateway' }, target: { service: 'orders', path: '/orders/7' } }),
      ];
    }).flat();
    await opened.store.writer.insertEvents(events.map((event, i) => ({ event, partition: 0, offset: BigInt(5_000_000 + i) })), 'twice');
    await new HopEvaluator(opened.store, api.clock).pass();
    const span = `from=${new Date(start).toISOString()}&to=${new Date(start + HOUR).toISOString()}`;
    const sumOf = (list: readonly Readonly<Record<string, unknown>>[], key: string): number =>
      list.reduce((sum, one) => sum + Number(one[key]), 0);
    const map = await get<{ edges: { layer: string; target: string; requests: number; failures: number }[] }>(
      `/v1/map?leaf=tokens&token_uid=${token.token_uid}&${span}`,
    );
    const onMap = map.edges.filter(({ layer }) => layer === 'leaf_network');
    expect(sumOf(onMap, 'requests')).toBe(36);
    expect(onMap.find(({ target }) => target.includes('our office'))?.requests).toBe(12);
    for (const bucket of ['1m', '1h']) {
      const { buckets, counted_until: until } = await get<{ buckets: Record<string, unknown>[]; counted_until: string }>(
        `/v1/tokens/${token.token_uid}/timeline?bucket=${bucket}&${span}`,
      );
      const sums = ['events', 'requests', 'lent_requests', 'outbound_requests', 'failures'].map((key) => sumOf(buckets, key));
      expect([...sums, until]).toEqual([36, 24, 12, 0, 8, new Date(start + HOUR).toISOString()]);
    }
    const { hours, failures_by_reason: reasons } = await get<{
      hours: { requests: number; failures: number }[];
      failures_by_reason: unknown[];
    }>(`/v1/tokens/${token.token_uid}/baseline?${span}`);
    expect([sumOf(hours, 'requests'), sumOf(hours, 'failures')]).toEqual([24, 8]);
    expect(reasons).toEqual([{ reason: 'invalid_token', failures: 8 }]);
    const { token: known } = await get<{ token: { uses: number; failures: number; events: number } }>(`/v1/tokens/${token.token_uid}`);
    expect([known.events, known.uses, known.failures]).toEqual([36, 24, 8]);
    const listed = (await get<{ items: { token_uid: string; uses: number }[] }>('/v1/tokens')).items;
    expect(listed.find(({ token_uid }) => token_uid === token.token_uid)?.uses).toBe(24);

    // From, by and touches: sums of each are those of the chart, wherever in its hours the window begins and ends.
    interface Facets { counted_until: string; facets: { dimension: string; values: { value: string; now: number; now_failures: number; before: number }[] }[] }
    const usual = (fromMs: number, toMs: number): Promise<Facets> =>
      get<Facets>(`/v1/tokens/${token.token_uid}/usual?from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`);
    const valuesOf = ({ facets }: Facets, name: string) => facets.find(({ dimension }) => dimension === name)!.values;
    const service = (value: string, now: number, failures: number, before: number) =>
      expect.objectContaining({ value, now, now_failures: failures, before }) as unknown;
    const first = start + 900_000;
    const cuts = [[start - HOUR, start + HOUR], [start, start + HOUR], [first, first + 120], [start - 30_000, first + 150]] as const;
    const agree = async (): Promise<void> => {
      for (const [from, to] of cuts) {
        const all = await usual(from, to);
        expect(valuesOf(all, 'target_service')).toEqual([service('edge', 12, 4, 0), service('orders', 12, 4, 0)]);
        for (const name of ['network', 'client_address', 'source']) {
          const values = valuesOf(all, name);
          expect([sumOf(values, 'now'), sumOf(values, 'now_failures')]).toEqual([24, 8]);
        }
        expect(all.counted_until).toBe(new Date(to).toISOString());
        // By the operator's name of it, as on the map.
        expect(valuesOf(all, 'network').find(({ value }) => value === 'our office')?.now).toBe(12);
      }
    };
    // While the hour runs, and from the roll-up once it is over.
    await agree();
    await new HopEvaluator(opened.store, systemClock).pass();
    await agree();
    expect(await opened.store.querier.run(contextsMade, { from_ms: start - HOUR, to_ms: start + 2 * HOUR })).toEqual([{ made_ms: start }]);
    // The hour is cut in two, and the part before stands beside that of the window.
    expect(valuesOf(await usual(first + 60, start + HOUR), 'target_service')).toEqual([service('edge', 6, 2, 6), service('orders', 6, 2, 6)]);
    expect(valuesOf(await usual(start + 2 * HOUR, start + 3 * HOUR), 'target_service')).toEqual([service('edge', 0, 0, 12), service('orders', 0, 0, 12)]);
  }); // prettier-ignore

  it('draws the band of what detector baseline counts, and the detector says what the band says', async () => {
    const token = { token_uid: `tok_${'E'.repeat(22)}`, fp_key_id: 'k1', identity: 'jwt', kind: 'access_token' } as const;
    const start = T0 + 100 * HOUR;
    let n = 2_000_000;
    const at = (timeMs: number, id: string, change: Partial<TokenEvent>): TokenEvent =>
      use((n += 1), timeMs, { token, trace: { request_id: id }, target: { service: 'orders', method: 'GET', path: '/o', status: 200 }, ...change });
    const source = (record_type: string) => ({ product: 'envoy', instance: 'orders', kind: 'mesh', record_type }) as const;
    const hour = (index: number, requests: number): TokenEvent[] =>
      Array.from({ length: requests }, (_, i) => {
        const timeMs = start + index * HOUR + i * 4000;
        const id = `${index}-${i}`;
        return [
          // One proxy, two formats; the caller's side of it; every fourth also goes to a service whose log names no token.
          at(timeMs, id, { source: source('json') }),
          at(timeMs + 1, id, { source: source('text') }),
          at(timeMs, id, { direction: 'outbound', source: source('json') }),
          ...(i % 4 > 0 ? [] : [at(timeMs + 2, id, { direction: 'outbound', caller: { service: 'orders' }, target: { service: 'mail', method: 'POST', path: '/m', status: 200 } })]),
        ];
      }).flat();
    // What the issuer refused is no request, but a failure that the detector counts.
    const refused = (index: number): TokenEvent[] =>
      Array.from({ length: 3 }, (_, i) =>
        at(start + index * HOUR + 1_800_000 + i * 1000, `refused ${index}-${i}`, {
          source: { product: 'keycloak', instance: 'id', kind: 'issuer' },
          action: 'refresh',
          outcome: 'failure',
          reason: 'insufficient_scope',
        }),
      );
    const loud = 30;
    const events = Array.from({ length: loud + 1 }, (_, index) => [...hour(index, index === loud ? 240 : 20), ...refused(index)]).flat();
    const detectors: AnyDetector[] = [createBaselineDetector(baselineOptionsSchema.parse({}))];
    const runtime = new PartitionRuntime({ detectors, allowedLatenessMs: 1000, entitiesMax: 10 });
    [...events].sort((a, b) => Date.parse(a.time) - Date.parse(b.time)).forEach((event, offset) => runtime.offer(event, { offset: BigInt(offset), ordinal: 0 }));
    runtime.flush();
    const findings = runtime.takeFindings();
    await opened.store.writer.insertEvents(events.map((event, i) => ({ event, partition: 0, offset: BigInt(6_000_000 + i) })), 'band');
    await new HopEvaluator(opened.store, systemClock).pass();
    const { hours, threshold } = await get<{
      threshold: number;
      hours: { requests: number; told: number; issuer_refusals: number; expected: number | null; spread: number | null; samples: number }[];
    }>(`/v1/tokens/${token.token_uid}/baseline?from=${new Date(start).toISOString()}&to=${new Date(start + (loud + 1) * HOUR).toISOString()}`);
    expect(hours.slice(0, loud).map((one) => [one.requests, one.told, one.issuer_refusals])).toEqual(Array.from({ length: loud }, () => [25, 23, 3]));
    const judged = hours[loud]!;
    expect([judged.requests, judged.told]).toEqual([300, 243]);
    for (const bucket of ['15m', '1h']) {
      const { buckets } = await get<{ buckets: { issuer_refusals: number; told_requests: number }[] }>(
        `/v1/tokens/${token.token_uid}/timeline?bucket=${bucket}&from=${new Date(start).toISOString()}&to=${new Date(start + HOUR).toISOString()}`,
      );
      const sumOf = (key: 'issuer_refusals' | 'told_requests'): number => buckets.reduce((sum, one) => sum + one[key], 0);
      expect([sumOf('issuer_refusals'), sumOf('told_requests')]).toEqual([3, 20]);
    }
    expect(findings.length).toBeGreaterThan(0);
    const upper = judged.expected! + threshold * judged.spread!;
    for (const { score } of findings) {
      expect([score.expected, score.spread, score.sampleCount]).toEqual([judged.expected, judged.spread, judged.samples]);
    }
    // It speaks at the first request that is not below the edge of the band, and its statement counts what it counted.
    expect(findings[0]?.score.observed).toBe(Math.ceil(upper));
    for (const { score, sql } of findings) {
      const [row] = await opened.store.querier.run({ name: 'reproduced', sql, params: z.object({}), row: z.object({ observed: z.number() }) }, {});
      expect(row?.observed).toBe(score.observed);
    }
    // What a worker would begin with that lost its state.
    const hourNumber = Math.floor(start / HOUR);
    const asked = { uids: [token.token_uid], from_minute: hourNumber * 60, to_minute: (hourNumber + loud) * 60, outages: [] };
    const told = await opened.store.querier.run(toldHours, asked);
    expect(told.map(({ requests }) => requests)).toEqual(Array.from({ length: loud }, () => 20));
    await opened.store.writer.insertEvents([{ event: at(start + 5, 'late', {}), partition: 0, offset: 7_000_000n }], 'late');
    const without = await opened.store.querier.run(toldHours, asked);
    expect(without.length).toBe(loud - 1);
  }, 60_000); // prettier-ignore

  it('draws the band of one token by the settings that an override gives it', async () => {
    const stored = [`tok_${'F'.repeat(22)}`, `tok_${'G'.repeat(22)}`];
    const rows = stored.map((token_uid, n) => ({
      event: use(3_000_000 + n, T0, { token: { token_uid, fp_key_id: 'k1', identity: 'jwt', kind: 'access_token', key_id: `key-${n}` } }),
      partition: 0,
      offset: BigInt(8_000_000 + n),
    }));
    await opened.store.writer.insertEvents(rows, 'overridden');
    const overrides = [{ key_id: 'key-0', kind: 'access_token', baseline: { threshold: 12 } }];
    const detectors = detectorsOptionsSchema.parse({ overrides });
    const other = await apiOn(opened.store, { scoring: { detectors, allowedLatenessMs: 1000 } });
    const getOther = getFrom(() => other);
    const thresholds: number[] = [];
    for (const uid of stored) thresholds.push((await getOther<{ threshold: number }>(`/v1/tokens/${uid}/baseline`)).threshold);
    await other.app.close();
    expect(thresholds).toEqual([12, 6]);
  }); // prettier-ignore
});
