import type { TokenEvent } from '../../event/token-event.js';
import { setField, newAccessRecord, type AccessRecord } from '../shared/access-record.js';
import type { AccessMeaning, KeyDictionary } from '../shared/access-fields.js';
import { parseAccessTime } from '../shared/access-time.js';
import { parseClientAddress } from '../shared/client-address.js';
import { takeForwardedCertificate } from '../shared/forwarded-certificate.js';
import { isObject, type JsonObject, readText, readValue } from '../shared/json-reader.js';
import { member, memberCount, memberDuration, memberObject, memberText, memberTime } from './als-json.js';
import { readCluster } from './cluster.js';

/** `envoy.data.accesslog.v3.AccessLogCommon` stands in every entry of the gRPC access log, and in nothing else. */
export const isAlsEntry = (object: JsonObject): boolean => memberObject(object, 'common_properties') !== undefined;

/** response_flags by the field's name → `%RESPONSE_FLAGS%`. */
const flagNames: readonly (readonly [string, string])[] = [
  ['failed_local_healthcheck', 'LH'], ['no_healthy_upstream', 'UH'], ['upstream_request_timeout', 'UT'],
  ['local_reset', 'LR'], ['upstream_remote_reset', 'UR'], ['upstream_connection_failure', 'UF'],
  ['upstream_connection_termination', 'UC'], ['upstream_overflow', 'UO'], ['no_route_found', 'NR'],
  ['delay_injected', 'DI'], ['fault_injected', 'FI'], ['rate_limited', 'RL'], ['unauthorized_details', 'UAEX'],
  ['rate_limit_service_error', 'RLSE'], ['downstream_connection_termination', 'DC'],
  ['upstream_retry_limit_exceeded', 'URX'], ['stream_idle_timeout', 'SI'], ['invalid_envoy_request_headers', 'IH'],
  ['downstream_protocol_error', 'DPE'], ['upstream_max_stream_duration_reached', 'UMSDR'],
  ['response_from_cache_filter', 'RFCF'], ['no_filter_config_found', 'NFCF'], ['duration_timeout', 'DT'],
  ['upstream_protocol_error', 'UPE'], ['no_cluster_found', 'NC'], ['overload_manager', 'OM'],
  ['dns_resolution_failure', 'DF'], ['downstream_remote_reset', 'DR'],
]; // prettier-ignore

/** AccessLogType: the entry of a request or connection that has ended. The others tell of the same one again. */
const ends = new Set<unknown>([undefined, 'NotSet', 0, 'TcpConnectionEnd', 3, 'DownstreamEnd', 6, 'UdpSessionEnd', 13]);
export const isEnd = (type: unknown): boolean => ends.has(type);
export const isAccessLogType = (word: string): boolean =>
  /^(?:NotSet|(?:Tcp|Udp|Downstream|Upstream)[A-Z][A-Za-z]{2,40})$/.test(word);

const methods = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

/** Headers that say who calls are believed only where the operator says what they mean: clients send them too. */
const plainMeanings = new Set<AccessMeaning>(['authorization', 'api_key', 'token_fp', 'traceparent', 'trace_id']);

/** Members looked at in one map. */
const KEYS_MAX = 128;

const JWT_AUTHN = 'envoy.filters.http.jwt_authn';
/** HTTP and network filter. */
const rbacFilters = ['envoy.filters.http.rbac', 'envoy.filters.network.rbac'];
const rbacResult = /(?:^|_)(shadow|enforced)_(engine_result|effective_policy_id)$/;

export interface AlsPlace {
  readonly dictionary: KeyDictionary;
  /** Where the operator says that this Envoy stands. */
  readonly direction: NonNullable<TokenEvent['direction']> | undefined;
}

