import { setTimeout as delay } from 'node:timers/promises';
import { auth0Api } from '../../../../ingest/collectors/poll/apis/auth0.js';
import { oktaApi } from '../../../../ingest/collectors/poll/apis/okta.js';
import { type ApiReply, type ApiRequest, need, needOnly } from '../../../support/api-server.js';
import { until } from '../pipeline/support.js';
import { hour, iso, type Polled, said, startMs, withApi } from './poll-support.js';

const token = 'okta-api-token-of-the-poller';
const secret = 'auth0-client-secret-of-the-poller';

const oktaEvent = (uuid: string, ms: number) => ({
  uuid, eventType: 'user.session.start', published: iso(ms), actor: { id: '00u1', type: 'User', alternateId: 'a@example.com' },
  client: { ipAddress: '192.0.2.1' }, outcome: { result: 'SUCCESS' },
}); // prettier-ignore

/** https://developer.okta.com/docs/reference/system-log-query/: polling requests are ordered by arrival, and `next` is always there. */
function oktaContract(log: ReturnType<typeof oktaEvent>[], epoch: { cursor: string }) {
  return (request: ApiRequest, origin: string): ApiReply => {
    const { url, headers, method } = request;
    need(method === 'GET' && url.pathname === '/api/v1/logs', 'path');
    if (headers.authorization !== `SSWS ${token}`)
      return { status: 401, body: { errorCode: 'E0000011', errorSummary: token } };
    const query = url.searchParams;
    const after = query.get('after');
    needOnly(request, after === null ? ['since', 'sortOrder', 'limit'] : ['after', 'since', 'sortOrder', 'limit']);
    need(query.get('sortOrder') === 'ASCENDING', 'a polling request is ascending');
    need(Number(query.get('limit')) >= 1 && Number(query.get('limit')) <= 1000, 'limit');
    need(!Number.isNaN(Date.parse(query.get('since') ?? '')), 'since');
    const found = after === null ? undefined : new RegExp(`^${epoch.cursor}-(\\d+)$`).exec(after)?.[1];
    if (after !== null && found === undefined) return { status: 400, body: { errorCode: 'E0000001' } };
    const since = Date.parse(query.get('since') ?? '');
    const start = found === undefined ? log.findIndex((e) => Date.parse(e.published) >= since) : Number(found);
    const from = start === -1 ? log.length : start;
    const page = log.slice(from, from + 2);
    const next = new URL(url);
    next.searchParams.set('after', `${epoch.cursor}-${String(from + page.length)}`);
    const self = `${origin}${url.pathname}${url.search}`;
    return { body: page, headers: { link: `<${self}>; rel="self", <${next.href}>; rel="next"` } };
  };
}

const withOkta = (
  work: (polled: Polled, log: ReturnType<typeof oktaEvent>[], epoch: { cursor: string }) => Promise<void>,
) => {
  const log: ReturnType<typeof oktaEvent>[] = [];
  const epoch = { cursor: 'c1' };
  return withApi('okta', oktaContract(log, epoch), (origin) => oktaApi(origin, token), (polled) => work(polled, log, epoch)); // prettier-ignore
};

const auth0Log = (id: string, ms: number) => ({
  _id: id,
  log_id: id,
  type: 's',
  date: iso(ms),
  user_id: 'auth0|1',
  tenant_name: 't',
});

/** https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api: from and take alone; ordered by log_id. */
function auth0Contract(logs: ReturnType<typeof auth0Log>[], live: { token: string; issued: number }) {
  return (request: ApiRequest, origin: string): ApiReply => {
    const { url, headers, method, form } = request;
    if (url.pathname === '/oauth/token') {
      need(method === 'POST' && form.get('grant_type') === 'client_credentials', 'grant');
      need(form.get('audience') === `${origin}/api/v2/`, 'audience');
      if (form.get('client_secret') !== secret)
        return { status: 401, body: { error: 'access_denied', error_description: secret } };
      live.issued += 1;
      live.token = `management-token-${String(live.issued)}`;
      return { body: { access_token: live.token, token_type: 'Bearer', expires_in: 86_400, scope: 'read:logs' } };
    }
    need(method === 'GET' && url.pathname === '/api/v2/logs', 'path');
    if (headers.authorization !== `Bearer ${live.token}`)
      return { status: 401, body: { message: 'Expired token received' } };
    const query = url.searchParams;
    const from = query.get('from');
    if (from === null) {
      needOnly(request, ['q', 'sort', 'page', 'per_page']);
      const since = /^date:\[(\S+) TO \*\]$/.exec(query.get('q') ?? '')?.[1] ?? '';
      need(
        query.get('sort') === 'date:1' && query.get('page') === '0' && Number(query.get('per_page')) <= 100,
        'search',
      );
      return { body: logs.filter((log) => log.date >= since).slice(0, Number(query.get('per_page'))) };
    }
    needOnly(request, ['from', 'take']);
    need(Number(query.get('take')) <= 100, 'take');
    if (!logs.some((log) => log.log_id === from)) return { status: 400, body: { message: 'Invalid from' } };
    const page = logs.filter((log) => log.log_id > from).slice(0, 2);
    const next = `${origin}/api/v2/logs?take=${query.get('take') ?? ''}&from=${page.at(-1)?.log_id ?? from}`;
    return { body: page, headers: { link: `<${next}>; rel="next"` } };
  };
}

