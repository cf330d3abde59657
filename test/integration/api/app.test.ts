import { readFile } from 'node:fs/promises';
import Ajv from 'ajv/dist/2020.js';
import { AppError, errorCodes } from '../../../ingest/core/errors.js';
import { httpPushConfigSchema } from '../../../ingest/collectors/http-push/config.js';
import { pushRoutes } from '../../../ingest/collectors/http-push/push-routes.js';
import { sha256Hex } from '../../../ingest/core/sha256.js';
import type { Store } from '../../../ingest/store/store.js';
import { base, lineSource, MemorySink } from '../../unit/ingest/pipeline/support.js';
import { apiOn, keyEntries, keys, type ApiFixture } from './api-fixture.js';

const secretWords = 'password of the database';

/** A store that fails in the way given. */
function failingStore(error: Error): Pick<Store, 'querier' | 'writer' | 'analyst'> {
  const fail = () => Promise.reject(error);
  const newBlock = (): never => {
    throw error;
  };
  return {
    querier: { run: fail, lines: newBlock },
    analyst: { database: 'none', run: fail },
    writer: { newBlock, insertBlock: fail, insertEvents: fail, insertRows: fail, derive: fail },
  };
}

describe('the API around its routes', () => {
  let api: ApiFixture;
  const made: ApiFixture[] = [];

  async function build(...args: Parameters<typeof apiOn>): Promise<ApiFixture> {
    const fixture = await apiOn(...args);
    made.push(fixture);
    return fixture;
  }

  beforeEach(async () => {
    api = await build(failingStore(new Error(secretWords)));
  });
  afterEach(async () => {
    for (const fixture of made.splice(0)) await fixture.app.close();
  });

  it('hides the inside of a failure, and says the same every time', async () => {
    const answer = await api.app.inject({ url: '/v1/tokens' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain(secretWords);
    expect(answer.json()).toEqual({
      type: 'urn:tourniquet:error:TQ_INTERNAL',
      title: errorCodes.TQ_INTERNAL,
      status: 500,
      code: 'TQ_INTERNAL',
      detail: errorCodes.TQ_INTERNAL,
    });
  });

  it('answers 503 with Retry-After while the store is away', async () => {
    const away = new AppError('TQ_STORE_UNAVAILABLE', secretWords, { retryable: true, retryAfterMs: 2500 });
    const answer = await (await build(failingStore(away))).app.inject({ url: '/v1/alerts' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '3']);
    expect(answer.json()).toMatchObject({ code: 'TQ_STORE_UNAVAILABLE' });
    expect(answer.body).not.toContain(secretWords);
  });

  it('answers problems for unknown routes, methods, bodies and media types', async () => {
    const uid = '00000000-0000-8000-8000-000000000000';
    const headers = { authorization: `Bearer ${keys.responder}` };
    const url = `/v1/alerts/${uid}/resolve`;
    const calls = [
      [{ url: '/nothing' }, 404, 'TQ_NOT_FOUND'],
      [{ url: `/v1/tokens/${secretWords.repeat(20)}` }, 400, 'TQ_REQUEST_INVALID'],
      [{ url: `/v1/tokens/%zz${secretWords}` }, 400, 'TQ_REQUEST_INVALID'],
      [{ url: '/v1/tokens', method: 'DELETE' as const }, 405, 'TQ_METHOD_NOT_ALLOWED'],
      [{ url, headers, method: 'POST' as const, payload: '{' }, 400, 'TQ_REQUEST_INVALID'],
      [
        { url, headers: { ...headers, 'content-type': 'application/json' }, method: 'POST' as const, payload: '{' },
        400,
        'TQ_REQUEST_INVALID',
      ],
      [
        {
          url,
          headers: { ...headers, 'content-type': 'text/plain' },
          method: 'POST' as const,
          payload: '{"reason":"x"}',
        },
        400,
        'TQ_REQUEST_INVALID',
      ],
      [{ url, headers, method: 'POST' as const, payload: { reason: 'x'.repeat(70_000) } }, 413, 'TQ_TOO_LARGE'],
      [
        {
          url,
          headers: { ...headers, 'content-type': 'application/json' },
          method: 'POST' as const,
          payload: '{"__proto__":{"a":1},"reason":"x"}',
        },
        400,
        'TQ_REQUEST_INVALID',
      ],
    ] as const;
    for (const [call, status, code] of calls) {
      const answer = await api.app.inject(call);
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.body).not.toContain('database');
    }
  });

  it.each([
    ['Authorization', { authorization: `Bearer ${keys.viewer}` }, 500],
    ['X-API-Key', { 'x-api-key': keys.viewer }, 500],
    ['admin', { 'x-api-key': keys.admin }, 500],
    ['no key', {}, 401],
    ['a wrong key', { 'x-api-key': 'guess' }, 401],
    ['a prefix of a key', { 'x-api-key': keys.viewer.slice(0, -1) }, 401],
    ['another scheme', { authorization: 'Basic dmlld2VyLWtleQ==' }, 401],
    ['an empty key', { 'x-api-key': '' }, 401],
    ['an endless key', { 'x-api-key': 'k'.repeat(5000) }, 401],
    ['a key of another purpose', { 'x-api-key': keys.ingest }, 403],
  ])('without anonymous access, %s', async (_name, headers, status) => {
    const auth = { keys: keyEntries, anonymousRole: null };
    const strict = await build(failingStore(new Error('reached')), { auth });
    const answer = await strict.app.inject({ url: '/v1/tokens', headers });
    expect(answer.statusCode).toBe(status);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.body).not.toContain('guess');
  });

  it('takes a wrong key for wrong even where anonymous reading is allowed', async () => {
    expect((await api.app.inject({ url: '/v1/tokens', headers: { 'x-api-key': 'guess' } })).statusCode).toBe(401);
  });

  it.each([
    ['localhost:8420', 500],
    ['127.0.0.1:8420', 500],
    ['[::1]:8420', 500],
    ['tq.example', 500],
    ['rebound.attacker.example:8420', 403],
    ['localhost.attacker.example', 403],
  ])('answers anonymous requests for %s with %i', async (host, status) => {
    expect((await api.app.inject({ url: '/v1/tokens', headers: { host } })).statusCode).toBe(status);
    const withKey = await api.app.inject({ url: '/v1/tokens', headers: { host, 'x-api-key': keys.viewer } });
    expect(withKey.statusCode).toBe(500);
  });

  it('limits the rate of each key or address and says when to come back', async () => {
    const limited = await build(failingStore(new Error('reached')), { rateLimit: { max: 2, windowMs: 60_000 } });
    const status = async () => (await limited.app.inject({ url: '/v1/tokens' })).statusCode;
    expect([await status(), await status()]).toEqual([500, 500]);
    const answer = await limited.app.inject({ url: '/v1/tokens' });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([429, 'TQ_RATE_LIMITED']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await limited.app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  it('sets security headers on answers of every kind', async () => {
    for (const url of ['/healthz', '/v1/tokens', '/nothing', '/openapi.json']) {
      const { headers } = await api.app.inject({ url });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
      });
    }
  });

  it('names the methods of an address that does not take the one that was used', async () => {
    const problem = async (method: 'PUT' | 'OPTIONS' | 'POST' | 'DELETE', url: string) => {
      const answer = await api.app.inject({ method, url });
      return [answer.statusCode, answer.headers['allow'], answer.json<{ code: string }>().code];
    };
    expect(await problem('PUT', '/v1/tokens?limit=1')).toEqual([405, 'GET, HEAD', 'TQ_METHOD_NOT_ALLOWED']);
    expect(await problem('OPTIONS', '/v1/suppressions')).toEqual([405, 'GET, HEAD, POST', 'TQ_METHOD_NOT_ALLOWED']);
    expect(await problem('DELETE', '/v1/alerts/x/resolve')).toEqual([405, 'POST', 'TQ_METHOD_NOT_ALLOWED']);
    expect(await problem('POST', '/v1/tokens/')).toEqual([404, undefined, 'TQ_NOT_FOUND']);
    expect(await problem('POST', '/nothing')).toEqual([404, undefined, 'TQ_NOT_FOUND']);
  });

  it('refuses parameters that a route does not have', async () => {
    for (const url of ['/v1/tokens?principal=x', '/v1/alerts?severty=high', '/v1/map?form=1', '/v1/findings?q=1']) {
      const answer = await api.app.inject({ url });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'TQ_REQUEST_INVALID']);
      expect(answer.json<{ detail: string }>().detail).toContain('Unrecognized key');
    }
  });

  it('is ready only when each part did its work or had none', async () => {
    const ready = async () => {
      const answer = await api.app.inject({ url: '/readyz' });
      const parts = answer.json<{ parts: { part: string; state: string }[] }>().parts;
      return [answer.statusCode, ...parts.map((part) => `${part.part} ${part.state}`)];
    };
    api.health.declare('worker', { maxAgeMs: 10_000 });
    expect(await ready()).toEqual([503, 'worker starting']);
    api.health.report('worker', api.clock.ms);
    expect(await ready()).toEqual([200, 'worker ok']);
    api.clock.ms += 60_000;
    expect(await ready()).toEqual([200, 'worker idle']);
    api.health.lag('worker', 5, api.clock.ms);
    api.clock.ms += 10_001;
    expect(await ready()).toEqual([503, 'worker stale']);
  });

  it('gives metrics as text', async () => {
    const answer = await api.app.inject({ url: '/metrics' });
    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(answer.body).toBe('# HELP tourniquet_up 1\n');
  });

  describe('with the push route of a collector', () => {
    const sink = new MemorySink();
    const input = { name: 'edge', source: lineSource, instance: 'edge-1', apiKeySha256: sha256Hex('key-edge') };
    const pushPlugin = pushRoutes(httpPushConfigSchema.parse({}), [input], { ...base, sink });
    const auth = { keys: keyEntries, anonymousRole: null };

    it('takes records under the key of the source, and under no other', async () => {
      const { app } = await build(failingStore(new Error('x')), { pushPlugin, auth });
      const push = (key: string, payload: string) =>
        app.inject({ method: 'POST', url: '/v1/events', payload, headers: { authorization: `Bearer ${key}` } });
      expect((await push(keys.admin, '1 a\n')).statusCode).toBe(401);
      const large = Array.from({ length: 20_000 }, (_, n) => `${n + 1} name${n}`).join('\n');
      const answer = await push('key-edge', large);
      expect([answer.statusCode, answer.json<{ events: number }>().events]).toEqual([202, 20_000]);
      expect(sink.names).toHaveLength(20_000);
    });

    it('is described, and does not open the other routes', async () => {
      const { app } = await build(failingStore(new Error('x')), { pushPlugin, auth });
      const document = (await app.inject({ url: '/openapi.json' })).json<{ paths: Record<string, object> }>();
      expect(document.paths['/v1/events']).toMatchObject({ post: { operationId: 'pushEvents' } });
      expect((await app.inject({ url: '/v1/tokens' })).statusCode).toBe(401);
    });
  });

  describe('the OpenAPI document', () => {
    interface Document {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, object> }>>;
      components: { schemas: Record<string, object> };
    }

    it('covers every route that the server answers', async () => {
      const document = (await api.app.inject({ url: '/openapi.json' })).json<Document>();
      expect(document.openapi).toBe('3.1.0');
      const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(described.sort()).toEqual([
        'DELETE /v1/honeytokens/{token_uid}',
        'DELETE /v1/suppressions/{uid}',
        'GET /healthz',
        'GET /metrics',
        'GET /readyz',
        'GET /v1/alerts',
        'GET /v1/alerts/{uid}',
        'GET /v1/deliveries',
        'GET /v1/explain/{id}',
        'GET /v1/findings',
        'GET /v1/honeytokens',
        'GET /v1/map',
        'GET /v1/map/timeline',
        'GET /v1/sources',
        'GET /v1/sql/statements',
        'GET /v1/stream',
        'GET /v1/suppressions',
        'GET /v1/tokens',
        'GET /v1/tokens/{uid}',
        'GET /v1/tokens/{uid}/baseline',
        'GET /v1/tokens/{uid}/calls',
        'GET /v1/tokens/{uid}/timeline',
        'GET /v1/tokens/{uid}/usual',
        'GET /v1/whoami',
        'POST /v1/alerts/{uid}/acknowledge',
        'POST /v1/alerts/{uid}/reopen',
        'POST /v1/alerts/{uid}/resolve',
        'POST /v1/alerts/{uid}/suppress',
        'POST /v1/deliveries/{uid}/retry',
        'POST /v1/honeytokens',
        'POST /v1/sql',
        'POST /v1/suppressions',
      ]);
      const lines = api.app.printRoutes({ commonPrefix: false }).split('\n');
      // A path that answers several methods is one line.
      const answered = lines.flatMap((line) => line.match(/\b(?:GET|POST|DELETE)\b/g) ?? []).length;
      expect(answered).toBe(described.length + 1);
    });

    it('names the media types that are sent', async () => {
      const document = (await api.app.inject({ url: '/openapi.json' })).json<Document>();
      const described = Object.values(document.paths).flatMap((methods) =>
        Object.values(methods).flatMap(({ responses }) =>
          Object.entries(responses).map(([status, response]) => ({
            status,
            content: 'content' in response ? response.content : {},
          })),
        ),
      );
      const problems = described.filter(({ content }) => JSON.stringify(content).includes('schemas/Problem"'));
      expect(problems.length).toBeGreaterThan(100);
      for (const { content } of problems) expect(Object.keys(content as object)).toEqual(['application/problem+json']);
      const sent = await api.app.inject({ url: '/v1/tokens?limit=x' });
      expect(sent.headers['content-type']).toMatch('application/problem+json');
      const sentAs = (path: string, method: string): string[] =>
        Object.keys((document.paths[path]?.[method]?.responses['200'] as { content: object }).content);
      expect(sentAs('/metrics', 'get')).toEqual(['text/plain']);
      expect(sentAs('/v1/stream', 'get')).toEqual(['text/event-stream']);
      expect(sentAs('/v1/sql', 'post')).toEqual(['application/json', 'text/csv', 'application/x-ndjson']);
    });

    it('is followed by docs/api.md, which names every route', async () => {
      const document = (await api.app.inject({ url: '/openapi.json' })).json<Document>();
      const guide = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
      const missing = Object.keys(document.paths).filter((path) => {
        const verb = `/${path.split('/').at(-1) ?? ''}\``;
        return !guide.includes(`${path}\``) && !(path.startsWith('/v1/alerts/{uid}/') && guide.includes(verb));
      });
      expect(missing).toEqual([]);
    });

    it('is whole: unique operation ids, references that resolve, schemas that compile', async () => {
      const document = (await api.app.inject({ url: '/openapi.json' })).json<Document>();
      const ids = Object.values(document.paths).flatMap((methods) =>
        Object.values(methods).map((one) => one.operationId),
      );
      expect(new Set(ids).size).toBe(ids.length);
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
      expect(references.length).toBeGreaterThan(10);
      for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
      const ajv = new Ajv.default({ strict: false, validateFormats: false });
      ajv.addSchema({ $id: 'api.json', ...document });
      for (const name of Object.keys(document.components.schemas)) {
        expect(ajv.getSchema(`api.json#/components/schemas/${name}`)).toBeDefined();
      }
    });
  });
});
