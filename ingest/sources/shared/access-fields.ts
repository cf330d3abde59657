/**
 * What a key of an access log can mean. Operators name their own keys; the `fields` option of a source maps each to
 * one of these, and the aliases below are what is understood without being told.
 */
export const accessMeanings = [
  'time', 'method', 'path', 'url', 'request', 'authority', 'status', 'grpc_status', 'bytes_received', 'bytes_sent', 'duration_ms',
  'duration_s', 'client_address', 'client_port', 'x_forwarded_for', 'user_agent', 'referer', 'user', 'request_id',
  'trace_id', 'traceparent', 'response_flags', 'response_code_details', 'upstream_cluster', 'upstream_host',
  'upstream_failure', 'route_name', 'direction', 'caller_service', 'caller_namespace', 'target_service',
  'target_namespace', 'requested_server_name',
  'x_forwarded_client_cert', 'downstream_peer_uri_san', 'downstream_peer_subject', 'peer_fingerprint_256', 'dpop_jkt', 'client_verify', 'tls_version',
  'scheme',
  'authorization', 'api_key', 'token_fp', 'jwt_claims', 'jwt_iss', 'jwt_sub', 'jwt_jti', 'jwt_sid', 'jwt_client_id',
  'jwt_azp', 'jwt_scope', 'jwt_aud', 'jwt_exp', 'jwt_iat', 'jwt_nbf', 'jwt_typ', 'jwt_username', 'jwt_alg', 'jwt_kid', 'ignore',
] as const; // prettier-ignore

export type AccessMeaning = (typeof accessMeanings)[number];

const aliases: Readonly<Partial<Record<AccessMeaning, string>>> = {
  time: 'start_time msec time_iso8601 time_local time ts timestamp @timestamp date datetime',
  method: 'method request_method verb http_method http.request.method req.method',
  path: 'path uri request_uri x-envoy-original-path x_envoy_original_path x-envoy-origin-path x_envoy_origin_path url.path request_path document_uri',
  url: 'url full_url url.full',
  request: 'request request_line',
  authority: 'authority :authority host http_host server_name vhost server.address domain',
  status: 'status response_code status_code response_status http_status code http.response.status_code',
  grpc_status:
    'grpc_status grpc_status_number grpc-status rpc.grpc.status_code sent_trailer_grpc_status upstream_trailer_grpc_status',
  bytes_received: 'bytes_received request_length request_bytes req_bytes http.request.body.size request_size',
  bytes_sent:
    'bytes_sent body_bytes_sent response_bytes response_length bytes size http.response.body.size response_size',
  duration_ms: 'duration duration_ms latency_ms response_time_ms elapsed_ms',
  duration_s: 'request_time response_time duration_s request_duration_seconds',
  client_address:
    'client_address client.address client_ip client.ip client remote_addr remote_ip remote_address remoteip ip source_ip downstream_remote_address downstream_direct_remote_address downstream_remote_address_without_port source.address source.ip',
  client_port: 'client_port remote_port client.port source.port',
  x_forwarded_for: 'x_forwarded_for x-forwarded-for http_x_forwarded_for xff forwarded_for',
  user_agent: 'user_agent user-agent http_user_agent agent useragent user_agent.original',
  referer: 'referer referrer http_referer http_referrer',
  user: 'remote_user user username user_name user.name auth_user',
  request_id: 'request_id x-request-id x_request_id req_id http_x_request_id requestid',
  trace_id:
    'trace_id trace.id traceid x-b3-traceid x_b3_traceid http_x_b3_traceid opentelemetry_trace_id otel_trace_id',
  traceparent: 'traceparent http_traceparent',
  response_flags: 'response_flags flags',
  response_code_details: 'response_code_details response_code_detail code_details',
  upstream_cluster: 'upstream_cluster proxy_upstream_name upstream_name cluster',
  upstream_host: 'upstream_host upstream_addr upstream_address',
  upstream_failure: 'upstream_transport_failure_reason connection_termination_details',
  route_name: 'route_name',
  direction: 'direction traffic_direction',
  caller_service: 'caller_service source_workload source_app source_service',
  caller_namespace: 'caller_namespace source_workload_namespace source_namespace',
  target_service: 'target_service destination_service_name destination_workload destination_app',
  target_namespace:
    'target_namespace destination_service_namespace destination_namespace destination_workload_namespace',
  requested_server_name: 'requested_server_name',
  x_forwarded_client_cert: 'x_forwarded_client_cert x-forwarded-client-cert http_x_forwarded_client_cert xfcc',
  downstream_peer_uri_san: 'downstream_peer_uri_san peer_uri_san source_principal spiffe_id',
  downstream_peer_subject: 'downstream_peer_subject peer_subject ssl_client_s_dn client_cert_subject',
  peer_fingerprint_256: 'downstream_peer_fingerprint_256 peer_fingerprint_256 ssl_client_fingerprint_256',
  dpop_jkt: 'dpop_jkt',
  client_verify: 'ssl_client_verify client_verify',
  tls_version: 'tls_version downstream_tls_version ssl_protocol tls_protocol',
  scheme: 'scheme',
  authorization: 'authorization http_authorization auth_header authorization_header',
  api_key: 'api_key apikey x-api-key x_api_key http_x_api_key',
  token_fp: 'token_fp token_hash token_fingerprint token_uid',
  jwt_claims: 'jwt_claims jwt_payload jwt claims jwt_authn',
  jwt_iss: 'jwt_iss jwt_claim_iss iss jwt.iss',
  jwt_sub: 'jwt_sub jwt_claim_sub sub jwt.sub jwt_subject',
  jwt_jti: 'jwt_jti jwt_claim_jti jti jwt.jti jwt_id token_id',
  jwt_sid: 'jwt_sid jwt_claim_sid sid jwt.sid',
  jwt_client_id: 'jwt_client_id jwt_claim_client_id jwt.client_id client_id',
  jwt_azp: 'jwt_azp jwt_claim_azp azp jwt.azp',
  jwt_scope: 'jwt_scope jwt_claim_scope scope scopes jwt.scope jwt_scopes',
  jwt_aud: 'jwt_aud jwt_claim_aud aud jwt.aud jwt_audience',
  jwt_exp: 'jwt_exp jwt_claim_exp exp jwt.exp',
  jwt_iat: 'jwt_iat jwt_claim_iat iat jwt.iat',
  jwt_nbf: 'jwt_nbf jwt_claim_nbf nbf jwt.nbf',
  jwt_typ: 'jwt_typ jwt_claim_typ',
  jwt_alg: 'jwt_alg jwt_header_alg jwt.alg',
  jwt_kid: 'jwt_kid jwt_header_kid jwt.kid',
  jwt_username: 'jwt_username jwt_preferred_username jwt_claim_preferred_username preferred_username',
};

