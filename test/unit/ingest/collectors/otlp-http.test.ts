import protobuf from 'protobufjs';
import { gzipSync } from 'node:zlib';
import { sha256Hex } from '../../../../ingest/core/sha256.js';
import { httpReceiverConfigSchema } from '../../../../ingest/collectors/http/http-receiver.js';
import { otlpHttpConfigSchema } from '../../../../ingest/collectors/otlp-http/config.js';
import { createOtlpHttpCollector } from '../../../../ingest/collectors/otlp-http/otlp-http-collector.js';
import type { OtlpInput } from '../../../../ingest/collectors/otlp/otlp-records.js';
import { ok } from '../../../../ingest/core/result.js';
import type { Source } from '../../../../ingest/sources/source.js';
import { base, lineSource, MemorySink, sampleEvent } from '../pipeline/support.js';

// Written anew from the published protocol, with fields that the receiver does not know, as a real sender has them.
const { root } = protobuf.parse(`syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message InstrumentationScope { string name = 1; string version = 2; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message LogRecord { fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; int32 severity_number = 2;
    string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10; }
  message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message Request { repeated ResourceLogs resource_logs = 1; }
  message PartialSuccess { int64 rejected_log_records = 1; string error_message = 2; }
  message Response { PartialSuccess partial_success = 1; }
  message Status { int32 code = 1; string message = 2; }`);

const text = (value: string) => ({ stringValue: value });
const attribute = (key: string, value: string) => ({ key, value: text(value) });
const request = (attributes: object[], bodies: readonly object[]) => ({
  resourceLogs: [
    {
      resource: { attributes },
      scopeLogs: [
        {
          scope: { name: 'lib', version: '1' },
          logRecords: bodies.map((body) => ({
            timeUnixNano: '1700000000000000000',
            severityNumber: 9,
            severityText: 'INFO',
            ...body,
          })),
        },
      ],
      schemaUrl: 'https://opentelemetry.io/schemas/1.26.0',
    },
  ],
});

function encode(message: object): Buffer {
  const type = root.lookupType('Request');
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}

const raws: string[] = [];
const jsonSource: Source = {
  ...lineSource,
  product: 'structured',
  parse: (raw, context) => {
    raws.push(raw);
    return ok([sampleEvent(1, 'json', context.instance, context.position)]);
  },
};

const defaults: OtlpInput[] = [
  { name: 'gateway', source: lineSource, instance: 'gw', serviceName: 'envoy' },
  { name: 'json', source: jsonSource, instance: 'js' },
];

async function withOtlp(
  work: (
    send: (body: string | Buffer, headers?: Record<string, string>) => Promise<Response>,
    sink: MemorySink,
  ) => Promise<void>,
  inputs: readonly OtlpInput[] = defaults,
) {
  const sink = new MemorySink();
  const config = { receiver: httpReceiverConfigSchema.parse({ port: 0 }), otlp: otlpHttpConfigSchema.parse({}) };
  const collector = createOtlpHttpCollector(config, inputs, { ...base, sink });
  await collector.start();
  raws.length = 0;
  try {
    await work(
      (body, headers = {}) =>
        fetch(`${collector.address}/v1/logs`, {
          method: 'POST',
          body: typeof body === 'string' ? body : new Uint8Array(body),
          headers: { 'content-type': 'application/x-protobuf', ...headers },
        }),
      sink,
    );
  } finally {
    await collector.stop(1_000);
  }
}

const json = { 'content-type': 'application/json' };