const withAuth0 = (
  work: (polled: Polled, logs: ReturnType<typeof auth0Log>[], live: { token: string; issued: number }) => Promise<void>,
  clientSecret = secret,
) => {
  const logs: ReturnType<typeof auth0Log>[] = [];
  const live = { token: '', issued: 0 };
  return withApi(
    'auth0',
    auth0Contract(logs, live),
    (url, clock) => auth0Api({ url, clientId: 'poller', secret: clientSecret }, clock),
    (polled) => work(polled, logs, live),
  );
};

const seen = (polled: Polled) => [polled.sink.events.length, polled.sink.uids.size, polled.server.breaches];

describe('Okta System Log', () => {
  it('is read in order of arrival, page by page, each record once, also over a restart', () =>
    withOkta(async (polled, log) => {
      for (let i = 0; i < 5; i += 1) log.push(oktaEvent(`u-${String(i)}`, startMs - 1_000 * (5 - i)));
      log.unshift(oktaEvent('before-lookback', startMs - 3 * hour));
      const first = await polled.start();
      await until(
        () => polled.sink.events.length >= 5,
        () => seen(polled),
      );
      // It happened before all of them, and comes after.
      log.push(oktaEvent('late', startMs - hour / 2));
      await until(
        () => polled.sink.events.length >= 6,
        () => seen(polled),
      );
      await first.stop(1_000);
      log.push(oktaEvent('while-away', startMs));
      const asked = polled.server.requests.length;
      await polled.start();
      await until(
        () => polled.sink.events.length >= 7,
        () => seen(polled),
      );
      await delay(250);
      expect(polled.server.requests[asked]?.url.searchParams.get('after')).toBe('c1-7');
      expect(seen(polled)).toEqual([7, 7, []]);
      expect(polled.health.status(polled.now)).toMatchObject({
        parts: [{ part: 'poll:a', state: 'ok', required: false }],
      });
    }));

  it('goes on by time when the cursor is refused, and what is read again makes no second event', () =>
    withOkta(async (polled, log, epoch) => {
      for (let i = 0; i < 3; i += 1) log.push(oktaEvent(`u-${String(i)}`, startMs - 1_000 * (3 - i)));
      await polled.start();
      await until(
        () => polled.sink.events.length >= 3,
        () => seen(polled),
      );
      epoch.cursor = 'c2';
      log.push(oktaEvent('after', startMs + 1_000));
      polled.now += 2_000;
      await until(
        () => polled.sink.uids.size >= 4,
        () => seen(polled),
      );
      expect([polled.sink.uids.size, polled.server.breaches]).toEqual([4, []]);
    }));

  it('reads again what came shortly before the last record, when the cursor is lost', () =>
    withOkta(async (polled, log, epoch) => {
      log.push(oktaEvent('u', startMs - 1_000));
      const first = await polled.start();
      await until(
        () => polled.state().includes('after=c1-1'),
        () => seen(polled),
      );
      await first.stop(1_000);
      epoch.cursor = 'c2';
      // It happened before the one that was read, and arrived after it.
      log.unshift(oktaEvent('late', startMs - 200_000));
      await polled.start();
      await until(
        () => polled.sink.uids.size >= 2,
        () => seen(polled),
      );
      expect(polled.server.breaches).toEqual([]);
    }));

  it('leaves an API alone for as long as it asks, and does not count on it', () =>
    withOkta(async (polled, log) => {
      log.push(oktaEvent('u', startMs - 1_000));
      const date = new Date(startMs).toUTCString();
      const reset = String(startMs / 1_000 + 1);
      polled.server.instead.push({
        status: 429,
        headers: { date, 'x-rate-limit-reset': reset, 'x-rate-limit-remaining': '0' },
      });
      const began = Date.now();
      await polled.start();
      await until(
        () => polled.health.status(polled.now).parts[0]?.state === 'failing',
        () => seen(polled),
      );
      expect(polled.health.status(polled.now)).toMatchObject({ ready: true, parts: [{ reason: expect.stringContaining('fewer requests') as string }] }); // prettier-ignore
      polled.now += 1_000;
      await until(
        () => polled.server.requests.length >= 2,
        () => seen(polled),
      );
      expect(Date.now() - began).toBeGreaterThanOrEqual(950);
      await until(
        () => polled.sink.events.length >= 1,
        () => seen(polled),
      );
    }));

  it('keeps its cursor until the page is durable', () =>
    withOkta(async (polled, log) => {
      log.push(oktaEvent('u', startMs - 1_000));
      polled.sink.failures = 1_000;
      const collector = await polled.start();
      await until(
        () => polled.sink.failures < 1_000,
        () => seen(polled),
      );
      expect(polled.state()).toBe('');
      await collector.stop(1_000);
      expect(polled.state()).toBe('');
      polled.sink.failures = 0;
      await polled.start();
      await until(
        () => polled.sink.events.length === 1 && polled.state().includes('after=c1-1'),
        () => seen(polled),
      );
      expect(polled.state()).not.toContain(token);
    }));

  it.each([
    [{ status: 500 }, 'is not well'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'refused the request (302)'],
    [{ status: 200, body: '<html>login</html>' }, 'no JSON'],
    [{ status: 200, body: { errorCode: 'x' } }, 'no list'],
    [{ status: 403 }, 'The credential needs'],
  ])('says what is wrong and reads on: %j', (reply, words) =>
    withOkta(async (polled, log) => {
      log.push(oktaEvent('u', startMs - 1_000));
      polled.server.instead.push(reply);
      await polled.start();
      const reasons: (string | null | undefined)[] = [];
      const watch = setInterval(() => reasons.push(polled.health.status(polled.now).parts[0]?.reason), 5);
      await until(
        () => polled.sink.events.length >= 1,
        () => seen(polled),
      );
      clearInterval(watch);
      expect(reasons.find((reason) => typeof reason === 'string')).toContain(words);
      expect(polled.server.breaches).toEqual([]);
    }),
  );
});

