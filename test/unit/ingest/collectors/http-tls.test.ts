import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { createHttpReceiver, httpReceiverConfigSchema } from '../../../../ingest/collectors/http/http-receiver.js';
import { otlpHttpConfigSchema } from '../../../../ingest/collectors/otlp-http/config.js';
import { otlpRoutes } from '../../../../ingest/collectors/otlp-http/otlp-routes.js';
import type { OtlpInput } from '../../../../ingest/collectors/otlp/otlp-records.js';
import type { ServerTls } from '../../../../ingest/collectors/peer/server-tls.js';
import { makeCertificates, spiffeId } from '../../../lab/certificates.js';
import { base, lineSource, MemorySink } from '../pipeline/support.js';

const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: '1 a' } }] }] }] });

interface Shown extends SecureContextOptions {
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2';
}

/** The certificates name workloads, not this address. Status of the answer, or the code of the failed handshake. */
const post = (address: string, tls: Shown): Promise<number | string> =>
  new Promise((resolve) => {
    const url = new URL('/v1/logs', address.replace('[::1]', '127.0.0.1'));
    const headers = { 'content-type': 'application/json' };
    const sent = request(
      url,
      { method: 'POST', headers, agent: false, checkServerIdentity: () => undefined, ...tls },
      (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });

describe('TLS of the HTTP receiver', () => {
  let folder = '';
  let pem: (file: string) => string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tq-http-tls-'));
    makeCertificates(folder, ['collector', 'shipper', 'stranger']);
    makeCertificates(join(folder, 'other'), ['shipper']);
    pem = (file) => readFileSync(join(folder, file), 'utf8');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const withReceiver = async (
    tls: Partial<ServerTls>,
    inputs: readonly OtlpInput[],
    work: (address: string, sink: MemorySink) => Promise<void>,
  ): Promise<void> => {
    const sink = new MemorySink();
    const plugin = otlpRoutes(otlpHttpConfigSchema.parse({}), inputs, { ...base, sink });
    const shown = { cert: pem('collector.pem'), key: pem('collector.key'), ...tls };
    const config = httpReceiverConfigSchema.parse({ port: 0 });
    const receiver = createHttpReceiver(config, [{ plugin, open: true }], base.logger, shown);
    await receiver.start();
    try {
      expect(receiver.address).toMatch(/^https:/);
      await work(receiver.address, sink);
    } finally {
      await receiver.stop(1_000);
    }
  };

  it('speaks TLS 1.2 and newer, and nothing in the clear', () =>
    withReceiver({}, [{ name: 'a', source: lineSource, instance: 'i' }], async (address, sink) => {
      const ca = pem('ca.pem');
      expect(await post(address, { ca, maxVersion: 'TLSv1.2' })).toBe(200);
      expect(await post(address, { ca })).toBe(200);
      expect(
        await post(address, { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      ).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|HANDSHAKE|EPROTO|ECONNRESET/);
      expect(await post(address, { ca: pem('other/ca.pem') })).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
      await expect(fetch(`${address.replace('https:', 'http:')}/v1/logs`, { method: 'POST', body })).rejects.toThrow();
      expect(sink.names).toEqual(['a', 'a']);
    }));

  it('lets only clients of its authority in, and each only to the sources that name it', () =>
    withReceiver(
      { clientCa: pem('ca.pem') },
      [{ name: 'a', source: lineSource, instance: 'i', peers: [spiffeId('shipper')] }],
      async (address, sink) => {
        const ca = pem('ca.pem');
        const as = (name: string): Shown => ({ ca, cert: pem(`${name}.pem`), key: pem(`${name}.key`) });
        expect(await post(address, as('shipper'))).toBe(200);
        expect(await post(address, as('stranger'))).toBe(401);
        expect(typeof (await post(address, { ca }))).toBe('string');
        // The same name from another authority.
        expect(typeof (await post(address, as('other/shipper')))).toBe('string');
        expect(sink.names).toEqual(['a']);
      },
    ));
});
