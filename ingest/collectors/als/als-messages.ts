import protobuf from 'protobufjs/light.js';

/**
 * The messages and fields of Envoy's access log service that are read here, by their published field numbers
 * (https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto). What is not named is skipped
 * while decoding.
 */
type Fields = Record<string, { type: string; id: number; rule?: string; keyType?: string }>;

const texts = (names: Readonly<Record<string, number>>): Fields =>
  Object.fromEntries(Object.entries(names).map(([name, id]) => [name, { type: 'string', id }]));
const of = (type: string, names: Readonly<Record<string, number>>): Fields =>
  Object.fromEntries(Object.entries(names).map(([name, id]) => [name, { type, id }]));
const mapOf = (type: string, id: number) => ({ keyType: 'string', type, id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    Message: {
      fields: {
        identifier: { type: 'Identifier', id: 1 },
        http_logs: { type: 'HttpEntries', id: 2 },
        tcp_logs: { type: 'TcpEntries', id: 3 },
      },
    },
    Response: { fields: {} },
    Identifier: { fields: { node: { type: 'Node', id: 1 }, log_name: { type: 'string', id: 2 } } },
    Node: { fields: { ...texts({ id: 1, cluster: 2 }), metadata: { type: 'Struct', id: 3 } } },
    HttpEntries: { fields: { log_entry: list('HttpEntry', 1) } },
    TcpEntries: { fields: { log_entry: list('TcpEntry', 1) } },
    HttpEntry: {
      fields: {
        common_properties: { type: 'Common', id: 1 },
        request: { type: 'Request', id: 3 },
        response: { type: 'Response_', id: 4 },
      },
    },
    TcpEntry: {
      fields: {
        common_properties: { type: 'Common', id: 1 },
        connection_properties: { type: 'Connection', id: 2 },
      },
    },
    Common: {
      fields: {
        ...of('Address', { downstream_remote_address: 2, upstream_remote_address: 13 }),
        tls_properties: { type: 'Tls', id: 4 },
        start_time: { type: 'Timestamp', id: 5 },
        ...of('Timestamp', { time_to_last_downstream_tx_byte: 12, duration: 23 }),
        ...texts({
          upstream_cluster: 15,
          upstream_transport_failure_reason: 18,
          route_name: 19,
          connection_termination_details: 25,
          downstream_transport_failure_reason: 28,
        }),
        response_flags: { type: 'Flags', id: 16 },
        metadata: { type: 'Metadata', id: 17 },
        filter_state_objects: mapOf('Any', 21),
        custom_tags: mapOf('string', 22),
        intermediate_log_entry: { type: 'bool', id: 27 },
        access_log_type: { type: 'int32', id: 33 },
      },
    },
    Flags: {
      fields: {
        ...of('bool', {
          failed_local_healthcheck: 1, no_healthy_upstream: 2, upstream_request_timeout: 3, local_reset: 4,
          upstream_remote_reset: 5, upstream_connection_failure: 6, upstream_connection_termination: 7,
          upstream_overflow: 8, no_route_found: 9, delay_injected: 10, fault_injected: 11, rate_limited: 12,
          rate_limit_service_error: 14, downstream_connection_termination: 15, upstream_retry_limit_exceeded: 16,
          stream_idle_timeout: 17, invalid_envoy_request_headers: 18, downstream_protocol_error: 19,
          upstream_max_stream_duration_reached: 20, response_from_cache_filter: 21, no_filter_config_found: 22,
          duration_timeout: 23, upstream_protocol_error: 24, no_cluster_found: 25, overload_manager: 26,
          dns_resolution_failure: 27, downstream_remote_reset: 28,
        }), // prettier-ignore
        unauthorized_details: { type: 'Unauthorized', id: 13 },
      },
    },
    Unauthorized: { fields: { reason: { type: 'int32', id: 1 } } },
    Tls: {
      fields: {
        tls_version: { type: 'int32', id: 1 },
        ...texts({ tls_sni_hostname: 3, ja3_fingerprint: 7 }),
        ...of('Certificate', { local_certificate_properties: 4, peer_certificate_properties: 5 }),
      },
    },
    Certificate: { fields: { subject_alt_name: list('San', 1), ...texts({ subject: 2, issuer: 3 }) } },
    San: { fields: texts({ uri: 1, dns: 2 }) },
    Request: {
      fields: {
        request_method: { type: 'int32', id: 1 },
        ...texts({
          scheme: 2, authority: 3, path: 5, user_agent: 6, referer: 7, forwarded_for: 8, request_id: 9, original_path: 10,
        }), // prettier-ignore
        request_body_bytes: { type: 'uint64', id: 12 },
        request_headers: mapOf('string', 13),
      },
    },
    Response_: {
      fields: {
        response_code: { type: 'UInt32Value', id: 1 },
        response_body_bytes: { type: 'uint64', id: 3 },
        response_code_details: { type: 'string', id: 6 },
      },
    },
    Connection: { fields: of('uint64', { received_bytes: 1, sent_bytes: 2 }) },
    Address: { fields: { socket_address: { type: 'SocketAddress', id: 1 }, pipe: { type: 'Pipe', id: 2 } } },
    SocketAddress: { fields: { address: { type: 'string', id: 2 }, port_value: { type: 'uint32', id: 3 } } },
    Pipe: { fields: texts({ path: 1 }) },
    UInt32Value: { fields: of('uint32', { value: 1 }) },
    // Timestamp and Duration have the same fields.
    Timestamp: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
    Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Metadata: { fields: { filter_metadata: mapOf('Struct', 1) } },
    Struct: { fields: { fields: mapOf('Value', 1) } },
    Value: {
      oneofs: { kind: { oneof: ['number_value', 'string_value', 'bool_value', 'struct_value', 'list_value'] } },
      fields: {
        number_value: { type: 'double', id: 2 },
        string_value: { type: 'string', id: 3 },
        bool_value: { type: 'bool', id: 4 },
        struct_value: { type: 'Struct', id: 5 },
        list_value: { type: 'ListValue', id: 6 },
      },
    },
    ListValue: { fields: { values: list('Value', 1) } },
  },
});

