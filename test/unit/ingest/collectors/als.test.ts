import { connect } from 'node:net';
import { Buffer } from 'node:buffer';
import { alsConfigSchema, createAlsService, type AlsInput } from '../../../../ingest/collectors/als/als-service.js';
import { grpcReceiverConfigSchema } from '../../../../ingest/collectors/grpc/config.js';
import { createGrpcReceiver, type GrpcReceiver } from '../../../../ingest/collectors/grpc/grpc-receiver.js';
import { sha256Hex } from '../../../../ingest/core/sha256.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { AlsClient, alsEntry, encodeAls, packedStruct } from '../../../support/als-client.js';
import { base, MemorySink, until } from '../pipeline/support.js';

const source = envoyFactory.create({});
const open: AlsInput[] = [{ name: 'mesh', source, instance: 'mesh' }];
const message = (...entries: readonly object[]): Buffer => encodeAls({ http_logs: { log_entry: entries } });
const named = (logName: string, ...entries: readonly object[]): Buffer =>
  encodeAls({
    identifier: {
      log_name: logName,
      node: {
        id: 'n-1',
        cluster: 'orders.shop',
        user_agent_name: 'envoy',
        metadata: { fields: { WORKLOAD_NAME: { string_value: 'orders-v2' }, LABELS: { struct_value: {} } } },
      },
    },
    http_logs: { log_entry: entries },
  });

class GatedSink extends MemorySink {
  gate: Promise<void> = Promise.resolve();
  calls = 0;
  override async accept(batch: readonly TokenEvent[]): Promise<void> {
    this.calls += 1;
    await this.gate;
    await super.accept(batch);
  }
}

async function withAls(
  work: (client: AlsClient, sink: GatedSink, receiver: GrpcReceiver) => Promise<void>,
  inputs: readonly AlsInput[] = open,
  limits: object = {},
  drainMs = 50,
): Promise<GatedSink> {
  const sink = new GatedSink();
  const service = createAlsService(alsConfigSchema.parse({ drain_ms: drainMs, record_bytes_max: 4_096 }), inputs, {
    ...base,
    sink,
  });
  const config = grpcReceiverConfigSchema.parse({ port: 0, ...limits });
  const receiver = createGrpcReceiver(config, undefined, [service], base.logger);
  await receiver.start();
  const client = new AlsClient(receiver.address);
  try {
    await work(client, sink, receiver);
  } finally {
    client.close();
    await receiver.stop(2_000);
  }
  return sink;
}

it('makes every entry of a stream durable before it answers, and names its workload from the first message', async () => {
  const sink = await withAls(async (client, received) => {
    const call = client.open();
    await call.write(named('mesh', alsEntry(1), alsEntry(2)));
    await call.write(message(alsEntry(3)));
    call.stream.end();
    expect(await call.ended).toEqual({ code: 0, details: '' });
    expect(received.events).toHaveLength(3);
  });
  expect(sink.events.map((event) => event.target?.service)).toEqual(['orders-v2', 'orders-v2', 'orders-v2']);
  expect(sink.events[0]).toMatchObject({ time: '2023-11-14T22:13:21.005Z', client: { address: '192.0.2.7' } });
});

it('tells the peers that Istio found, and lives with states that are no Struct', async () => {
  const entry = alsEntry(1) as { common_properties: object };
  const states = {
    downstream_peer: packedStruct({ workload: 'web', namespace: 'shop' }),
    upstream_peer: { type_url: 'type.googleapis.com/google.protobuf.Struct', value: Buffer.from([0xff]) },
    'wasm.downstream_peer_id': { type_url: 'type.googleapis.com/google.protobuf.BytesValue', value: Buffer.from('x') },
  };
  const common = { ...entry.common_properties, filter_state_objects: states };
  const sink = await withAls(async (client) => {
    const call = client.open();
    await call.write(message({ ...entry, common_properties: common }));
    call.stream.end();
    await call.ended;
  });
  expect(sink.events[0]?.attributes).toContainEqual({ key: 'downstream_peer', value: 'shop/web' });
  expect(JSON.stringify(sink.events[0])).not.toContain('upstream_peer');
});