describe('OTLP/HTTP logs', () => {
  it('takes protobuf and JSON, gzip or not, as the same records', () =>
    withOtlp(async (send, sink) => {
      const message = request([attribute('service.name', 'envoy')], [{ body: text('1 a') }, { body: text('2 b') }]);
      const plain = await send(encode(message));
      expect(plain.status).toBe(200);
      expect(plain.headers.get('content-type')).toBe('application/x-protobuf');
      expect((await plain.arrayBuffer()).byteLength).toBe(0);
      await send(gzipSync(encode(message)), { 'content-encoding': 'gzip' });
      const asJson = await send(JSON.stringify(message), json);
      expect(await asJson.json()).toEqual({});
      expect(sink.names).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
      // The gzipped repetition is the same request; the JSON form is another.
      expect(sink.uids.size).toBe(4);
    }));

  it('takes a secret out of the instance, which the sender chose', () =>
    withOtlp(async (send, sink) => {
      const secret = 'ghp_Canary0123456789abcdefABCDEF01234567';
      const named = [attribute('service.name', 'envoy'), attribute('service.instance.id', `pod ${secret}`)];
      await send(encode(request(named, [{ body: text('1 a') }])));
      expect(sink.events[0]?.source.instance).toMatch(/^pod /);
      expect(JSON.stringify(sink.events)).not.toContain(secret);
    }));

  it('chooses source and instance by the resource', () =>
    withOtlp(async (send, sink) => {
      await send(
        encode(
          request(
            [attribute('service.name', 'envoy'), attribute('service.instance.id', 'pod-7')],
            [{ body: text('1 a') }],
          ),
        ),
      );
      await send(
        encode(
          request(
            [attribute('tourniquet.source', 'gateway'), attribute('tourniquet.instance', 'x')],
            [{ body: text('2 b') }],
          ),
        ),
      );
      await send(encode(request([attribute('service.name', 'unknown')], [{ body: text('whatever') }])));
      expect(sink.events.map((event) => event.source.instance)).toEqual(['pod-7', 'x', 'js']);
    }));

  it('gives a structured body, or else the attributes, to the parser as JSON', () =>
    withOtlp(async (send) => {
      const kvlist = {
        kvlistValue: {
          values: [
            { key: 'a', value: { intValue: '7' } },
            { key: 'big', value: { intValue: '9007199254740993' } },
            { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 0.5 }] } } },
            { key: '__proto__', value: text('x') },
          ],
        },
      };
      const message = request(
        [],
        [{ body: kvlist }, { attributes: [attribute('method', 'GET')] }, { body: { bytesValue: Buffer.from('raw') } }],
      );
      await send(encode(message));
      expect(raws).toEqual([
        '{"a":7,"big":"9007199254740993","list":[true,0.5],"__proto__":"x"}',
        '{"method":"GET"}',
        'raw',
      ]);
    }));

  it('keeps good neighbours and tells of the refused in partial_success', () =>
    withOtlp(async (send, sink) => {
      const message = request(
        [attribute('service.name', 'envoy')],
        [{ body: text('1 a') }, { body: text('???') }, { body: text('2 b') }],
      );
      const binary = await send(encode(message));
      expect(binary.status).toBe(200);
      const type = root.lookupType('Response');
      const answer = type.toObject(type.decode(Buffer.from(await binary.arrayBuffer())), { longs: Number });
      expect(answer).toMatchObject({ partialSuccess: { rejectedLogRecords: 1 } });
      const asJson = (await (await send(JSON.stringify(message), json)).json()) as object;
      expect(asJson).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
      expect(sink.names).toEqual(['a', 'b', 'a', 'b']);
      expect(sink.letters).toHaveLength(2);
    }));

  it('keeps records that no source takes as dead letters', () =>
    withOtlp(
      async (send, sink) => {
        const response = await send(
          JSON.stringify(request([attribute('service.name', 'other')], [{ body: text('1 a') }])),
          json,
        );
        expect(await response.json()).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
        expect(sink.letters).toMatchObject([{ reason: 'no_source', product: 'otlp', instance: 'other' }]);
      },
      [defaults[0]!],
    ));

  it('answers 503 with Retry-After and a Status when the log is away', () =>
    withOtlp(async (send, sink) => {
      sink.failures = 1;
      const body = encode(request([attribute('service.name', 'envoy')], [{ body: text('1 a') }]));
      const away = await send(body);
      expect(away.status).toBe(503);
      expect(away.headers.get('retry-after')).toBe('3');
      const type = root.lookupType('Status');
      expect(type.toObject(type.decode(Buffer.from(await away.arrayBuffer())))).toMatchObject({ code: 14 });
      expect((await send(body)).status).toBe(200);
      expect(sink.names).toEqual(['a']);
    }));

  it('refuses bodies that are none, without a crash', () =>
    withOtlp(async (send, sink) => {
      const hostile: [string | Buffer, Record<string, string>][] = [
        [Buffer.from([0xff, 0xff, 0xff]), {}],
        ['[]', json],
        ['{"resourceLogs":7}', json],
        ['{"resourceLogs":[null]}', json],
        ['{', json],
        ['x', { 'content-type': 'text/plain' }],
      ];
      for (const [body, headers] of hostile) expect([400, 200]).toContain((await send(body, headers)).status);
      expect((await send('{', json)).status).toBe(400);
      const deep = `${'{"arrayValue":{"values":['.repeat(5_000)}${']}}'.repeat(5_000)}`;
      const nested = await send(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${deep}}]}]}]}`, json);
      expect([200, 400]).toContain(nested.status);
      expect(sink.events.length).toBeLessThanOrEqual(1);
    }));

  it('asks for the key of a source that has one', () =>
    withOtlp(
      async (send, sink) => {
        const body = encode(request([], [{ body: text('1 a') }]));
        expect((await send(body)).status).toBe(401);
        expect((await send(body, { authorization: 'Bearer nope' })).status).toBe(401);
        expect((await send(body, { authorization: 'Bearer k' })).status).toBe(200);
        expect(sink.names).toEqual(['a']);
      },
      [{ name: 'g', source: lineSource, instance: 'g', apiKeySha256: sha256Hex('k') }],
    ));

  it('does not listen beyond this machine without a key', () => {
    const config = {
      receiver: httpReceiverConfigSchema.parse({ host: '0.0.0.0' }),
      otlp: otlpHttpConfigSchema.parse({}),
    };
    expect(() => createOtlpHttpCollector(config, defaults, { ...base, sink: new MemorySink() })).toThrow('API key');
  });
});
