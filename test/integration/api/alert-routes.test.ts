import { createDeliveryRepository } from '../../../api/alerts/store-repository.js';
import { findingRow } from '../../../detectors/worker/finding-writer.js';
import { finding, T0, TOKEN } from '../../support/alert-fixtures.js';
import { apiOn, getFrom, keys, type ApiFixture } from './api-fixture.js';
import { emptyStore, type SeededStore } from './seeded-store.js';

interface AlertBody {
  alert_uid: string;
  state: string;
  suppressed_until: string | null;
  severity: string;
  finding_count: number;
  history: { from: string | null; to: string; actor: string; reason: string }[];
  next_step: string;
  guidance: { detector: string; false_positives: string[]; next_steps: string[] }[];
  links: { map: string };
}

const other = `tok_${'B'.repeat(22)}`;

describe('alerts over HTTP from the real store', () => {
  let seeded: SeededStore;
  let api: ApiFixture;

  beforeEach(async () => {
    seeded = await emptyStore();
    api = await apiOn(seeded.store);
  });
  afterEach(async () => {
    await api.app.close();
    await seeded.close();
  });

  const get = getFrom(() => api);

  const post = (url: string, payload: object, key: string = keys.responder) =>
    api.app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${key}` } });

  it('groups findings into one stored alert, whatever is repeated, by this process or the next', async () => {
    await api.alerts.accept([finding(0), finding(1)]);
    const next = await apiOn(seeded.store);
    await next.alerts.accept([finding(1), finding(2, { severity: 'critical' })]);
    await next.alerts.accept([finding(0), finding(1), finding(2, { severity: 'critical' })]);
    await next.app.close();
    const { items } = await get<{ items: AlertBody[] }>('/v1/alerts');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ finding_count: 3, severity: 'critical', state: 'open' });
    const deliveries = await get<{ items: { kind: string }[] }>('/v1/deliveries');
    expect(deliveries.items.map((delivery) => delivery.kind).sort()).toEqual(['escalated', 'opened']);
  });

  it('shows an alert with reading, links, next step and history', async () => {
    const [alert] = await api.alerts.accept([finding(0)]);
    const body = await get<AlertBody>(`/v1/alerts/${alert!.alert_uid}`);
    expect(body).toMatchObject({
      token_uid: TOKEN,
      first_seen: finding(0).time,
      reading: { observed: 300, expected: 12, window_end: new Date(T0).toISOString() },
      evidence: finding(0).evidence,
      history: [{ from: null, to: 'open', actor: 'tourniquet' }],
    });
    expect(body.links.map).toContain(`token_uid=${TOKEN}`);
    expect(body.next_step).not.toBe('');
    expect(body.guidance.map(({ detector }) => detector)).toEqual([finding(0).detector]);
    for (const texts of Object.values(body.guidance[0]!)) expect(texts.length).toBeGreaterThan(0);
  });

  it('takes acknowledge, suppress and resolve with reason and actor, and keeps them through later findings', async () => {
    const [alert] = await api.alerts.accept([finding(0)]);
    const url = `/v1/alerts/${alert!.alert_uid}`;
    api.clock.ms += 1000;
    expect((await post(`${url}/acknowledge`, { reason: 'looking' })).json()).toMatchObject({ state: 'acknowledged' });
    await api.alerts.accept([finding(1)]);
    expect(await get(url)).toMatchObject({ state: 'acknowledged', finding_count: 2 });
    api.clock.ms -= 500_000;
    const until = new Date(T0 + 3_600_000).toISOString();
    expect((await post(`${url}/suppress`, { reason: 'drill', until })).json()).toMatchObject({
      state: 'suppressed',
      suppressed_until: until,
    });
    api.clock.ms += 1000;
    expect((await post(`${url}/resolve`, { reason: 'over' })).statusCode).toBe(200);
    const body = await get<AlertBody>(url);
    expect(body.state).toBe('resolved');
    expect(body.suppressed_until).toBeNull();
    expect(body.history.map((step) => `${step.to}: ${step.reason} (${step.actor})`)).toEqual([
      `open: ${finding(0).summary} (tourniquet)`,
      'acknowledged: looking (responder of the test)',
      'suppressed: drill (responder of the test)',
      'resolved: over (responder of the test)',
    ]);
    const again = await post(`${url}/reopen`, { reason: 'no' });
    expect([again.statusCode, again.json<{ code: string }>().code]).toEqual([409, 'TQ_CONFLICT']);
  });

  it('refuses decisions without reason, without role, on nothing, and suppressions without sense', async () => {
    const [alert] = await api.alerts.accept([finding(0)]);
    const url = `/v1/alerts/${alert!.alert_uid}`;
    const nothing = '/v1/alerts/00000000-0000-8000-8000-000000000000/resolve';
    expect((await post(`${url}/resolve`, {})).statusCode).toBe(400);
    expect((await post(`${url}/resolve`, { reason: '   ' })).statusCode).toBe(400);
    expect((await post(`${url}/resolve`, { reason: 'x', extra: 1 })).statusCode).toBe(400);
    expect((await post(`${url}/resolve`, { reason: 'x' }, keys.viewer)).statusCode).toBe(403);
    expect((await post(`${url}/resolve`, { reason: 'x' }, 'wrong')).statusCode).toBe(401);
    expect((await post(nothing, { reason: 'x' })).statusCode).toBe(404);
    for (const until of ['2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z']) {
      expect((await post(`${url}/suppress`, { reason: 'x', until })).statusCode).toBe(400);
    }
    expect(await get(url)).toMatchObject({ state: 'open' });
  });

  describe('suppressions', () => {
    const until = new Date(T0 + 3_600_000).toISOString();
    const scan = { detector: 'rate', address: '203.0.113.0/24', reason: 'the yearly scan', until };
    const stored = (...findings: Parameters<typeof findingRow>[0][]) =>
      seeded.store.writer.insertRows(
        'findings',
        findings.map(findingRow),
        findings.map((one) => one.finding_uid).join(),
      );

    it('keep findings that fit silent, show them as suppressed, and end', async () => {
      const made = (await post('/v1/suppressions', { ...scan, from: String(T0 - 60_000) })).json<{
        suppression_uid: string;
      }>();
      const [silent, elsewhere, grave] = [
        finding(0),
        finding(0, { entity_uid: other, token_uid: other, client_address: '198.51.100.1' }),
        finding(1, { severity: 'critical', entity_uid: `tok_${'C'.repeat(22)}` }),
      ];
      await stored(silent, elsewhere, grave);
      const alerts = await api.alerts.accept([silent, elsewhere, grave]);
      expect(alerts.map(({ token_uid }) => token_uid).sort()).toEqual([other, grave.token_uid].sort());
      const { items } = await get<{ items: { finding_uid: string; suppressed: object | null }[] }>('/v1/findings');
      const of = (uid: string) => items.find((one) => one.finding_uid === uid)?.suppressed;
      expect(of(silent.finding_uid)).toEqual({ by: made.suppression_uid, reason: scan.reason, until: scan.until });
      expect(of(elsewhere.finding_uid)).toBeNull();
      const { items: exported } = await get<{ items: { status_id: number }[] }>('/v1/findings?format=ocsf');
      expect(exported.map(({ status_id }) => status_id).sort()).toEqual([1, 1, 3]);

      // What was silenced stays so, and lends its weight to nobody.
      const weak = finding(2, { severity: 'low', detector: 'novelty' });
      await stored(weak);
      expect(await (await apiOn(seeded.store)).alerts.accept([weak, silent])).toEqual([]);

      api.clock.ms = T0 + 600_000;
      const url = `/v1/suppressions/${made.suppression_uid}`;
      const ended = await api.app.inject({
        method: 'DELETE',
        url,
        headers: { authorization: `Bearer ${keys.responder}` },
      });
      expect(ended.json()).toMatchObject({ until: new Date(T0 + 600_000).toISOString() });
      expect(await api.alerts.accept([finding(5)])).toEqual([]);
      expect(await api.alerts.accept([finding(11)])).toHaveLength(1);
      expect(await get('/v1/suppressions')).toMatchObject({
        items: [{ created_by: 'responder of the test', reason: scan.reason }],
      });
    });

    it.each([
      ['names nothing', { address: '', detector: '' }],
      ['an address that is none', { address: '203.0.113.0/33' }],
      ['no reason', { reason: ' ' }],
      ['an end in the past', { until: '2020-01-01T00:00:00Z' }],
      ['an end years away', { until: '2030-01-01T00:00:00Z' }],
      ['a secret in the reason', { reason: `rotates ghp_${'x7Y8'.repeat(9)}` }],
      ['a field that is not known', { token: TOKEN }],
    ])('refuse %s', async (_what, change) => {
      expect((await post('/v1/suppressions', { ...scan, ...change })).statusCode).toBe(400);
    });

    it('are also those of the configuration; a detector in mode observe raises nothing however grave', async () => {
      api.suppressions.configure([], ['honeytoken']);
      const watched = finding(0, { detector: 'honeytoken', severity: 'critical', fidelity: 'high' });
      await stored(watched);
      expect(await api.alerts.accept([watched])).toEqual([]);
      expect(await get('/v1/findings')).toMatchObject({ items: [{ suppressed: { by: 'observe:honeytoken' } }] });
      api.suppressions.configure([], []);
      expect(await api.alerts.accept([finding(1, { detector: 'honeytoken', fidelity: 'high' })])).toHaveLength(1);
    });

    it('are for responders, and end only if they are', async () => {
      expect((await post('/v1/suppressions', scan, keys.viewer)).statusCode).toBe(403);
      const headers = { authorization: `Bearer ${keys.responder}` };
      const url = '/v1/suppressions/00000000-0000-4000-8000-000000000000';
      expect((await api.app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(404);
    });
  });

  it('filters and pages alerts', async () => {
    await api.alerts.accept([finding(0), finding(600), finding(1200, { severity: 'high' })]);
    const [second] = await api.alerts.accept([finding(3, { entity_uid: other, token_uid: other })]);
    await post(`/v1/alerts/${second!.alert_uid}/resolve`, { reason: 'x' });
    const count = async (query: string) => (await get<{ items: unknown[] }>(`/v1/alerts?${query}`)).items.length;
    expect(await count('')).toBe(4);
    expect(await count('state=resolved')).toBe(1);
    expect(await count('severity_min=high')).toBe(1);
    expect(await count(`token_uid=${other}`)).toBe(1);
    expect(await count(`from=${new Date(T0 + 60 * 60_000).toISOString()}`)).toBe(2);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const url: string = `/v1/alerts?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page: { items: AlertBody[]; next_cursor: string | null } = await get(url);
      seen.push(...page.items.map((item) => item.alert_uid));
      cursor = page.next_cursor;
    }
    expect(new Set(seen).size).toBe(4);
  });

  it('keeps hostile names as they are', async () => {
    const name = `'); DROP TABLE alerts; -- \\ "quoted" <script>\u0000\n💣 {x:String}`;
    const [alert] = await api.alerts.accept([finding(0, { token_name: name, summary: name })]);
    expect(await get(`/v1/alerts/${alert!.alert_uid}`)).toMatchObject({ token_name: name, title: name });
    const deliveries = await get<{ items: { payload: { data: { title: string } } }[] }>('/v1/deliveries');
    expect(deliveries.items[0]?.payload.data.title).toBe(name);
  });

  it('lists findings with filters and pages', async () => {
    const rows = [finding(0), finding(1, { severity: 'high' }), finding(2, { detector: 'baseline' })].map(findingRow);
    await seeded.store.writer.insertRows('findings', rows, 'findings');
    const list = (query: string) =>
      get<{ items: { time: string }[]; next_cursor: string | null }>(`/v1/findings?${query}`);
    expect((await list('')).items.map((item) => item.time)).toEqual([2, 1, 0].map((minute) => finding(minute).time));
    expect((await list('detector=baseline')).items).toHaveLength(1);
    expect((await list('severity_min=high')).items).toHaveLength(1);
    expect((await list(`token_uid=${other}`)).items).toHaveLength(0);
    const first = await list('limit=2');
    expect((await list(`limit=2&cursor=${first.next_cursor ?? ''}`)).items.map((item) => item.time)).toEqual([
      finding(0).time,
    ]);
  });

  it('lists dead deliveries; what is delivered stays delivered though the finding comes again', async () => {
    const [alert] = await api.alerts.accept([finding(0)]);
    const outbox = createDeliveryRepository(seeded.store.querier, seeded.store.writer);
    const [pending] = await outbox.pending(10);
    expect(pending).toEqual(api.enqueued[0]);
    await outbox.save([
      { ...pending!, state: 'dead', attempts: 3, last_status: 410, last_reason: 'answered 410', version: 2 },
    ]);
    await outbox.save([pending!]);
    expect(await outbox.pending(10)).toEqual([]);
    const dead = await get<{ items: object[] }>('/v1/deliveries?state=dead');
    expect(dead.items).toHaveLength(1);
    expect(dead.items[0]).toMatchObject({ alert_uid: alert!.alert_uid, attempts: 3, last_status: 410 });
    expect((await get<{ items: object[] }>('/v1/deliveries?state=pending')).items).toEqual([]);
  });
});
