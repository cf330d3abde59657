import { setTimeout as delay } from 'node:timers/promises';
import { fixedCredentials } from '../../../../ingest/collectors/poll/credentials.js';
import type { PollApi, PollFeed } from '../../../../ingest/collectors/poll/poll-api.js';
import { pollConfigSchema } from '../../../../ingest/collectors/poll/poll-collector.js';
import { isObject, readList, readText } from '../../../../ingest/sources/shared/json-reader.js';
import { pollInput } from '../../../../api/config/poll-schema.js';
import type { ApiReply, ApiRequest } from '../../../support/api-server.js';
import { until } from '../pipeline/support.js';
import { iso, type Polled, startMs, withApi } from './poll-support.js';

const record = (uuid: string) => ({
  uuid, eventType: 'user.session.start', published: iso(startMs - 1_000), actor: { id: '00u1', type: 'User', alternateId: 'a@example.com' },
  client: { ipAddress: '192.0.2.1' }, outcome: { result: 'SUCCESS' },
}); // prettier-ignore

const credential = 'the credential/of the poller';

/** Lists of an owner, each with a first page and, by `page`, more of them. */
const api = (origin: string, owner: string, names: readonly string[], tenant?: string): PollApi => ({
  product: 'okta',
  origin,
  ...(tenant === undefined ? {} : { owner: tenant }),
  headers: {},
  credentials: fixedCredentials('Bearer', credential),
  rights: 'none',
  overlapMs: 1_000,
  feeds: names.map((name): PollFeed => ({
    name,
    paging: 'windows',
    first: ({ fromMs }) => `${origin}/${owner}/${name}?from=${String(fromMs)}`,
    read: ({ body }) => {
      const answer = isObject(body) ? body : {};
      return { records: readList(answer, 'records') ?? [], next: readText(answer, 'next') };
    },
    timeOf: () => startMs - 1_000,
  })),
});

type Answer = (request: ApiRequest, origin: string) => ApiReply;

interface Server {
  of: Answer;
  owner?: string;
  host?: string;
  tenant?: string;
}

const withLists = (answer: Server, names: string[], work: (polled: Polled) => Promise<void>) =>
  withApi(
    'okta',
    (request, origin) => answer.of(request, origin),
    (origin) => api(origin.replace('127.0.0.1', answer.host ?? '127.0.0.1'), answer.owner ?? 'o', names, answer.tenant),
    work,
  );

const asks = ({ server }: Polled, path: string): number =>
  server.requests.filter(({ url }) => `${url.pathname}${url.search}`.includes(path)).length;
const reasonOf = (polled: Polled): string => polled.health.status(polled.now).parts[0]?.reason ?? '';

