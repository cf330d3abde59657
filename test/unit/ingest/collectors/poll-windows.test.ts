import { createVerify, generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { entraApi } from '../../../../ingest/collectors/poll/apis/entra.js';
import { githubApi } from '../../../../ingest/collectors/poll/apis/github.js';
import { keycloakApi } from '../../../../ingest/collectors/poll/apis/keycloak.js';
import { workspaceApi } from '../../../../ingest/collectors/poll/apis/workspace.js';
import { type ApiContract, type ApiReply, type ApiRequest, need, needOnly } from '../../../support/api-server.js';
import { until } from '../pipeline/support.js';
import { hour, iso, type Polled, said, startMs, withApi } from './poll-support.js';

const token = 'github_pat_of_the_poller';
const secret = 'client-secret-of-the-poller';
const seen = (polled: Polled) => [polled.sink.events.length, polled.sink.uids.size, polled.server.breaches];
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

interface Kept {
  readonly id: string;
  readonly ms: number;
}

describe('GitHub audit log', () => {
  /** https://docs.github.com/rest/orgs/orgs#get-the-audit-log-for-an-organization */
  const contract =
    (log: Kept[]): ApiContract =>
    (request, origin): ApiReply => {
      const { url, headers } = request;
      need(url.pathname === '/orgs/example/audit-log', 'path');
      need(
        headers['x-github-api-version'] === '2022-11-28' && headers.accept === 'application/vnd.github+json',
        'headers',
      );
      need((headers['user-agent'] ?? '') !== '', 'a user agent is needed');
      if (headers.authorization !== `Bearer ${token}`) return { status: 401 };
      const query = url.searchParams;
      const after = query.get('after');
      needOnly(request, [...(after === null ? [] : ['after']), 'phrase', 'include', 'order', 'per_page']);
      need(
        query.get('order') === 'asc' && query.get('include') === 'all' && Number(query.get('per_page')) <= 100,
        'query',
      );
      const range = /^created:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\.\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(
        query.get('phrase') ?? '',
      );
      need(range !== null, 'phrase');
      const [from, to] = [Date.parse(range?.[1] ?? ''), Date.parse(range?.[2] ?? '')];
      need(from <= to, 'the range is empty');
      const found = log.filter(({ ms }) => ms >= from && ms <= to).sort((a, b) => a.ms - b.ms);
      const start = after === null ? 0 : Number(after.replace('cursor-', ''));
      const page = found.slice(start, start + 2);
      const isLast = start + page.length >= found.length;
      const next = new URL(`${origin}${url.pathname}${url.search}`);
      next.searchParams.set('after', `cursor-${String(start + page.length)}`);
      return {
        body: page.map(({ id, ms }) => ({
          '@timestamp': ms,
          _document_id: id,
          action: 'org.add_member',
          actor: 'octo',
          org: 'example',
        })),
        headers: isLast
          ? { link: `<${origin}/x>; rel="prev"` }
          : { link: `<${next.href}>; rel="next", <${origin}/x>; rel="first"` },
      };
    };
  const withGithub = (work: (polled: Polled, log: Kept[]) => Promise<void>) => {
    const log: Kept[] = [];
    return withApi('github', contract(log), (url) => githubApi({ url, owner: 'orgs/example', token }), (polled) => work(polled, log)); // prettier-ignore
  };

  it('is read in windows of a day, the late within the overlap too, each record once', () =>
    withGithub(async (polled, log) => {
      for (let i = 0; i < 7; i += 1) log.push({ id: `d-${String(i)}`, ms: startMs - (70 - i * 11) * hour });
      await polled.start({ lookback_ms: 72 * hour });
      await until(
        () => polled.sink.events.length >= 7,
        () => seen(polled),
      );
      const windows = new Set(polled.server.requests.map(({ url }) => url.searchParams.get('phrase')));
      expect(windows.size).toBeGreaterThanOrEqual(3);
      polled.now += 60_000;
      log.push({ id: 'new', ms: polled.now - 10_000 });
      await until(
        () => polled.sink.events.length >= 8,
        () => seen(polled),
      );
      polled.now += 60_000;
      log.push({ id: 'late', ms: polled.now - 240_000 });
      await until(
        () => polled.sink.events.length >= 9,
        () => seen(polled),
      );
      await delay(300);
      expect(seen(polled)).toEqual([9, 9, []]);
    }));

  it('goes on inside a window after a restart, and begins it anew when its cursor is refused', () =>
    withGithub(async (polled, log) => {
      for (let i = 0; i < 6; i += 1) log.push({ id: `d-${String(i)}`, ms: startMs - hour / 2 + i * 1_000 });
      // The second page is answered by a failure, so the first is what is kept.
      polled.server.instead.push(undefined, { status: 502 }, { status: 502 });
      const first = await polled.start();
      await until(
        () => polled.server.requests.length >= 2,
        () => seen(polled),
      );
      await first.stop(1_000);
      expect(polled.state()).toContain('after=cursor-2');
      polled.server.instead.length = 0;
      const asked = polled.server.requests.length;
      polled.server.instead.push({ status: 400 });
      await polled.start();
      await until(
        () => polled.sink.uids.size >= 6,
        () => seen(polled),
      );
      const after = polled.server.requests.slice(asked).map(({ url }) => url.searchParams.get('after'));
      expect(after.slice(0, 2)).toEqual(['cursor-2', null]);
      expect([polled.sink.uids.size, polled.server.breaches]).toEqual([6, []]);
    }));

  it('takes a 403 of a spent limit for a reason to wait, and any other for a missing right', () =>
    withGithub(async (polled) => {
      const headers = {
        date: new Date(startMs).toUTCString(),
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(startMs / 1_000 + 1),
      };
      polled.server.instead.push({ status: 403, headers });
      await polled.start();
      const reason = () => polled.health.status(polled.now).parts[0]?.reason ?? '';
      await until(() => reason() !== '', reason);
      expect(reason()).toContain('fewer requests (403)');
      polled.server.instead.push({ status: 403 });
      polled.now += 1_000;
      await until(() => reason().includes('read:audit_log'), reason);
    }));

  it.each([
    [
      'GitHub',
      { message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.' },
    ],
    ['Google', { error: { code: 403, errors: [{ reason: 'userRateLimitExceeded' }] } }],
  ])('waits a minute where a 403 of %s tells of a limit in its body alone', (_name, body) =>
    withGithub(async (polled) => {
      polled.server.instead.push({ status: 403, body });
      await polled.start();
      const reason = () => polled.health.status(polled.now).parts[0]?.reason ?? '';
      await until(() => reason() !== '', reason);
      expect(reason()).toContain('fewer requests (403)');
      const asked = polled.server.requests.length;
      polled.now += 59_000;
      await delay(100);
      expect(polled.server.requests).toHaveLength(asked);
    }),
  );
});

describe('Entra', () => {
  const types = ['interactiveUser', 'nonInteractiveUser', 'servicePrincipal', 'managedIdentity'] as const;
  /** https://learn.microsoft.com/graph/api/signin-list and /graph/paging, /graph/throttling */
  const contract =
    (log: Kept[], foreign: { host?: string }): ApiContract =>
    (request, origin): ApiReply => {
      const { url, headers, form, method } = request;
      if (url.pathname === '/tenant-1/oauth2/v2.0/token') {
        need(
          method === 'POST' && form.get('grant_type') === 'client_credentials' && form.get('client_id') === 'app',
          'grant',
        );
        need(form.get('scope') === `${origin}/.default` && form.get('client_secret') === secret, 'scope, secret');
        return { body: { token_type: 'Bearer', expires_in: 3599, access_token: 'graph-token' } };
      }
      need(headers.authorization === 'Bearer graph-token', 'token');
      const isAudit = url.pathname === '/v1.0/auditLogs/directoryAudits';
      need(isAudit || url.pathname === '/beta/auditLogs/signIns', 'path');
      const skip = url.searchParams.get('$skiptoken');
      needOnly(request, skip === null ? ['$filter', '$top'] : ['$filter', '$top', '$skiptoken']);
      need(Number(url.searchParams.get('$top')) <= 1000, 'top');
      const time = isAudit ? 'activityDateTime' : 'createdDateTime';
      const form2 = new RegExp(
        `^${time} ge (\\S+Z) and ${time} lt (\\S+Z)(?: and signInEventTypes/any\\(t: t eq '(\\w+)'\\))?$`,
      );
      const [, from = '', to = '', type] = form2.exec(url.searchParams.get('$filter') ?? '') ?? [];
      need(from !== '' && from < to && (isAudit ? type === undefined : types.some((t) => t === type)), 'filter');
      // The newest come first.
      const found = log
        .filter(({ ms }) => iso(ms) >= from && iso(ms) < to && !isAudit && type === 'interactiveUser')
        .sort((a, b) => b.ms - a.ms);
      const start = Number(skip ?? 0);
      const page = found.slice(start, start + 2);
      const next = new URL(`${foreign.host ?? origin}${url.pathname}${url.search}`);
      next.searchParams.set('$skiptoken', String(start + 2));
      return {
        body: {
          '@odata.context': 'x',
          value: page.map(({ id, ms }) => ({
            id,
            createdDateTime: iso(ms),
            userId: 'u',
            userPrincipalName: 'a@example.com',
            appId: 'app',
            isInteractive: true,
            status: { errorCode: 0 },
            ipAddress: '192.0.2.1',
          })),
          ...(start + 2 < found.length ? { '@odata.nextLink': next.href } : {}),
        },
      };
    };
  const withEntra = (work: (polled: Polled, log: Kept[], foreign: { host?: string }) => Promise<void>) => {
    const log: Kept[] = [];
    const foreign: { host?: string } = {};
    return withApi(
      'entra',
      contract(log, foreign),
      (url, clock) =>
        entraApi(
          { url, loginUrl: url, tenant: 'tenant-1', clientId: 'app', secret, signIns: types, audits: true },
          clock,
        ),
      (polled) => work(polled, log, foreign),
    );
  };

  it('sign-ins are read by nextLink, each kind and the audits, the late within the overlap too', () =>
    withEntra(async (polled, log) => {
      for (let i = 0; i < 5; i += 1) log.push({ id: `s-${String(i)}`, ms: startMs - hour / 2 + i });
      polled.server.instead.push(undefined, { status: 429, headers: { 'retry-after': '1' } });
      const began = Date.now();
      await polled.start();
      await until(
        () => polled.sink.events.length >= 5,
        () => seen(polled),
      );
      expect(Date.now() - began).toBeGreaterThanOrEqual(950);
      log.push({ id: 'late', ms: startMs - 900_000 });
      polled.now += 60_000;
      await until(
        () => polled.sink.events.length >= 6,
        () => seen(polled),
      );
      await delay(300);
      expect(seen(polled)).toEqual([6, 6, []]);
      expect(polled.server.requests.filter(({ url }) => url.pathname.endsWith('/token'))).toHaveLength(1);
    }));

  it('a nextLink to another host is not followed, and the credential stays here', () =>
    withEntra(async (polled, log, foreign) => {
      for (let i = 0; i < 5; i += 1) log.push({ id: `s-${String(i)}`, ms: startMs - 1_000 + i });
      foreign.host = 'http://localhost:9';
      await polled.start();
      const reason = () => polled.health.status(polled.now).parts[0]?.reason ?? '';
      await until(() => reason().includes('another host'), reason);
      expect(polled.server.breaches).toEqual([]);
    }));
});

describe('Google Workspace', () => {
  /** https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list */
  const contract =
    (log: Kept[]): ApiContract =>
    (request: ApiRequest, origin): ApiReply => {
      const { url, headers, form } = request;
      if (url.pathname === '/token') {
        need(form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'grant');
        const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
        need(
          createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url'),
          'signature',
        );
        const told = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
        need(
          told['iss'] === 'poller@example.iam' &&
            told['sub'] === 'admin@example.com' &&
            told['aud'] === `${origin}/token`,
          'claims',
        );
        need(told['scope'] === 'https://www.googleapis.com/auth/admin.reports.audit.readonly', 'scope');
        need(Number(told['exp']) - Number(told['iat']) <= 3_600, 'an hour at most');
        return { body: { access_token: 'google-token', expires_in: 3599, token_type: 'Bearer' } };
      }
      need(headers.authorization === 'Bearer google-token', 'token');
      const application = /^\/admin\/reports\/v1\/activity\/users\/all\/applications\/(login|token)$/.exec(
        url.pathname,
      )?.[1];
      need(application !== undefined, 'path');
      const query = url.searchParams;
      const page = query.get('pageToken');
      needOnly(request, [...(page === null ? [] : ['pageToken']), 'startTime', 'endTime', 'maxResults']);
      const [from, to] = [query.get('startTime') ?? '', query.get('endTime') ?? ''];
      need(from <= to && Number(query.get('maxResults')) <= 1000, 'window');
      const found = log
        .filter(({ ms }) => application === 'login' && iso(ms) >= from && iso(ms) <= to)
        .sort((a, b) => b.ms - a.ms);
      const start = Number(page ?? 0);
      const items = found.slice(start, start + 2).map(({ id, ms }) => ({
        kind: 'admin#reports#activity', id: { time: iso(ms), uniqueQualifier: id, applicationName: 'login', customerId: 'C0' },
        actor: { email: 'a@example.com', profileId: '1' }, ipAddress: '192.0.2.1',
        events: [{ type: 'login', name: 'login_success', parameters: [{ name: 'login_type', value: 'google_password' }] }],
      })); // prettier-ignore
      return {
        body: {
          kind: 'admin#reports#activities',
          ...(items.length > 0 ? { items } : {}),
          ...(start + 2 < found.length ? { nextPageToken: String(start + 2) } : {}),
        },
      };
    };

  it('activities are read by pageToken, hours late ones too, with an assertion of the service account', () => {
    const log: Kept[] = [];
    return withApi(
      'workspace',
      contract(log),
      (url, clock) =>
        workspaceApi(
          {
            url,
            key: { clientEmail: 'poller@example.iam', privateKey, tokenUri: `${url}/token` },
            subject: 'admin@example.com',
            applications: ['login', 'token'],
          },
          clock,
        ),
      async (polled) => {
        for (let i = 0; i < 5; i += 1) log.push({ id: String(1_000 + i), ms: startMs - i * 4 * hour - 60_000 });
        await polled.start({ lookback_ms: 24 * hour });
        await until(
          () => polled.sink.events.length >= 5,
          () => seen(polled),
        );
        log.push({ id: '2000', ms: startMs - 3 * hour });
        polled.now += 60_000;
        await until(
          () => polled.sink.events.length >= 6,
          () => seen(polled),
        );
        await delay(300);
        expect(seen(polled)).toEqual([6, 6, []]);
      },
    );
  });
});

describe('Keycloak', () => {
  it('records that move to later pages while they are read are neither missed nor counted twice', () => {
    const log: Kept[] = [];
    let pages = 0;
    const record = ({ id, ms }: Kept): object => ({
      time: ms, type: 'LOGIN_ERROR', realmId: 'shop', clientId: 'web', ipAddress: '192.0.2.1', error: 'user_not_found', details: { username: id },
    }); // prettier-ignore
    const contract: ApiContract = (request) => {
      const { url, form } = request;
      if (url.pathname === '/realms/shop/protocol/openid-connect/token') {
        need(form.get('client_secret') === secret, 'secret');
        return { body: { access_token: 'keycloak-token', expires_in: 60 } };
      }
      need(url.pathname === '/admin/realms/shop/events', 'path');
      needOnly(request, ['dateFrom', 'first', 'max']);
      need(/^\d{4}-\d\d-\d\d$/.test(url.searchParams.get('dateFrom') ?? ''), 'dateFrom');
      const first = Number(url.searchParams.get('first'));
      const sorted = [...log].sort((a, b) => b.ms - a.ms);
      pages += 1;
      if (pages === 1) log.push({ id: 'meanwhile', ms: startMs - 1 });
      return { body: sorted.slice(first, first + 2).map(record) };
    };
    const api = {
      realms: ['shop'],
      clientRealm: 'shop',
      clientId: 'auditor',
      secret,
      lists: ['events'],
      pageSize: 2,
    } as const;
    return withApi('keycloak', contract, (url, clock) => keycloakApi({ url, ...api }, clock), async (polled) => {
      for (let i = 0; i < 5; i += 1) log.push({ id: `name-${String(i)}`, ms: startMs - 10_000 + i });
      log.push({ id: 'yesterday', ms: startMs - 20 * hour });
      await polled.start();
      await until(() => polled.sink.events.length >= 6, () => seen(polled));
      await delay(300);
      expect(seen(polled)).toEqual([6, 6, []]);
    }); // prettier-ignore
  });
});

it('never says a secret or a token', () => {
  expect(said.length).toBeGreaterThan(2);
  const words = [token, secret, 'graph-token', 'google-token', 'keycloak-token', privateKey.slice(100, 140)];
  for (const word of words) expect(said.join('\n')).not.toContain(word);
});
