import { createHmac } from 'node:crypto';
import { createHttpReceiver, httpReceiverConfigSchema } from '../../../../ingest/collectors/http/http-receiver.js';
import { httpPushConfigSchema } from '../../../../ingest/collectors/http-push/config.js';
import { isSenderKnown } from '../../../../ingest/collectors/webhook/webhook-rule.js';
import { type WebhookInput, webhookRoutes } from '../../../../ingest/collectors/webhook/webhook-routes.js';
import type { Logger } from '../../../../ingest/core/logger.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { base, MemorySink } from '../pipeline/support.js';

const secrets = ['the-secret-of-the-hook-1', 'the-secret-of-the-hook-2'];
const source = (product: string) => {
  const factory = sourceFactories.find((each) => each.product === product);
  if (factory === undefined) throw new Error(product);
  return factory.create({});
};
const authorization = { kind: 'header', header: 'authorization', secrets } as const;
const inputs: readonly WebhookInput[] = [
  { name: 'tenant', source: source('auth0'), instance: 'a', rule: authorization },
  { name: 'org', source: source('okta'), instance: 'o', rule: authorization },
  {
    name: 'code',
    source: source('github'),
    instance: 'g',
    rule: { kind: 'hmac_sha256', header: 'x-hub-signature-256', secrets },
  },
  { name: 'gateway', source: source('kong'), instance: 'k', rule: { ...authorization, header: 'x-tourniquet-key' } },
];

const said: string[] = [];
const hear = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };

type Send = (name: string, headers: Record<string, string>, body?: unknown) => Promise<Response>;

