import { Client, credentials, Metadata, type ChannelCredentials, type ClientWritableStream } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

// Written anew from the published protocol, with fields that the collector does not know, as a real Envoy has them.
const { root } = protobuf.parse(
  `syntax = "proto3";
  message Struct { map<string, Value> fields = 1; }
  message Value { oneof kind { int32 null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4;
    Struct struct_value = 5; ListValue list_value = 6; } }
  message ListValue { repeated Value values = 1; }
  message Locality { string region = 1; }
  message Node { string id = 1; string cluster = 2; Struct metadata = 3; Locality locality = 4; string user_agent_name = 6; }
  message Identifier { Node node = 1; string log_name = 2; }
  message Time { int64 seconds = 1; int32 nanos = 2; }
  message SocketAddress { int32 protocol = 1; string address = 2; uint32 port_value = 3; }
  message Address { SocketAddress socket_address = 1; }
  message Metadata { map<string, Struct> filter_metadata = 1; }
  message Any { string type_url = 1; bytes value = 2; }
  message Common { double sample_rate = 1; Address downstream_remote_address = 2; Address downstream_local_address = 3;
    Time start_time = 5; Time time_to_last_rx_byte = 6; string upstream_cluster = 15; Metadata metadata = 17;
    map<string, Any> filter_state_objects = 21;
    uint32 upstream_request_attempt_count = 24; string stream_id = 26; }
  message Request { int32 request_method = 1; string authority = 3; string path = 5; map<string, string> request_headers = 13;
    uint64 upstream_header_bytes_sent = 14; }
  message UInt { uint32 value = 1; }
  message Response { UInt response_code = 1; map<string, string> response_headers = 4; }
  message Http { Common common_properties = 1; int32 protocol_version = 2; Request request = 3; Response response = 4; }
  message HttpLogs { repeated Http log_entry = 1; }
  message Message { Identifier identifier = 1; HttpLogs http_logs = 2; }`,
  { keepCase: true },
);
const type = root.lookupType('Message');

export const encodeAls = (message: object): Buffer => Buffer.from(type.encode(type.fromObject(message)).finish());

/** A filter's state, packed as Envoy packs a Struct. */
export function packedStruct(texts: Readonly<Record<string, string>>): object {
  const struct = root.lookupType('Struct');
  const fields = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, { string_value: value }]));
  return {
    type_url: 'type.googleapis.com/google.protobuf.Struct',
    value: struct.encode(struct.fromObject({ fields })).finish(),
  };
}

/** An entry as Envoy writes it; `n` makes it another one. */
export function alsEntry(n: number, headers: Readonly<Record<string, string>> = {}, path = `/a/${String(n)}`): object {
  return {
    common_properties: {
      sample_rate: 1,
      start_time: { seconds: 1_700_000_000 + n, nanos: 5_000_000 },
      stream_id: `s-${String(n)}`,
      downstream_remote_address: { socket_address: { address: '192.0.2.7', port_value: 4000 } },
      upstream_cluster: 'inbound|80||',
    },
    protocol_version: 2,
    request: { request_method: 1, authority: 'a.example', path, request_headers: headers },
    response: { response_code: { value: 200 }, response_headers: { server: 'envoy' } },
  };
}

export interface AlsCall {
  readonly stream: ClientWritableStream<Buffer>;
  /** The answer's status code: 0 when the stream was taken. */
  readonly ended: Promise<{ readonly code: number; readonly details: string }>;
  write(bytes: Buffer): Promise<void>;
}

export class AlsClient {
  private readonly client: Client;

  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    this.client = new Client(address, channel, { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1 });
  }

  open(key?: string): AlsCall {
    const metadata = new Metadata();
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
    let settle: (status: { code: number; details: string }) => void = () => undefined;
    const ended = new Promise<{ code: number; details: string }>((resolve) => (settle = resolve));
    const stream = this.client.makeClientStreamRequest(
      '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      metadata,
      (error) => settle(error === null ? { code: 0, details: '' } : { code: error.code, details: error.details }),
    );
    stream.on('error', () => undefined);
    return {
      stream,
      ended,
      write: (bytes) => new Promise((resolve) => stream.write(bytes, () => resolve())),
    };
  }

  close(): void {
    this.client.close();
  }
}
