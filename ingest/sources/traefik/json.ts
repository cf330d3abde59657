import { readRequestLine, newAccessRecord, setField, type AccessRecord } from '../shared/access-record.js';
import { parseAccessTime } from '../shared/access-time.js';
import type { AccessMeaning, KeyDictionary } from '../shared/access-fields.js';
import { parseClientAddress } from '../shared/client-address.js';
import { type JsonObject, readCount, readNumber, readText } from '../shared/json-reader.js';

/** Header fields that the operator keeps (`accessLog.fields.headers`), in lower case without `request_`. */
const headerMeanings: Readonly<Record<string, AccessMeaning>> = {
  'user-agent': 'user_agent',
  referer: 'referer',
  authorization: 'authorization',
  'x-api-key': 'api_key',
  'x-request-id': 'request_id',
  'x-forwarded-for': 'x_forwarded_for',
  traceparent: 'traceparent',
};

const isPresent = (text: string | undefined): text is string => text !== undefined && text !== '-';

/** `ClientHost` is the peer, or with trusted forwarders a list; `ClientAddr` is the peer with its port. */
function readClient(object: JsonObject, record: AccessRecord): void {
  const address = readText(object, 'ClientAddr');
  const peer = isPresent(address) ? parseClientAddress(address) : undefined;
  const host = readText(object, 'ClientHost');
  if (isPresent(host) && host.includes(',')) record.forwarded = host;
  const named = isPresent(host) && !host.includes(',') ? parseClientAddress(host) : undefined;
  // Behind a load balancer ClientHost is taken from X-Forwarded-For, and ClientAddr is the balancer.
  if (named !== undefined && peer !== undefined && named.address !== peer.address) {
    record.forwarded ??= named.address;
    record.client = peer;
    return;
  }
  const client = peer ?? named;
  if (client !== undefined) record.client = client;
  const port = readCount(object, 'ClientPort');
  if (port !== undefined && port > 0 && port <= 65_535) record.clientPort = port;
}

function readHeaders(object: JsonObject, record: AccessRecord, dictionary: KeyDictionary): void {
  for (const key of Object.keys(object)) {
    const own = dictionary.meaningOf(key);
    if (own?.rank === -1) {
      setField(record, own.meaning, object[key]);
      continue;
    }
    if (!key.startsWith('request_')) continue;
    const name = key.slice(8).toLowerCase();
    const meaning = Object.hasOwn(headerMeanings, name) ? headerMeanings[name] : undefined;
    const value = object[key];
    // `redact` mode writes the word for every value.
    if (meaning !== undefined && value !== 'REDACTED') setField(record, meaning, value);
  }
}

/** One JSON record of Traefik 1 (Backend, Frontend) or 2 and 3 (Router, Service); undefined where it is no request. */
export function readTraefikJson(object: JsonObject, dictionary: KeyDictionary): AccessRecord | undefined {
  const method = readText(object, 'RequestMethod');
  const status = readCount(object, 'DownstreamStatus');
  if (method === undefined && status === undefined) return undefined;
  const record = newAccessRecord('json');
  const time = readText(object, 'StartUTC') ?? readText(object, 'StartLocal') ?? readText(object, 'time');
  if (time !== undefined) record.timeMs = parseAccessTime(time);
  if (isPresent(method)) record.method = method;
  const path = readText(object, 'RequestPath');
  if (isPresent(path)) record.target = path;
  else readRequestLine(readText(object, 'RequestLine') ?? '', record);
  if (status !== undefined && status <= 999 && status > 0) record.status = status;
  const host = readText(object, 'RequestHost') ?? readText(object, 'RequestAddr');
  if (isPresent(host)) record.authority = host;
  const sent = readCount(object, 'DownstreamContentSize');
  if (sent !== undefined) record.responseBytes = sent;
  const received = readCount(object, 'RequestContentSize');
  if (received !== undefined) record.requestBytes = received;
  const nanoseconds = readNumber(object, 'Duration');
  if (nanoseconds !== undefined && nanoseconds >= 0) record.durationMs = Math.round(nanoseconds / 1000) / 1000;
  const user = readText(object, 'ClientUsername');
  if (isPresent(user)) record.user = user;
  readClient(object, record);
  const service = readText(object, 'ServiceName') ?? readText(object, 'BackendName');
  if (isPresent(service)) {
    record.targetService = service.replace(/@[a-z]+$/, '');
    record.upstreamCluster = service;
  }
  const kubernetes = readText(object, 'KubernetesServiceName');
  if (isPresent(kubernetes)) record.targetService = kubernetes;
  const namespace = readText(object, 'KubernetesIngressNamespace');
  if (isPresent(namespace)) record.targetNamespace = namespace;
  const router = readText(object, 'RouterName') ?? readText(object, 'FrontendName');
  if (isPresent(router)) record.routeName = router;
  const upstream = readText(object, 'ServiceAddr') ?? readText(object, 'BackendAddr');
  if (isPresent(upstream)) record.upstreamHost = upstream;
  if (isPresent(readText(object, 'TLSClientSubject'))) record.transport = 'mtls';
  else if (isPresent(readText(object, 'TLSVersion')) || readText(object, 'RequestScheme') === 'https')
    record.transport = 'tls';
  else if (readText(object, 'RequestScheme') === 'http') record.transport = 'plaintext';
  const trace = readText(object, 'trace_id') ?? readText(object, 'TraceId');
  if (isPresent(trace)) record.traceId = trace;
  const extra: [string, string][] = [];
  for (const [key, name] of [
    ['entry_point', 'entryPointName'],
    ['origin_status', 'OriginStatus'],
    ['retry_attempts', 'RetryAttempts'],
    ['peer_subject', 'TLSClientSubject'],
  ] as const) {
    const value = readText(object, name);
    if (isPresent(value) && value !== '0') extra.push([key, value]);
  }
  if (extra.length > 0) record.extra = extra;
  readHeaders(object, record, dictionary);
  return record;
}