const messageType = root.lookupType('Message');
const structType = root.lookupType('Struct');

interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}
interface Value {
  readonly number_value?: number;
  readonly string_value?: string;
  readonly bool_value?: boolean;
  readonly struct_value?: Struct;
  readonly list_value?: { readonly values?: readonly Value[] };
}

interface Any {
  readonly type_url?: string;
  readonly value?: Uint8Array;
}

interface Entry {
  readonly common_properties?: {
    readonly filter_state_objects?: Readonly<Record<string, Any>>;
    readonly metadata?: { readonly filter_metadata?: Readonly<Record<string, Struct>> };
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

export interface AlsIdentifier {
  readonly node?: { readonly id?: string; readonly cluster?: string; readonly metadata?: Struct };
  readonly log_name?: string;
}

export interface AlsMessage {
  /** Envoy names itself in the first message of a stream only. */
  readonly identifier?: AlsIdentifier;
  readonly http_logs?: { readonly log_entry?: readonly Entry[] };
  readonly tcp_logs?: { readonly log_entry?: readonly Entry[] };
}

/** @throws Error when the bytes are no StreamAccessLogsMessage. */
export function decodeMessage(bytes: Uint8Array): AlsMessage {
  // The descriptor above decides the shape of what comes out.
  return messageType.toObject(messageType.decode(bytes), { longs: String });
}

const depthMax = 16;

function plainStruct(struct: Struct | undefined, depth = 0): Record<string, unknown> {
  // Without a prototype: a key named __proto__ is a key like any other.
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(struct?.fields ?? {})) object[key] = plainValue(value, depth + 1);
  return object;
}

function plainValue(value: Value, depth: number): unknown {
  if (depth > depthMax) return null;
  if (value.struct_value !== undefined) return plainStruct(value.struct_value, depth);
  if (value.list_value !== undefined) return (value.list_value.values ?? []).map((item) => plainValue(item, depth + 1));
  return value.string_value ?? value.number_value ?? value.bool_value ?? null;
}

/** What filters left behind for the log, as far as it is a Struct: others have messages of their own. */
function plainStates(states: Readonly<Record<string, Any>> | undefined): object | undefined {
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [name, { type_url, value }] of Object.entries(states ?? {})) {
    if (type_url?.endsWith('/google.protobuf.Struct') !== true || value === undefined) continue;
    try {
      plain[name] = plainStruct(structType.toObject(structType.decode(value)));
    } catch {
      // Broken bytes of one filter are no reason to lose the request.
    }
  }
  return Object.keys(plain).length === 0 ? undefined : plain;
}

/** Of the node's own metadata only Istio's names of the workload are kept; the rest is large and the same each time. */
function plainIdentifier({ node, log_name }: AlsIdentifier): object {
  const metadata = plainStruct(node?.metadata);
  const { WORKLOAD_NAME, NAMESPACE } = metadata;
  return { node: { id: node?.id, cluster: node?.cluster, metadata: { WORKLOAD_NAME, NAMESPACE } }, log_name };
}

/** Each entry of a message as protobuf's JSON, with the stream's identifier, for the `envoy` source to parse. */
export function entryTexts(message: AlsMessage, identifier: AlsIdentifier): string[] {
  const named = plainIdentifier(identifier);
  return [...(message.http_logs?.log_entry ?? []), ...(message.tcp_logs?.log_entry ?? [])].map((entry) => {
    const { filter_state_objects, ...common } = entry.common_properties ?? {};
    const states = plainStates(filter_state_objects);
    const told = states === undefined ? common : { ...common, filter_state_objects: states };
    const filters = Object.entries(common.metadata?.filter_metadata ?? {});
    if (filters.length === 0) return JSON.stringify({ identifier: named, ...entry, common_properties: told });
    const plain = Object.create(null) as Record<string, unknown>;
    for (const [name, struct] of filters) plain[name] = plainStruct(struct);
    const metadata = { filter_metadata: plain };
    return JSON.stringify({ identifier: named, ...entry, common_properties: { ...told, metadata } });
  });
}