describe('an API that is not well', () => {
  it('is not asked without end when each next page is refused', () => {
    const of: Answer = ({ url }, origin) =>
      url.searchParams.has('page')
        ? { status: 400 }
        : { body: { records: [record('a')], next: `${origin}${url.pathname}?page=2` } };
    return withLists({ of }, ['a'], async (polled) => {
      await polled.start({ interval_ms: 1_000 });
      await until(
        () => reasonOf(polled).includes('refused the request (400)'),
        () => [polled.server.requests.length],
      );
      // First page, refused; by time again, refused; then it rests for half a second at least.
      expect(polled.server.requests).toHaveLength(4);
      await delay(200);
      expect(polled.server.requests).toHaveLength(4);
      expect(polled.sink.uids.size).toBe(1);
    });
  });

  it('whose cursor is too long to be kept leaves a state that can be opened', () => {
    const of: Answer = ({ url }, origin) => ({
      body: { records: [record('a')], next: `${origin}${url.pathname}?page=${'x'.repeat(17_000)}` },
    });
    return withLists({ of }, ['a'], async (polled) => {
      await polled.start({ interval_ms: 1_000 });
      await until(
        () => reasonOf(polled).includes('cursor is too long'),
        () => [polled.server.requests.length],
      );
      expect(polled.server.requests).toHaveLength(2);
      expect(polled.state()).toContain('watermarkMs');
      expect(polled.state()).not.toContain('xxx');
    });
  });

  it.each([
    ['another owner', { owner: 'p' }],
    ['another host', { host: 'localhost' }],
    ['another tenant', { tenant: 't-1' }],
  ])('leaves a cursor of %s behind when the input is changed', (_, before) => {
    const answer: Server = {
      of: ({ url, headers }) =>
        url.searchParams.has('page')
          ? { status: 502 }
          : { body: { records: [record('a')], next: `http://${headers.host ?? ''}${url.pathname}?page=2` } },
      ...before,
    };
    return withLists(answer, ['a'], async (polled) => {
      const first = await polled.start();
      await until(
        () => reasonOf(polled) !== '',
        () => [polled.state()],
      );
      expect(polled.state()).toContain('page=2');
      await first.stop(1_000);
      answer.owner = 'o';
      answer.host = '127.0.0.1';
      answer.tenant = 't-2';
      answer.of = () => ({ body: { records: [record('b')] } });
      const asked = polled.server.requests.length;
      await polled.start();
      await until(
        () => polled.sink.uids.size >= 2 && !polled.state().includes('page=2'),
        () => [polled.state()],
      );
      expect(polled.server.requests[asked]?.url.pathname).toBe('/o/a');
      expect(polled.server.requests[asked]?.url.search).toContain('?from=');
    });
  });

  it('of another tenant is read from where a first start begins, if that is earlier', () => {
    const answer: Server = { of: () => ({ body: { records: [record('a')] } }), tenant: 't-1' };
    return withLists(answer, ['a'], async (polled) => {
      const first = await polled.start();
      await until(
        () => polled.state().includes(`"watermarkMs":${String(startMs)}`),
        () => [polled.state()],
      );
      await first.stop(1_000);
      answer.tenant = 't-2';
      const asked = polled.server.requests.length;
      await polled.start({ lookback_ms: 60_000 });
      await until(
        () => polled.server.requests.length > asked,
        () => [polled.state()],
      );
      // The minute of the lookback, and the second of the overlap before it.
      expect(polled.server.requests[asked]?.url.search).toBe(`?from=${String(startMs - 61_000)}`);
    });
  });

  it.each([
    ['its credential', encodeURIComponent(credential)],
    ['a token', 'ghp_0123456789abcdefABCDEF0123456789abcd'],
  ])('whose cursor says back %s is read page by page, and the cursor meets no disk', (_, word) => {
    const of: Answer = ({ url }, origin) => {
      const page = Number(url.searchParams.get('page') ?? 1);
      const next = `${origin}${url.pathname}?page=${String(page + 1)}&by=${word}`;
      return page > 3 ? { status: 502 } : { body: { records: [record(`r-${String(page)}`)], next } };
    };
    return withLists({ of }, ['a'], async (polled) => {
      await polled.start();
      await until(
        () => polled.sink.uids.size >= 3 && reasonOf(polled) !== '',
        () => [polled.state()],
      );
      expect(polled.server.requests.slice(0, 4).map(({ url }) => url.searchParams.get('page'))).toEqual([null, '2', '3', '4']);
      expect(polled.state()).toContain('watermarkMs');
      expect(polled.state()).not.toContain('page=');
    });
  }); // prettier-ignore

  it('that asks for fewer requests is left alone by all lists', () => {
    const of: Answer = () => ({ status: 429, headers: { 'retry-after': '3' } });
    return withLists({ of }, ['a', 'b', 'c'], async (polled) => {
      await polled.start();
      await until(
        () => reasonOf(polled).includes('fewer requests'),
        () => [polled.server.requests.length],
      );
      await delay(300);
      expect(polled.server.requests).toHaveLength(1);
    });
  });

  it('goes on with the other lists at their interval where one is refused for good', () => {
    const of: Answer = ({ url }) => (url.pathname === '/o/a' ? { status: 403 } : { body: { records: [] } });
    return withLists({ of }, ['a', 'b'], async (polled) => {
      polled.unit = 0.9;
      await polled.start();
      await until(
        () => asks(polled, '/o/b') >= 12,
        () => [asks(polled, '/o/a'), asks(polled, '/o/b')],
      );
      expect(asks(polled, '/o/a')).toBeLessThan(8);
      // A list that is read does not hide one that is not.
      expect(reasonOf(polled)).toContain('refused the request (403)');
    });
  });

  it('is told to be well after each page, not only after the last', () => {
    const of: Answer = ({ url }, origin) => {
      const page = Number(url.searchParams.get('page') ?? 1);
      return { body: { records: [record(String(page))], next: `${origin}${url.pathname}?page=${String(page + 1)}` } };
    };
    return withLists({ of }, ['a'], async (polled) => {
      await polled.start();
      await until(
        () => polled.health.status(polled.now).parts[0]?.state === 'ok',
        () => [polled.server.requests.length],
      );
    });
  });
});

it.each([
  ['interval', 'interval_ms', '1d', '2d'],
  ['lookback', 'lookback_ms', '180d', '365d'],
  ['overlap', 'overlap_ms', '7d', '10d'],
])('%s has the bounds of the reader in the config check', (name, key, most, tooMuch) => {
  const check = (text: string) =>
    pollInput.safeParse({ kind: 'poll', api: { kind: 'okta', url: 'https://a.okta.com', secret: 's' }, [name]: text });
  const { data } = check(most);
  expect(pollConfigSchema.safeParse({ [key]: data?.[name as 'interval'] }).success).toBe(true);
  expect(check(tooMuch).error?.issues[0]?.path).toEqual([name]);
});