describe('Auth0 logs', () => {
  it('are read from the first checkpoint on, with a new token when the old one is refused', () =>
    withAuth0(async (polled, logs, live) => {
      await polled.start();
      await until(
        () => polled.server.requests.length >= 4,
        () => seen(polled),
      );
      for (let i = 1; i <= 5; i += 1) logs.push(auth0Log(`90020${String(i)}`, startMs - 1_000 * (6 - i)));
      await until(
        () => polled.sink.events.length >= 5,
        () => seen(polled),
      );
      live.token = 'another one';
      // Late for its time, and with a log_id of its arrival.
      logs.push(auth0Log('900206', startMs - hour));
      await until(
        () => polled.sink.events.length >= 6,
        () => seen(polled),
      );
      expect(live.issued).toBe(2);
      expect(seen(polled)).toEqual([6, 6, []]);
    }));

  it('go on by time when the checkpoint is older than what Auth0 keeps', () =>
    withAuth0(async (polled, logs) => {
      logs.push(auth0Log('900201', startMs - 2_000));
      const first = await polled.start();
      await until(
        () => polled.sink.events.length >= 1,
        () => seen(polled),
      );
      await first.stop(1_000);
      logs.splice(0, 1, auth0Log('900300', startMs + 60_000), auth0Log('900301', startMs + 61_000));
      polled.now += 120_000;
      await polled.start();
      await until(
        () => polled.sink.events.length >= 3,
        () => seen(polled),
      );
      expect(seen(polled)).toEqual([3, 3, []]);
    }));

  it('are not readable with a wrong secret, which is said without the secret', () =>
    withAuth0(async (polled) => {
      await polled.start();
      await until(
        () => polled.health.status(polled.now).parts[0]?.state === 'failing',
        () => seen(polled),
      );
      const { reason } = polled.health.status(polled.now).parts[0] ?? {};
      expect(reason).toContain('refused to give a token (access_denied). Check client id');
    }, 'a-wrong-secret-of-the-poller'));
});

it('never says a secret or a token', () => {
  expect(said.length).toBeGreaterThan(5);
  for (const word of [token, secret, 'a-wrong-secret', 'management-token']) expect(said.join('\n')).not.toContain(word);
});