async function withHooks(work: (send: Send, sink: MemorySink, get: Send) => Promise<void>): Promise<void> {
  const sink = new MemorySink();
  const plugin = webhookRoutes(httpPushConfigSchema.parse({}), inputs, { ...base, sink, logger });
  const receiver = createHttpReceiver(httpReceiverConfigSchema.parse({ port: 0 }), [{ plugin, open: false }], logger);
  await receiver.start();
  const ask =
    (method: string): Send =>
    (name, headers, body) =>
      fetch(`${receiver.address}/v1/webhooks/${name}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
  try {
    await work(ask('POST'), sink, ask('GET'));
  } finally {
    await receiver.stop(1_000);
  }
}

const oktaEvent = (uuid: string) => ({
  uuid, eventType: 'user.session.start', published: '2026-10-10T13:55:36.000Z', actor: { id: '00u1', type: 'User', alternateId: 'a@example.com' },
  client: { ipAddress: '192.0.2.1' }, outcome: { result: 'SUCCESS' },
}); // prettier-ignore
const auth0Log = (id: string) => ({
  log_id: id,
  data: { type: 's', date: '2026-10-10T13:55:36.000Z', log_id: id, user_id: 'auth0|1', tenant_name: 't' },
});

const sign = (body: string, secret = secrets[0] ?? ''): Record<string, string> => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});
const delivery = (event: string, id: string) => ({ 'x-github-event': event, 'x-github-delivery': id });

describe('webhooks', () => {
  it('answer Okta’s verification to who knows the secret, and take its events, each once', () =>
    withHooks(async (send, sink, get) => {
      const challenge = { 'x-okta-verification-challenge': 'Me_rShK8JHsTnbyYrWXCEoMGbM_zsZ6k0hLPZ_Pg' };
      const known = { authorization: secrets[0] ?? '' };
      const answer = await get('org', { ...challenge, ...known });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
      expect(await answer.json()).toEqual({ verification: challenge['x-okta-verification-challenge'] });
      expect((await get('org', challenge)).status).toBe(401);
      expect((await get('org', known)).status).toBe(400);
      const hook = {
        eventType: 'com.okta.event_hook',
        eventId: 'e',
        data: { events: [oktaEvent('u-1'), oktaEvent('u-2')] },
      };
      const taken = await send('org', known, hook);
      expect([taken.status, await taken.json()]).toEqual([200, { received: 1, events: 2, dropped: 0, rejected: 0 }]);
      expect((await send('org', known, hook)).status).toBe(200);
      expect(sink.uids.size).toBe(2);
    }));

  it('take Auth0’s log stream, as array and as lines, with the old and the new token', () =>
    withHooks(async (send, sink) => {
      expect((await send('tenant', { authorization: secrets[0] ?? '' }, [auth0Log('1'), auth0Log('2')])).status).toBe(
        200,
      );
      const lines = `${JSON.stringify(auth0Log('3'))}\n${JSON.stringify(auth0Log('4'))}\n`;
      expect((await send('tenant', { authorization: `Bearer ${secrets[1] ?? ''}` }, lines)).status).toBe(200);
      expect(sink.uids.size).toBe(4);
      for (const authorizationText of ['', 'Bearer', 'Bearer the-secret-of-the-hook-3', `${secrets[0] ?? ''}x`])
        expect((await send('tenant', { authorization: authorizationText }, [auth0Log('5')])).status).toBe(401);
      expect((await send('nobody', { authorization: secrets[0] ?? '' }, [auth0Log('5')])).status).toBe(401);
      expect(sink.uids.size).toBe(4);
    }));

  it('take Kong’s http-log, single and in batches, with the key in the header that was chosen', () =>
    withHooks(async (send, sink) => {
      const line = { started_at: 1_700_000_000_000, request: { method: 'GET', uri: '/a' }, response: { status: 200 }, client_ip: '192.0.2.1', latencies: { request: 3 } }; // prettier-ignore
      const key = { 'x-tourniquet-key': secrets[0] ?? '' };
      expect((await send('gateway', key, line)).status).toBe(200);
      expect((await send('gateway', key, [line, { ...line, started_at: 1_700_000_000_001 }])).status).toBe(200);
      expect((await send('gateway', { authorization: secrets[0] ?? '' }, line)).status).toBe(401);
      expect(sink.events).toHaveLength(3);
    }));

  it('take GitHub’s deliveries signed over the bytes as sent, and answer its ping', () =>
    withHooks(async (send, sink) => {
      const body = `{"action": "deleted",  "key": {"id": 7, "title": "ci"}, "sender": {"login": "octo", "id": 1, "type": "User"},
        "repository": {"full_name": "o/r"}, "organization": {"login": "o"}}`;
      const headers = { ...delivery('deploy_key', 'guid-1'), ...sign(body) };
      expect((await send('code', headers, body)).status).toBe(200);
      expect(sink.events[0]).toMatchObject({ action: 'delete', source: { record_type: 'deploy_key.delete' }, time: '2023-11-14T22:13:20.000Z' }); // prettier-ignore
      expect((await send('code', { ...headers, ...sign(body, secrets[1]) }, body)).status).toBe(200);
      expect(sink.uids.size).toBe(1);
      // The same JSON with other white space, another secret, no signature, a signature that is none.
      expect((await send('code', headers, JSON.stringify(JSON.parse(body)))).status).toBe(401);
      for (const wrong of [sign(body, 'another secret of somebody'), {}, { 'x-hub-signature-256': 'sha256=00' }])
        expect((await send('code', { ...delivery('deploy_key', 'guid-2'), ...(wrong as object) }, body)).status).toBe(
          401,
        );
      const ping = JSON.stringify({ zen: 'Design for failure.', hook_id: 1 });
      const pong = await send('code', { ...delivery('ping', 'guid-3'), ...sign(ping) }, ping);
      expect(await pong.json()).toEqual({ received: 1, events: 0, dropped: 1, rejected: 0 });
      const form = 'payload=%7B%7D';
      const asForm = {
        ...delivery('deploy_key', 'guid-4'),
        ...sign(form),
        'content-type': 'application/x-www-form-urlencoded',
      };
      const refused = await send('code', asForm, form);
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('application/json')]);
      expect(sink.uids.size).toBe(1);
    }));

  it('keep what cannot be read as dead letters, and ask for a repetition only while the log is away', () =>
    withHooks(async (send, sink) => {
      const known = { authorization: secrets[0] ?? '' };
      const odd = await send('tenant', known, [{ no: 'log' }, auth0Log('1')]);
      expect([odd.status, await odd.json()]).toEqual([200, { received: 2, events: 1, dropped: 0, rejected: 1 }]);
      expect(sink.letters).toHaveLength(1);
      sink.failures = 1;
      const away = await send('tenant', known, [auth0Log('2')]);
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '3']);
      expect((await send('tenant', known, [auth0Log('2')])).status).toBe(200);
      expect(sink.uids.size).toBe(2);
      expect((await send('tenant', known, '[{')).status).toBe(400);
    }));

  it('do not say back a path that cannot be read', () =>
    withHooks(async (send) => {
      for (const name of [(secrets[0] ?? '').repeat(9), `%zz${secrets[0] ?? ''}`]) {
        const answer = await send(name, {}, {});
        expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([
          400,
          'application/problem+json',
        ]);
        expect(await answer.text()).not.toContain(secrets[0]);
      }
    }));

  it('never say a secret', () => {
    expect(said.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(said.join('\n')).not.toContain(secret);
  });

  // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  it('compute the signature of GitHub’s own example', () => {
    const rule = {
      kind: 'hmac_sha256',
      header: 'x-hub-signature-256',
      secrets: ["It's a Secret to Everybody"],
    } as const;
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const body = Buffer.from('Hello, World!');
    expect(isSenderKnown(rule, { 'x-hub-signature-256': signature }, body)).toBe(true);
    expect(isSenderKnown(rule, { 'x-hub-signature-256': signature }, Buffer.from('Hello, World?'))).toBe(false);
  });
});
