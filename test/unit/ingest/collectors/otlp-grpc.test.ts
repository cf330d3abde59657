import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { grpcReceiverConfigSchema } from '../../../../ingest/collectors/grpc/config.js';
import { createGrpcReceiver, type GrpcReceiver } from '../../../../ingest/collectors/grpc/grpc-receiver.js';
import { sha256Hex } from '../../../../ingest/core/sha256.js';
import { httpReceiverConfigSchema } from '../../../../ingest/collectors/http/http-receiver.js';
import { otlpHttpConfigSchema } from '../../../../ingest/collectors/otlp-http/config.js';
import { createOtlpHttpCollector } from '../../../../ingest/collectors/otlp-http/otlp-http-collector.js';
import { createOtlpGrpcService } from '../../../../ingest/collectors/otlp-grpc/otlp-grpc-service.js';
import type { OtlpInput } from '../../../../ingest/collectors/otlp/otlp-records.js';
import type { ServerTls } from '../../../../ingest/collectors/peer/server-tls.js';
import { makeCertificates, spiffeId } from '../../../lab/certificates.js';
import { base, lineSource, MemorySink } from '../pipeline/support.js';

const open: OtlpInput[] = [{ name: 'gateway', source: lineSource, instance: 'gw', serviceName: 'envoy' }];

interface Setting {
  readonly inputs?: readonly OtlpInput[];
  readonly tls?: ServerTls;
  readonly limits?: object;
  readonly inFlight?: number;
}

async function withOtlp(
  setting: Setting,
  work: (receiver: GrpcReceiver, sink: MemorySink) => Promise<void>,
): Promise<MemorySink> {
  const sink = new MemorySink();
  const limits = { record_bytes_max: 4_096, in_flight_bytes_max: setting.inFlight ?? 1 << 20 };
  const service = createOtlpGrpcService(limits, setting.inputs ?? open, { ...base, sink });
  const config = grpcReceiverConfigSchema.parse({ port: 0, ...setting.limits });
  const receiver = createGrpcReceiver(config, setting.tls, [service], base.logger);
  await receiver.start();
  try {
    await work(receiver, sink);
  } finally {
    await receiver.stop(2_000);
  }
  return sink;
}

/** OpenTelemetry's own SDK and exporter. */
async function exportLogs(url: string, bodies: readonly string[], options: object = {}): Promise<void> {
  const exporter = new OTLPLogExporter({ url, ...options });
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'envoy', 'service.instance.id': 'pod-3' }),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger('test');
  for (const body of bodies) logger.emit({ body });
  await provider.forceFlush();
  await provider.shutdown();
}

/** A plain client, for what the exporter does not show. */
async function call(
  address: string,
  body: Buffer,
  key?: string,
): Promise<{ code: number; details: string; answer: Buffer; info: Buffer | undefined }> {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const metadata = new Metadata();
  if (key !== undefined) metadata.set('x-api-key', key);
  const same = (bytes: Buffer): Buffer => bytes;
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
        same,
        same,
        body,
        metadata,
        (error, answer = Buffer.alloc(0)) => {
          const [info] = error?.metadata.get('grpc-status-details-bin') ?? [];
          resolve({
            code: error?.code ?? 0,
            details: error?.details ?? '',
            answer,
            info: Buffer.isBuffer(info) ? info : undefined,
          });
        },
      );
    });
  } finally {
    client.close();
  }
}

/** resource_logs { resource { service.name }, scope_logs { log_records { body } } }, by hand. */
function requestOf(service: string, bodies: readonly string[]): Buffer {
  const field = (id: number, value: Buffer | string): Buffer => {
    const bytes = Buffer.from(value as string);
    const length: number[] = [];
    for (let n = bytes.length; ; n >>= 7) {
      length.push(n > 127 ? (n & 127) | 128 : n);
      if (n <= 127) break;
    }
    return Buffer.concat([Buffer.from([(id << 3) | 2, ...length]), bytes]);
  };
  const attribute = Buffer.concat([field(1, 'service.name'), field(2, field(1, service))]);
  const records = bodies.map((body) => field(2, field(5, field(1, body))));
  return field(1, Buffer.concat([field(1, field(1, attribute)), field(2, Buffer.concat(records))]));
}

