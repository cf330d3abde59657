import { newAccessRecord, setField, type AccessRecord } from '../shared/access-record.js';
import { parseAccessTime } from '../shared/access-time.js';
import {
  digText,
  isObject,
  type JsonObject,
  readCount,
  readList,
  readNumber,
  readObject,
  readText,
  readValue,
} from '../shared/json-reader.js';
import type { KongOptions } from './options.js';

/** Header values are texts, or lists where a header was sent twice. Kong writes REDACTED for Authorization. */
function header(headers: JsonObject, name: string): string | undefined {
  const value = readValue(headers, name);
  const text: unknown = Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' && text !== '' && text !== 'REDACTED' ? text : undefined;
}

const headerFields = [
  ['user-agent', 'user_agent'],
  ['referer', 'referer'],
  ['x-forwarded-for', 'x_forwarded_for'],
  ['traceparent', 'traceparent'],
  ['x-b3-traceid', 'trace_id'],
  ['authorization', 'authorization'],
  ['proxy-authorization', 'authorization'],
] as const;

/** The credential that an authentication plugin accepted, and the consumer that it belongs to. */
function readIdentity(object: JsonObject, record: AccessRecord): void {
  const consumer = readObject(object, 'consumer') ?? {};
  const entity = readObject(object, 'authenticated_entity') ?? {};
  const consumerId = readText(consumer, 'id') ?? readText(entity, 'consumer_id') ?? digText(entity, 'consumer', 'id');
  const name = readText(consumer, 'username') ?? readText(consumer, 'custom_id');
  const id = consumerId ?? name;
  if (id !== undefined) record.consumer = { id, kind: 'client', ...(name !== undefined && { name }) };
  const credential = readText(entity, 'id');
  if (credential !== undefined) record.credential = { issuer: 'kong', id: credential, kind: 'api_key' };
}

/** `trace_id` of the tracing plugins: `{ "w3c": "…", "b3": "…" }`, each in the formats that were found or sent. */
function traceOf(object: JsonObject): string | undefined {
  const ids = readObject(object, 'trace_id') ?? {};
  return ['w3c', 'ot', 'b3', 'jaeger', 'datadog'].map((format) => readText(ids, format)).find((id) => id !== undefined);
}

function readExtra(object: JsonObject, record: AccessRecord): void {
  const latencies = readObject(object, 'latencies') ?? {};
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['consumer_custom_id', digText(object, 'consumer', 'custom_id')],
    ['kong_latency_ms', readText(latencies, 'kong')],
    ['upstream_latency_ms', readText(latencies, 'proxy')],
    ['upstream_status', readText(object, 'upstream_status')],
    ['workspace', readText(object, 'workspace_name') ?? readText(object, 'workspace')],
    ['response_source', readText(object, 'source')],
    ['kong_request_id', digText(object, 'request', 'id')],
    // What the oauth2 plugin tells the upstream of the token's user; it clears what the client sent.
    ['authenticated_userid', digText(object, 'request', 'headers', 'x-authenticated-userid')],
    ['authenticated_scope', digText(object, 'request', 'headers', 'x-authenticated-scope')],
  ];
  const extra: [string, string][] = [];
  for (const [key, value] of facts) if (value !== undefined) extra.push([key, value]);
  if (extra.length > 0) record.extra = extra;
}

/** What a stream route (TCP, TLS, UDP) writes: a session in place of request and response. */
export const isStream = (object: JsonObject): boolean =>
  readObject(object, 'session') !== undefined &&
  readObject(object, 'request') === undefined &&
  readObject(object, 'latencies') !== undefined;

/** A connection has no status of its own; its outcome is unknown. */
function readSession(object: JsonObject, record: AccessRecord): void {
  const session = readObject(object, 'session') ?? {};
  setField(record, 'bytes_received', readValue(session, 'received'));
  setField(record, 'bytes_sent', readValue(session, 'sent'));
  const total = readNumber(readObject(object, 'latencies') ?? {}, 'session');
  if (total !== undefined && total >= 0) record.durationMs = total;
  readTls(readObject(session, 'tls'), record);
}

function readTls(tls: JsonObject | undefined, record: AccessRecord): void {
  if (tls !== undefined) record.transport = readText(tls, 'client_verify') === 'SUCCESS' ? 'mtls' : 'tls';
}

/** One object of Kong's log serializer. `started_at` is in milliseconds, sizes are numbers or texts. */
export function readKongRecord(object: JsonObject, options: KongOptions): AccessRecord {
  const stream = isStream(object);
  const record = newAccessRecord(stream ? 'stream' : 'log_serializer');
  if (stream) readSession(object, record);
  const request = readObject(object, 'request') ?? {};
  const response = readObject(object, 'response') ?? {};
  const headers = readObject(request, 'headers') ?? {};
  const started = readValue(object, 'started_at');
  if (typeof started === 'number' || typeof started === 'string') record.timeMs = parseAccessTime(started);
  setField(record, 'method', readValue(request, 'method'));
  setField(record, 'path', readValue(request, 'uri') ?? readValue(request, 'url'));
  setField(record, 'authority', header(headers, 'host'));
  setField(record, 'status', readValue(response, 'status'));
  setField(record, 'bytes_received', readValue(request, 'size'));
  setField(record, 'bytes_sent', readValue(response, 'size'));
  const total = readNumber(readObject(object, 'latencies') ?? {}, 'request');
  if (total !== undefined && total >= 0) record.durationMs = total;
  setField(record, 'client_address', readValue(object, 'client_ip'));
  for (const [name, meaning] of headerFields) {
    const value = header(headers, name);
    if (value !== undefined) setField(record, meaning, value);
  }
  const key = header(headers, options.credential_header);
  if (key !== undefined) setField(record, 'api_key', key);
  // Other hops log the header, and Kong's own id only where they were told to.
  const requestId = header(headers, 'x-request-id') ?? header(headers, 'kong-request-id') ?? readText(request, 'id');
  setField(record, 'request_id', requestId);
  setField(record, 'trace_id', traceOf(object));
  readTls(readObject(request, 'tls'), record);
  const service = readObject(object, 'service') ?? {};
  const serviceName = readText(service, 'name') ?? readText(service, 'host');
  if (serviceName !== undefined) record.targetService = serviceName;
  const route = readObject(object, 'route') ?? {};
  const routeName = readText(route, 'name') ?? readText(route, 'id');
  if (routeName !== undefined) record.routeName = routeName;
  const tries = readList(object, 'tries') ?? [];
  const last = tries[tries.length - 1];
  if (isObject(last) && readText(last, 'ip') !== undefined) {
    const port = readCount(last, 'port');
    record.upstreamHost = `${readText(last, 'ip') ?? ''}${port === undefined ? '' : `:${port}`}`;
  }
  readIdentity(object, record);
  readExtra(object, record);
  // A plugin that authenticates had a place for the credential, so a 401 without one means that none was sent.
  if (readValue(headers, 'authorization') !== undefined) record.tellsCredential = false;
  return record;
}
