import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alsConfigSchema, createAlsService } from '../../../ingest/collectors/als/als-service.js';
import { grpcReceiverConfigSchema } from '../../../ingest/collectors/grpc/config.js';
import { createGrpcReceiver } from '../../../ingest/collectors/grpc/grpc-receiver.js';
import { sha256Hex } from '../../../ingest/core/sha256.js';
import { RawSecret } from '../../../ingest/event/raw-secret.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { envoyFactory } from '../../../ingest/sources/envoy/source.js';
import { makeCertificates, spiffeId, type Certificates } from '../../lab/certificates.js';
import { base, fingerprinter, MemorySink, until, wallClock } from '../../unit/ingest/pipeline/support.js';
import { signedJwt, startEnvoy, type RunningEnvoy } from './envoy-fixture.js';

const apiKey = 'key-of-the-als-test';

describe('Envoy’s gRPC access log', () => {
  let folder = '';
  let certificates: Certificates;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-als-'));
    certificates = makeCertificates(folder, ['orders', 'payments', 'collector']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const source = envoyFactory.create({ fields: { 'envoy.filters.http.ext_authz.x-tenant-name': 'user' } });

  async function withEnvoy(
    tls: string | undefined,
    peers: readonly string[] | undefined,
    work: (envoy: RunningEnvoy, sink: MemorySink) => Promise<void>,
  ): Promise<MemorySink> {
    const sink = new MemorySink();
    const rule = peers === undefined ? { apiKeySha256: sha256Hex(apiKey) } : { peers };
    const inputs = [{ name: 'mesh', source, instance: 'mesh', ...rule }];
    const service = createAlsService(alsConfigSchema.parse({}), inputs, { ...base, clock: wallClock, sink });
    const read = (path: string): string => readFileSync(path, 'utf8');
    const receiver = createGrpcReceiver(
      grpcReceiverConfigSchema.parse({ port: 0 }),
      tls === undefined
        ? undefined
        : {
            cert: read(certificates.certificate('collector')),
            key: read(certificates.key('collector')),
            clientCa: read(certificates.authority),
          },
      [service],
      base.logger,
    );
    await receiver.start();
    const port = Number(receiver.address.split(':').at(-1));
    const envoy = await startEnvoy(folder, port, apiKey, certificates, tls).catch(async (error: unknown) => {
      await receiver.stop(1_000);
      throw error;
    });
    try {
      await work(envoy, sink);
    } finally {
      await receiver.stop(5_000);
      await envoy.stop();
    }
    return sink;
  }

  const at = (sink: MemorySink, path: string): TokenEvent | undefined =>
    sink.events.find((event) => event.target?.path === path);

  it('tells token, outcome, route, flags and filters of real requests, over plaintext with a key', async () => {
    const jwt = signedJwt({ sub: 'u-1', jti: 'j-1', azp: 'shop-web', exp: 4_000_000_000 });
    const sink = await withEnvoy(undefined, undefined, async ({ ports }, received) => {
      const url = `http://127.0.0.1:${String(ports.http)}`;
      const call = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
        fetch(`${url}${path}`, { method, headers: { connection: 'close', ...headers } });
      const bearer = { authorization: `Bearer ${jwt}` };
      const answers = [
        await call('/orders/7?token=abcdefgh12345678', { ...bearer, 'user-agent': 'als-test', 'x-request-id': 'r-als-1' }),
        await call('/bad', { authorization: `Bearer ${jwt.slice(0, -6)}AAAAAA` }),
        await call('/none'),
        await call('/admin/x', bearer),
        await call('/denied', bearer),
        await call('/open/gone'),
        await call('/open/key', { 'x-api-key': 'opaque-key-of-somebody-0123456789' }, 'POST'),
      ]; // prettier-ignore
      expect(answers.map((answer) => answer.status)).toEqual([200, 401, 401, 403, 403, 503, 200]);
      const plain = await fetch(`http://127.0.0.1:${String(ports.tcp)}/through`, { headers: { connection: 'close' } });
      expect(await plain.text()).toBe('hello');
      await until(
        () => received.events.length >= 8,
        () => received.events.length,
      );
    });
    expect(sink.letters).toEqual([]);
    const good = sink.events.find((e) => e.trace?.request_id === 'r-als-1');
    expect(good).toMatchObject({
      outcome: 'success',
      direction: 'inbound',
      transport: 'plaintext',
      user_agent: 'als-test',
      client: { address: '127.0.0.1' },
      target: { service: 'orders', namespace: 'shop', method: 'GET', route: '/orders/{id}', status: 200, response_bytes: 5 },
      token: { secret_fp: fingerprinter.secretFp(new RawSecret(jwt)), identity: 'jwt' },
      exposures: ['token_in_url'],
    }); // prettier-ignore
    expect(good?.target?.duration_ms).toBeGreaterThan(0);
    const attribute = (event: TokenEvent | undefined, key: string): string | undefined =>
      event?.attributes?.find((each) => each.key === key)?.value;
    expect(attribute(good, 'route_name')).toBe('orders-route');
    expect(attribute(good, 'rbac_shadow_result')).toBe('allowed');
    const forged = at(sink, '/bad');
    expect(forged).toMatchObject({ outcome: 'failure', reason: 'invalid_signature', target: { status: 401 } });
    expect(forged?.token?.token_uid).toBe(good?.token?.token_uid);
    expect(forged?.token?.secret_fp).not.toBe(good?.token?.secret_fp);
    expect(at(sink, '/none')).toMatchObject({ outcome: 'failure', reason: 'missing_token' });
    expect(at(sink, '/none')?.token).toBeUndefined();
    expect(at(sink, '/admin/x')).toMatchObject({
      outcome: 'failure',
      reason: 'policy_denied',
      principal: { client_id: 'shop-web' },
    });
    expect(at(sink, '/denied')).toMatchObject({ outcome: 'failure', reason: 'access_denied' });
    expect(at(sink, '/open/gone')).toMatchObject({ outcome: 'failure', reason: 'upstream_error' });
    expect(attribute(at(sink, '/open/gone'), 'response_flags')).toContain('UF');
    const keyed = at(sink, '/open/key');
    expect(keyed).toMatchObject({
      token: { kind: 'api_key' },
      principal: { kind: 'user' },
      target: { method: 'POST' },
    });
    expect(attribute(keyed, 'rbac_shadow_result')).toBe('denied');
    const tcp = sink.events.find((event) => event.source.record_type === 'tcp');
    expect(tcp).toMatchObject({
      direction: 'outbound',
      caller: { service: 'orders', namespace: 'shop' },
      target: { service: 'payments', namespace: 'shop' },
    });
    expect(tcp?.target?.response_bytes).toBeGreaterThan(5);
    const text = JSON.stringify(sink.events);
    expect([jwt, 'abcdefgh12345678', 'opaque-key-of-somebody'].filter((secret) => text.includes(secret))).toEqual([]);
    expect(sink.uids.size).toBe(sink.events.length);
  }, 60_000);

  it('tells the peer’s SPIFFE id over mTLS, and takes the stream by Envoy’s own certificate', async () => {
    const jwt = signedJwt({ sub: 'u-1', jti: 'j-2', exp: 4_000_000_000 });
    const sink = await withEnvoy('orders', [spiffeId('orders')], async ({ ports }, received) => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const call = request({
          host: '127.0.0.1',
          port: ports.mtls,
          path: '/orders/1',
          ca: readFileSync(certificates.authority),
          cert: readFileSync(certificates.certificate('payments')),
          key: readFileSync(certificates.key('payments')),
          checkServerIdentity: () => undefined,
          headers: {
            authorization: `Bearer ${jwt}`,
            'x-forwarded-client-cert': 'By=spiffe://x/y;Hash=00;URI=spiffe://liar.example/ns/a/sa/b',
          },
        });
        call.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject).end();
      }); // prettier-ignore
      expect(status).toBe(200);
      await until(() => received.events.length >= 1, () => received.events.length);
    }); // prettier-ignore
    expect(sink.events[0]).toMatchObject({
      transport: 'mtls',
      caller: { service: 'payments', namespace: 'shop', spiffe_id: spiffeId('payments') },
      target: { service: 'orders' },
    });
    expect(sink.events[0]?.attributes?.find(({ key }) => key === 'client_cert_sha256')?.value).toMatch(
      /^[0-9a-f]{64}$/,
    );
  }, 60_000);

  it('takes nothing from an Envoy whose certificate is not of the source’s peers', async () => {
    const sink = await withEnvoy('payments', [spiffeId('orders'), 'spiffe://other/*'], async ({ ports }) => {
      await fetch(`http://127.0.0.1:${String(ports.http)}/open/x`);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    });
    expect([sink.events.length, sink.letters.length]).toEqual([0, 0]);
  }, 60_000);
});