describe('OTLP/gRPC logs', () => {
  it('takes what OpenTelemetry’s exporter sends, compressed or not', async () => {
    const sink = await withOtlp({}, async ({ address }) => {
      await exportLogs(`http://${address}`, ['1 a', '2 b', '3 c']);
      await exportLogs(`http://${address}`, ['4 d'], { compression: 'gzip' });
    });
    expect(sink.names).toEqual(['a', 'b', 'c', 'd']);
    expect(sink.events[0]?.source.instance).toBe('pod-3');
  });

  it('names the same request the same over gRPC and HTTP, and counts it once', async () => {
    const body = requestOf('envoy', ['1 a', '2 b']);
    const sink = await withOtlp({}, async ({ address }, received) => {
      expect(await call(address, body)).toMatchObject({ code: 0, answer: Buffer.alloc(0) });
      const config = { receiver: httpReceiverConfigSchema.parse({ port: 0 }), otlp: otlpHttpConfigSchema.parse({}) };
      const http = createOtlpHttpCollector(config, open, { ...base, sink: received });
      await http.start();
      const headers = { 'content-type': 'application/x-protobuf' };
      await fetch(`${http.address}/v1/logs`, { method: 'POST', body: new Uint8Array(body), headers });
      await http.stop(1_000);
    });
    expect([sink.events.length, sink.uids.size]).toEqual([4, 2]);
  });

  it('keeps good neighbours and tells of the refused in partial_success', async () => {
    const sink = await withOtlp({}, async ({ address }) => {
      const { code, answer } = await call(address, requestOf('envoy', ['1 a', '???', `2 ${'x'.repeat(5_000)}`]));
      expect([code, answer.subarray(0, 1), answer.includes('dead letters')]).toEqual([0, Buffer.from([0x0a]), true]);
    });
    expect([sink.names, sink.letters.map(({ reason }) => reason).sort()]).toEqual([['a'], ['too_large', 'unparsable']]);
  });

  it('keeps records that no source takes as dead letters', async () => {
    const sink = await withOtlp({}, async ({ address }) => {
      expect((await call(address, requestOf('other', ['1 a']))).code).toBe(0);
    });
    expect(sink.letters).toMatchObject([{ reason: 'no_source', instance: 'other' }]);
  });

  it('answers UNAVAILABLE with RetryInfo when the log is away, and takes the batch when it is back', async () => {
    const sink = await withOtlp({}, async ({ address }, received) => {
      received.failures = 1;
      const away = await call(address, requestOf('envoy', ['1 a']));
      expect(away).toMatchObject({ code: 14 });
      expect(away.info?.includes('google.rpc.RetryInfo')).toBe(true);
      // seconds: 3, the last field.
      expect(away.info?.subarray(-2)).toEqual(Buffer.from([0x08, 3]));
      expect(await call(address, requestOf('envoy', ['1 a']))).toMatchObject({ code: 0 });
    });
    expect(sink.names).toEqual(['a']);
  });

  it('asks for the key of the source', async () => {
    const inputs = [{ ...open[0]!, apiKeySha256: sha256Hex('the-key') }];
    const sink = await withOtlp({ inputs }, async ({ address }) => {
      expect(await call(address, requestOf('envoy', ['1 a']))).toMatchObject({ code: 16 });
      expect(await call(address, requestOf('envoy', ['1 a']), 'wrong')).toMatchObject({ code: 16 });
      expect(await call(address, requestOf('envoy', ['2 b']), 'the-key')).toMatchObject({ code: 0 });
    });
    expect(sink.names).toEqual(['b']);
  });

  it.each([
    ['no message', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x0f])],
    ['text', Buffer.from('{"resourceLogs":[]}')],
  ])('refuses %s as invalid, without a quote', async (_name, body) => {
    await withOtlp({}, async ({ address }) => {
      const { code, details } = await call(address, body);
      expect([code, details.includes('resourceLogs')]).toEqual([3, false]);
    });
  });

  it('refuses messages beyond the limit, also when they unfold to it', async () => {
    const limits = { message_bytes_max: 65_536 };
    const sink = await withOtlp({ limits }, async ({ address }) => {
      const large = ['1 ' + 'a'.repeat(200_000)];
      expect((await call(address, requestOf('envoy', large))).code).toBe(8);
      await exportLogs(`http://${address}`, large, { compression: 'gzip' }).catch(() => undefined);
      await exportLogs(`http://${address}`, ['3 c']);
    });
    expect([sink.names, sink.letters.length]).toEqual([['c'], 0]);
  });

  it('tells senders to come again when too many bytes wait', async () => {
    await withOtlp({ inFlight: 100 }, async ({ address }, sink) => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      sink.accept = () => gate;
      const first = call(address, requestOf('envoy', ['1 a']));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await call(address, requestOf('envoy', ['2 b'.padEnd(90)]))).code).toBe(14);
      release();
      expect((await first).code).toBe(0);
    });
  });

  it('finishes what is under way at a stop', async () => {
    await withOtlp({}, async (receiver, sink) => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      sink.accept = () => gate;
      const under = call(receiver.address, requestOf('envoy', ['1 a']));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const stopped = receiver.stop(2_000);
      setTimeout(release, 50);
      expect((await under).code).toBe(0);
      await stopped;
    });
  });
});

describe('with client certificates', () => {
  let folder = '';
  let tls: ServerTls;
  let client: (name: string) => ChannelCredentials;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-otlp-'));
    const made = makeCertificates(folder, ['collector', 'edge', 'other']);
    const read = (path: string): Buffer => readFileSync(path);
    tls = {
      cert: read(made.certificate('collector')).toString(),
      key: read(made.key('collector')).toString(),
      clientCa: read(made.authority).toString(),
    };
    client = (name) =>
      credentials.createSsl(read(made.authority), read(made.key(name)), read(made.certificate(name)), {
        checkServerIdentity: () => undefined,
      });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('takes what the peers of the source send, and nothing of others or over plaintext', async () => {
    const inputs = [{ ...open[0]!, peers: [spiffeId('edge')] }];
    const sink = await withOtlp({ inputs, tls, limits: { host: '127.0.0.1' } }, async ({ address }) => {
      await exportLogs(`https://${address}`, ['1 a'], { credentials: client('edge') });
      const refused = { credentials: client('other'), timeoutMillis: 1_000 };
      await exportLogs(`https://${address}`, ['2 b'], refused).catch(() => undefined);
      expect((await call(address, requestOf('envoy', ['3 c']))).code).toBe(14);
    });
    expect(sink.names).toEqual(['a']);
  });
});