it('gives an entry that is sent again the same event_uid', async () => {
  const sink = await withAls(async (client) => {
    for (let i = 0; i < 2; i += 1) {
      const call = client.open();
      await call.write(named('mesh', alsEntry(1)));
      await call.write(message(alsEntry(2), alsEntry(3)));
      call.stream.end();
      await call.ended;
    }
  });
  expect([sink.events.length, sink.uids.size]).toEqual([6, 3]);
});

it('reads no further than the log keeps up, and goes on when it does', async () => {
  const sink = await withAls(async (client, received) => {
    let release: () => void = () => undefined;
    received.gate = new Promise<void>((resolve) => (release = resolve));
    const call = client.open();
    const pad = 'x'.repeat(3_000);
    let written = 0;
    const writing = (async () => {
      for (let n = 0; n < 400; n += 1) {
        await call.write(message(alsEntry(n, {}, `/${pad}${String(n)}`)));
        written += 1;
      }
      call.stream.end();
    })();
    await until(() => received.calls >= 8, () => received.calls);
    await new Promise((resolve) => setTimeout(resolve, 150));
    // 8 messages are in work, the rest waits in windows and at the sender.
    expect([received.calls, received.events.length, written < 400]).toEqual([8, 0, true]);
    release();
    await writing;
    expect((await call.ended).code).toBe(0);
  }); // prettier-ignore
  expect(sink.uids.size).toBe(400);
});

it('waits for a log that is away, instead of losing what no client can send again', async () => {
  const sink = await withAls(async (client, received) => {
    received.failures = 1;
    const call = client.open();
    await call.write(message(alsEntry(1)));
    call.stream.end();
    expect((await call.ended).code).toBe(0);
  });
  expect(sink.events).toHaveLength(1);
});

it('on stop takes what was received, answers, and takes no more', async () => {
  // A busy machine is silent for longer than the 50 ms that do elsewhere.
  const work = async (client: AlsClient, received: GatedSink, receiver: GrpcReceiver): Promise<void> => {
    const call = client.open();
    for (let n = 0; n < 50; n += 1) await call.write(message(alsEntry(n)));
    await until(
      () => received.events.length > 0,
      () => received.events.length,
    );
    await receiver.stop(2_000);
    expect(await call.ended).toEqual({ code: 0, details: '' });
    const late = client.open();
    late.stream.write(message(alsEntry(99)));
    expect((await late.ended).code).toBe(14);
  };
  const sink = await withAls(work, open, {}, 800);
  expect(sink.uids.size).toBe(50);
});

it('stops at the deadline though the log is away', async () => {
  const started = Date.now();
  await withAls(async (client, received, receiver) => {
    received.failures = Infinity;
    const call = client.open();
    await call.write(message(alsEntry(1)));
    await until(() => received.failures === Infinity && received.calls > 0, () => received.calls);
    await receiver.stop(300);
    expect((await call.ended).code).not.toBe(0);
  }); // prettier-ignore
  expect(Date.now() - started).toBeLessThan(4_000);
});

describe('who may send', () => {
  const keyed: AlsInput[] = [
    { name: 'a', source, instance: 'a', logName: 'a', apiKeySha256: sha256Hex('key-a') },
    { name: 'b', source, instance: 'b', logName: 'b', apiKeySha256: sha256Hex('key-b') },
  ];

  it.each([undefined, 'wrong', ''])('refuses the key %p before it reads anything', async (key) => {
    const sink = await withAls(async (client) => {
      const call = client.open(key);
      call.stream.write(message(alsEntry(1)));
      const { code, details } = await call.ended;
      expect([code, details.includes('Authorization: Bearer')]).toEqual([16, true]);
    }, keyed);
    expect(sink.events).toEqual([]);
  });

  it('takes for a source only what is of its log_name; the rest are dead letters without secrets', async () => {
    const secret = 'opaque-secret-0123456789abcdef';
    const sink = await withAls(async (client) => {
      const good = client.open('key-b');
      await good.write(named('b', alsEntry(1)));
      good.stream.end();
      expect((await good.ended).code).toBe(0);
      const stray = client.open('key-b');
      await stray.write(named('a', alsEntry(2, { authorization: `Bearer ${secret}` })));
      stray.stream.end();
      expect((await stray.ended).code).toBe(0);
    }, keyed);
    expect(sink.events.map((event) => event.source.instance)).toEqual(['b']);
    expect(sink.letters.map(({ reason }) => reason)).toEqual(['no_source']);
    expect(sink.letters[0]?.value.toString()).not.toContain(secret);
  });

  it('never listens beyond this machine without a key or client certificates', () => {
    const service = createAlsService(alsConfigSchema.parse({}), open, { ...base, sink: new MemorySink() });
    const config = grpcReceiverConfigSchema.parse({ host: '0.0.0.0' });
    expect(() => createGrpcReceiver(config, undefined, [service], base.logger)).toThrow('0.0.0.0');
  });
});