function addressOf(common: JsonObject, name: string): string | undefined {
  const socket = memberObject(memberObject(common, name), 'socket_address');
  const address = memberText(socket, 'address');
  if (address === undefined) return memberText(memberObject(memberObject(common, name), 'pipe'), 'path');
  const port = memberCount(socket, 'port_value') ?? 0;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function flagsOf(common: JsonObject): string | undefined {
  const flags = memberObject(common, 'response_flags');
  if (flags === undefined) return undefined;
  const names = flagNames.filter(([field]) => {
    const value = member(flags, field);
    return value === true || isObject(value);
  });
  return names.length === 0 ? undefined : names.map(([, short]) => short).join(',');
}

function sansOf(certificate: JsonObject | undefined, kind: 'uri' | 'dns'): readonly string[] {
  const list = member(certificate, 'subject_alt_name');
  if (!Array.isArray(list)) return [];
  return list.flatMap((san: unknown) => (isObject(san) ? (readText(san, kind) ?? []) : []));
}

const spiffeOf = (uris: readonly string[]): string | undefined => uris.find((uri) => uri.startsWith('spiffe://'));

type Extra = [string, string][];
type TextKey = {
  [K in keyof AccessRecord]-?: string extends NonNullable<AccessRecord[K]> ? K : never;
}[keyof AccessRecord];

function put(record: AccessRecord, key: TextKey, value: string | undefined): void {
  if (value !== undefined) record[key] = value;
}

function readTls(record: AccessRecord, common: JsonObject, extra: Extra): void {
  const tls = memberObject(common, 'tls_properties');
  const peer = memberObject(tls, 'peer_certificate_properties');
  const hasTls = tls !== undefined && Object.keys(tls).length > 0;
  record.transport = hasTls ? 'tls' : 'plaintext';
  if (tls === undefined) return;
  const uris = sansOf(peer, 'uri');
  const names = sansOf(peer, 'dns');
  const subject = memberText(peer, 'subject');
  const issuer = memberText(peer, 'issuer');
  const hasPeer = uris.length > 0 || names.length > 0 || subject !== undefined || issuer !== undefined;
  if (hasPeer) record.transport = 'mtls';
  const id = spiffeOf(uris);
  if (id !== undefined) record.spiffeId = id;
  if (subject !== undefined) extra.push(['peer_subject', subject]);
  if (issuer !== undefined) extra.push(['peer_issuer', issuer]);
  const other = [...uris.filter((uri) => uri !== id), ...names].slice(0, 4);
  if (other.length > 0) extra.push(['peer_san', other.join(' ')]);
  const sni = memberText(tls, 'tls_sni_hostname');
  if (sni !== undefined) record.authority ??= sni;
  const ja3 = memberText(tls, 'ja3_fingerprint');
  if (ja3 !== undefined) extra.push(['tls_ja3', ja3]);
}

/** A handshake that failed has no request: what is known of it is why. */
function readHandshake(record: AccessRecord, common: JsonObject): void {
  const words = memberText(common, 'downstream_transport_failure_reason');
  if (words === undefined) return;
  record.outcome = 'failure';
  if (record.transport === 'plaintext') record.transport = 'tls';
  record.reason = /certificate/i.test(words) ? 'invalid_client' : 'invalid_request';
  record.reasonDetail = words;
}

/** Takes the members whose names the operator explained in `fields`, and those that can only be a credential or a trace. */
function readNamed(record: AccessRecord, values: JsonObject, prefix: string, place: AlsPlace): void {
  for (const key of Object.keys(values).slice(0, KEYS_MAX)) {
    const known = place.dictionary.meaningOf(prefix + key);
    if (known === undefined || !(known.rank < 0 || (prefix === '' && plainMeanings.has(known.meaning)))) continue;
    setField(record, known.meaning, readValue(values, key));
  }
}

function readHeaders(record: AccessRecord, headers: JsonObject, place: AlsPlace, extra: Extra): void {
  for (const name of Object.keys(headers)) {
    const value = readValue(headers, name);
    if (name.toLowerCase() === 'x-forwarded-client-cert' && typeof value === 'string')
      takeForwardedCertificate(record, value, extra);
  }
  readNamed(record, headers, '', place);
}

/** What filters left behind: jwt_authn's payloads, RBAC's word, and of the others what the operator names in `fields`. */
function readMetadata(record: AccessRecord, common: JsonObject, place: AlsPlace, extra: Extra): void {
  const filters = memberObject(memberObject(common, 'metadata'), 'filter_metadata');
  if (filters === undefined) return;
  const jwt = readValue(filters, JWT_AUTHN);
  // One payload for each provider, beside header and status: each is tried, and the first claim of a name wins.
  if (isObject(jwt)) for (const payload of Object.values(jwt)) setField(record, 'jwt_claims', payload);
  for (const name of rbacFilters) {
    const rbac = readValue(filters, name);
    if (!isObject(rbac)) continue;
    for (const key of Object.keys(rbac)) {
      const found = rbacResult.exec(key);
      const value = readText(rbac, key);
      if (found !== null && value !== undefined)
        extra.push([`rbac_${found[1] ?? ''}_${found[2] === 'engine_result' ? 'result' : 'policy'}`, value]);
    }
  }
  for (const filter of Object.keys(filters).slice(0, 64)) {
    const values = readValue(filters, filter);
    if (isObject(values)) readNamed(record, values, `${filter}.`, place);
  }
}

/** Istio's word for the workloads on both sides, which it learns from the other's headers where there is no certificate. */
function readPeers(common: JsonObject, extra: Extra): void {
  const states = memberObject(common, 'filter_state_objects');
  for (const side of ['downstream', 'upstream'] as const) {
    const peer = memberObject(states, `${side}_peer`);
    const workload = memberText(peer, 'workload') ?? memberText(peer, 'name');
    if (workload === undefined) continue;
    const namespace = memberText(peer, 'namespace');
    extra.push([`${side}_peer`, namespace === undefined ? workload : `${namespace}/${workload}`]);
  }
}

/** Which workload this Envoy is the sidecar of: Istio says it in the node's metadata, others in the node's cluster. */
function placeNode(record: AccessRecord, entry: JsonObject, common: JsonObject, place: AlsPlace): void {
  const node = memberObject(memberObject(entry, 'identifier'), 'node');
  const metadata = memberObject(node, 'metadata');
  const [clusterName, clusterNamespace] = (memberText(node, 'cluster') ?? '').split('.', 2);
  const service = memberText(metadata, 'WORKLOAD_NAME') ?? (clusterName === '' ? undefined : clusterName);
  const namespace = memberText(metadata, 'NAMESPACE') ?? clusterNamespace;
  const direction = place.direction ?? readCluster(record.upstreamCluster ?? '').direction;
  if (direction === 'outbound') {
    if (service !== undefined) record.callerService ??= service;
    if (namespace !== undefined) record.callerNamespace ??= namespace;
    return;
  }
  if (direction !== 'inbound') return;
  const own = memberObject(memberObject(common, 'tls_properties'), 'local_certificate_properties');
  const [, , , ns, ownNamespace, sa, account] = (spiffeOf(sansOf(own, 'uri')) ?? '').split('/', 8);
  const certified = ns === 'ns' && sa === 'sa';
  const target = service ?? (certified ? account : undefined);
  const targetNamespace = namespace ?? (certified ? ownNamespace : undefined);
  if (target !== undefined) record.targetService ??= target;
  if (targetNamespace !== undefined) record.targetNamespace ??= targetNamespace;
}

function readHttp(record: AccessRecord, request: JsonObject, response: JsonObject | undefined): void {
  const method = member(request, 'request_method');
  const name = typeof method === 'number' ? methods[method] : method;
  if (typeof name === 'string' && name !== '' && name !== 'METHOD_UNSPECIFIED') record.method = name;
  put(record, 'target', memberText(request, 'original_path') ?? memberText(request, 'path'));
  put(record, 'authority', memberText(request, 'authority'));
  put(record, 'userAgent', memberText(request, 'user_agent'));
  put(record, 'referer', memberText(request, 'referer'));
  put(record, 'forwarded', memberText(request, 'forwarded_for'));
  put(record, 'requestId', memberText(request, 'request_id'));
  put(record, 'responseDetails', memberText(response, 'response_code_details'));
  record.status = memberCount(response, 'response_code') ?? 0;
  // A call that ends at once has its trailers as headers.
  for (const part of ['response_trailers', 'response_headers'] as const) {
    const code = readText(memberObject(response, part) ?? {}, 'grpc-status');
    if (code !== undefined) record.grpcStatus ??= code;
  }
  const received = memberCount(request, 'request_body_bytes');
  const sent = memberCount(response, 'response_body_bytes');
  if (received !== undefined) record.requestBytes = received;
  if (sent !== undefined) record.responseBytes = sent;
}

/**
 * Reads one HTTPAccessLogEntry or TCPAccessLogEntry of the gRPC access log service as protobuf's JSON; undefined for
 * an entry that only says that a request goes on.
 */
export function readAlsEntry(entry: JsonObject, place: AlsPlace): AccessRecord | undefined {
  const common = memberObject(entry, 'common_properties') ?? {};
  if (member(common, 'intermediate_log_entry') === true || !isEnd(member(common, 'access_log_type'))) return undefined;
  const request = memberObject(entry, 'request');
  const response = memberObject(entry, 'response');
  const isTcp = request === undefined && response === undefined;
  const record = newAccessRecord(isTcp ? 'tcp' : 'http');
  const extra: Extra = [];
  record.timeMs = memberTime(common, 'start_time', parseAccessTime);
  const durationMs = memberDuration(common, 'duration') ?? memberDuration(common, 'time_to_last_downstream_tx_byte');
  if (durationMs !== undefined) record.durationMs = durationMs;
  const client = parseClientAddress(addressOf(common, 'downstream_remote_address') ?? '');
  if (client !== undefined) record.client = client;
  put(record, 'upstreamCluster', memberText(common, 'upstream_cluster'));
  put(record, 'upstreamHost', addressOf(common, 'upstream_remote_address'));
  put(record, 'routeName', memberText(common, 'route_name'));
  put(record, 'responseFlags', flagsOf(common));
  put(
    record,
    'upstreamFailure',
    memberText(common, 'upstream_transport_failure_reason') ?? memberText(common, 'connection_termination_details'),
  );
  if (request !== undefined || response !== undefined) readHttp(record, request ?? {}, response);
  else {
    const connection = memberObject(entry, 'connection_properties');
    const received = memberCount(connection, 'received_bytes');
    const sent = memberCount(connection, 'sent_bytes');
    if (received !== undefined) record.requestBytes = received;
    if (sent !== undefined) record.responseBytes = sent;
    // As in the text format: a connection has no status of its own.
    record.status = 0;
  }
  readTls(record, common, extra);
  readHandshake(record, common);
  readMetadata(record, common, place, extra);
  readPeers(common, extra);
  const tags = memberObject(common, 'custom_tags');
  if (tags !== undefined) readNamed(record, tags, '', place);
  const headers = memberObject(request, 'request_headers');
  if (headers !== undefined) readHeaders(record, headers, place, extra);
  placeNode(record, entry, common, place);
  if (extra.length > 0) record.extra = [...(record.extra ?? []), ...extra];
  return record;
}