/** `X-Request-Id`, `x_request_id` and `$xRequestId` are one key: letters and digits count, in lower case. */
function normalise(key: string): string {
  let out = '';
  for (let i = 0; i < key.length && i < 128; i++) {
    const c = key.charCodeAt(i);
    if ((c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39)) out += key.charAt(i);
    else if (c >= 0x41 && c <= 0x5a) out += String.fromCharCode(c + 32);
  }
  return out;
}

const byAlias: ReadonlyMap<string, AccessMeaning> = new Map(
  (Object.entries(aliases) as [AccessMeaning, string][]).flatMap(([meaning, names]) =>
    names.split(' ').map((name): [string, AccessMeaning] => [normalise(name), meaning]),
  ),
);

/** Keys that say the same are many; of several in one record, earlier aliases win. */
const aliasRank: ReadonlyMap<string, number> = new Map(
  Object.values(aliases).flatMap((names) =>
    names.split(' ').map((name, rank): [string, number] => [normalise(name), rank]),
  ),
);

export interface KeyMeaning {
  readonly meaning: AccessMeaning;
  /** Lower wins when several keys of a record have one meaning; the operator's own words are -1. */
  readonly rank: number;
}

/** A product's own sense of a key stands behind every key whose sense is the same everywhere. */
const PRODUCT_RANK = 1000;

const CACHE_MAX = 2048;

/** Looks up what a key means: the operator's `fields`, the product's own sense, the aliases. Answers are remembered, bounded. */
export class KeyDictionary {
  readonly #own: ReadonlyMap<string, AccessMeaning>;
  readonly #seen = new Map<string, KeyMeaning | null>();

  readonly #product: ReadonlyMap<string, AccessMeaning>;

  /** @param product what keys mean in a product that measures in units of its own. */
  constructor(fields: Readonly<Record<string, AccessMeaning>>, product: Readonly<Record<string, AccessMeaning>> = {}) {
    this.#own = new Map(Object.entries(fields));
    this.#product = new Map(Object.entries(product));
  }

  meaningOf(key: string): KeyMeaning | undefined {
    const known = this.#seen.get(key);
    if (known !== undefined) return known ?? undefined;
    const own = this.#own.get(key);
    const name = normalise(key);
    const ofProduct = this.#product.get(key);
    const alias = ofProduct ?? byAlias.get(name);
    const found: KeyMeaning | null =
      own !== undefined
        ? { meaning: own, rank: -1 }
        : alias === undefined
          ? null
          : { meaning: alias, rank: ofProduct === undefined ? (aliasRank.get(name) ?? 0) : PRODUCT_RANK };
    if (this.#seen.size < CACHE_MAX && key.length <= 256) this.#seen.set(key, found);
    return found ?? undefined;
  }
}