describe('hostile input', () => {
  it('ends the stream of a message that is none, and keeps what came before', async () => {
    const sink = await withAls(async (client) => {
      const call = client.open();
      await call.write(message(alsEntry(1)));
      await call.write(Buffer.from([0x12, 0xff, 0xff, 0xff, 0x0f, 0x01]));
      expect(await call.ended).toMatchObject({ code: 3, details: expect.stringContaining('StreamAccessLogsMessage') as string });
      const next = client.open();
      await next.write(message(alsEntry(2)));
      next.stream.end();
      expect((await next.ended).code).toBe(0);
    }); // prettier-ignore
    expect(sink.events).toHaveLength(2);
  });

  it('refuses messages beyond the limit', async () => {
    const sink = await withAls(
      async (client) => {
        const call = client.open();
        call.stream.write(message(alsEntry(1, {}, `/${'x'.repeat(70_000)}`)));
        expect((await call.ended).code).toBe(8);
      },
      open,
      { message_bytes_max: 65_536 },
    );
    expect(sink.events).toEqual([]);
  });

  it('keeps an entry that is too long as a dead letter, and its neighbours as events', async () => {
    const sink = await withAls(async (client) => {
      const call = client.open();
      await call.write(message(alsEntry(1), alsEntry(2, { 'x-odd': 'y'.repeat(8_000) }), alsEntry(3)));
      call.stream.end();
      expect((await call.ended).code).toBe(0);
    });
    expect([sink.events.length, sink.letters.map(({ reason }) => reason)]).toEqual([2, ['too_large']]);
  });

  it('reads metadata that nests without end or names a prototype', async () => {
    let struct: object = { fields: { end: { string_value: 'x' } } };
    for (let i = 0; i < 40; i += 1) struct = { fields: { deeper: { struct_value: struct } } };
    const entry = {
      ...alsEntry(1),
      common_properties: {
        start_time: { seconds: 1_700_000_000 },
        metadata: {
          filter_metadata: {
            odd: struct,
            'envoy.filters.http.jwt_authn': {
              fields: Object.fromEntries([
                ['__proto__', { struct_value: { fields: { polluted: { bool_value: true } } } }],
                ['claims', { struct_value: { fields: { jti: { string_value: 'j-9' }, sub: { string_value: 's' } } } }],
              ]),
            },
          },
        },
      },
    };
    const sink = await withAls(async (client) => {
      const call = client.open();
      await call.write(message(entry));
      call.stream.end();
      expect((await call.ended).code).toBe(0);
    });
    expect(sink.events[0]?.token?.aliases).toContainEqual({ kind: 'jti', value: 'j-9' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('lives on when a client breaks off or speaks no HTTP/2', async () => {
    const sink = await withAls(async (client, _received, receiver) => {
      const broken = client.open();
      await broken.write(message(alsEntry(1)));
      broken.stream.cancel();
      await broken.ended;
      const port = Number(receiver.address.split(':').at(-1));
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
        socket.resume().once('close', () => resolve());
        socket.on('error', () => undefined);
      });
      const call = client.open();
      await call.write(message(alsEntry(2)));
      call.stream.end();
      expect((await call.ended).code).toBe(0);
    });
    expect(sink.events.length).toBeGreaterThanOrEqual(1);
  });

  it('closes connections beyond the limit', async () => {
    await withAls(
      async (client, _received, receiver) => {
        const call = client.open();
        await call.write(message(alsEntry(1)));
        const other = new AlsClient(receiver.address);
        const refused = other.open();
        refused.stream.write(message(alsEntry(2)));
        expect((await refused.ended).code).toBe(14);
        other.close();
        call.stream.end();
        expect((await call.ended).code).toBe(0);
      },
      open,
      { connections_max: 1 },
    );
  });
});
