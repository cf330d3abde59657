import type { Action, Outcome, PrincipalFacts, Reason, TokenEvent, TokenKind } from '../../event/token-event.js';
import type { AccessMeaning, KeyDictionary } from './access-fields.js';
import { parseAccessTime } from './access-time.js';
import { parseClientAddress, type ClientAddress } from './client-address.js';
import { takeForwardedCertificate } from './forwarded-certificate.js';
import { asNumber, asText, isObject, type JsonObject } from './json-reader.js';

/** What an access log line said, read but neither redacted nor fingerprinted. It lives inside `parse` only. */
export interface AccessRecord {
  timeMs: number;
  recordType: string;
  /** The product's own id of the record; without one its place names the event. */
  id?: string;
  /** `use` where the record does not say more. */
  action?: Action;
  sessionId?: string;
  method?: string;
  /** Path with query, as requested. */
  target?: string;
  /** The product's own template of the path. */
  route?: string;
  authority?: string;
  /** SNI; Istio's names the service that its client called. */
  serverName?: string;
  status?: number;
  /** Code of gRPC, by number or name. */
  grpcStatus?: string;
  requestBytes?: number;
  responseBytes?: number;
  durationMs?: number;
  client?: ClientAddress;
  clientPort?: number;
  forwarded?: string;
  userAgent?: string;
  referer?: string;
  user?: string;
  requestId?: string;
  traceId?: string;
  direction?: NonNullable<TokenEvent['direction']>;
  callerService?: string;
  callerNamespace?: string;
  targetService?: string;
  targetNamespace?: string;
  spiffeId?: string;
  transport?: NonNullable<TokenEvent['transport']>;
  /** The client's certificate did not stand the proxy's check, so it proves nothing. */
  certificateFailed?: boolean;
  authorization?: string;
  apiKey?: string;
  tokenFp?: string;
  claims?: Record<string, unknown>;
  /** Of the header of the JWT that the claims are of. */
  jwtAlgorithm?: string;
  jwtKeyId?: string;
  /** The proxy's own non-secret name of the credential that it checked. */
  credential?: { readonly issuer: string; readonly id: string; readonly kind: TokenKind };
  /** Whom the proxy took the caller for. */
  consumer?: { readonly id: string; readonly name?: string; readonly kind: PrincipalFacts['kind'] };
  /** What only this product tells; redacted when the event is built. */
  extra?: [string, string][];
  /** Whether the log has a place for the raw credential, so that an empty place means that none was sent. */
  tellsCredential: boolean;
  /** Set where the product says more than the status does. */
  outcome?: Outcome;
  reason?: Reason;
  reasonDetail?: string;
  responseFlags?: string;
  responseDetails?: string;
  upstreamFailure?: string;
  upstreamCluster?: string;
  upstreamHost?: string;
  routeName?: string;
}

export const newAccessRecord = (recordType: string): AccessRecord => ({
  timeMs: Number.NaN,
  recordType,
  tellsCredential: false,
});

/** Keys looked at in one record, and how deep in its objects. */
const KEYS_MAX = 256;
const DEPTH_MAX = 4;

interface Found {
  rank: number;
  value: unknown;
}

export type AccessFields = ReadonlyMap<AccessMeaning, Found>;

const isAbsent = (value: unknown): boolean => value === null || value === '' || value === '-';
/** Only these may be lists; anywhere else a list says nothing that could be read. */
const listMeanings = new Set<AccessMeaning>(['jwt_aud', 'jwt_scope', 'jwt_claims']);
const isUsable = (meaning: AccessMeaning, value: unknown): boolean =>
  !isAbsent(value) && (typeof value !== 'object' || isObject(value) || listMeanings.has(meaning));

/** Gathers the members of a JSON record by what they mean; nested objects count as dotted keys. */
export function gatherFields(object: JsonObject, dictionary: KeyDictionary): AccessFields {
  const found = new Map<AccessMeaning, Found>();
  let budget = KEYS_MAX;
  const walk = (level: JsonObject, prefix: string, depth: number): void => {
    for (const key in level) {
      if (!Object.hasOwn(level, key)) continue;
      if (budget-- <= 0) return;
      const value = level[key];
      const name = prefix === '' ? key : `${prefix}.${key}`;
      const known = dictionary.meaningOf(name);
      if (isObject(value) && known?.meaning !== 'jwt_claims') {
        if (depth < DEPTH_MAX) walk(value, name, depth + 1);
        continue;
      }
      if (known === undefined) continue;
      const before = found.get(known.meaning);
      if (before === undefined) found.set(known.meaning, { rank: known.rank, value });
      else if (isUsable(known.meaning, value) && (known.rank < before.rank || !isUsable(known.meaning, before.value))) {
        before.rank = known.rank;
        before.value = value;
      }
    }
  };
  walk(object, '', 1);
  return found;
}

/** Upstream lists of retries (`200, 502`) count by their last entry. */
function lastOfList(text: string): string {
  const comma = text.lastIndexOf(',');
  return comma < 0 ? text : text.slice(comma + 1).trim();
}

function numberOf(value: unknown): number | undefined {
  return asNumber(typeof value === 'string' && value.includes(',') ? lastOfList(value) : value);
}

function countOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && number >= 0 && Number.isSafeInteger(number) ? number : undefined;
}

const protocolVersion = / HTTP\/\d(\.\d)?$/i;

/** `Bearer …` where a request line should stand is a header that somebody put into the wrong place. */
const schemeWord = /^(?:basic|bearer|token|dpop|apikey|ssws|negotiate)$/i;

/** Takes `METHOD target HTTP/1.1` apart; false when it is no request line (empty, binary, TLS hello). */
export function readRequestLine(line: string, record: AccessRecord): boolean {
  const space = line.indexOf(' ');
  if (space <= 0 || space > 32) return false;
  for (let i = 0; i < space; i++) {
    const c = line.charCodeAt(i);
    if (!((c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x2d || c === 0x5f)) return false;
  }
  const method = line.slice(0, space);
  if (method === '-' || (space < 10 && space > 3 && schemeWord.test(method))) return false;
  record.method = method;
  // ` HTTP/1.1` has nine characters; only odd request lines need the slower look.
  const tail = line.length - 9;
  if (tail > space && line.startsWith(' HTTP/', tail)) record.target = line.slice(space + 1, tail);
  else record.target = line.slice(space + 1).replace(protocolVersion, '');
  return true;
}

/** An absolute URL gives host and path, CONNECT a host only; anything else is a path. */
export function splitTarget(record: AccessRecord): void {
  const target = record.target;
  if (target === undefined || target.startsWith('/')) return;
  if (record.method === 'CONNECT') {
    record.authority ??= target;
    delete record.target;
    return;
  }
  const scheme = target.indexOf('://');
  if (scheme <= 0 || scheme > 16 || !/^[a-z][a-z0-9+.-]*$/i.test(target.slice(0, scheme))) return;
  const start = scheme + 3;
  const rest = target.slice(start);
  const end = rest.search(/[/?#]/);
  const host = end < 0 ? rest : rest.slice(0, end);
  record.authority ??= host.slice(host.lastIndexOf('@') + 1);
  record.target = end < 0 ? '/' : rest.charAt(end) === '/' ? rest.slice(end) : `/${rest.slice(end)}`;
}

/** W3C trace context: `00-<trace id>-<span id>-<flags>`. */
function traceIdOf(traceparent: string): string | undefined {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/i.exec(traceparent)?.[1];
  return id === undefined || /^0+$/.test(id) ? undefined : id.toLowerCase();
}

const directions: Readonly<Record<string, NonNullable<TokenEvent['direction']>>> = {
  inbound: 'inbound', server: 'inbound', sidecar_inbound: 'inbound', destination: 'inbound',
  outbound: 'outbound', client: 'outbound', sidecar_outbound: 'outbound', source: 'outbound',
  edge: 'edge', gateway: 'edge',
}; // prettier-ignore

const numericClaims = new Set(['exp', 'iat', 'nbf']);
const isClaimSet = (object: JsonObject): boolean =>
  ['iss', 'sub', 'jti', 'sid', 'azp', 'client_id', 'aud'].some((name) => Object.hasOwn(object, name));

/** The claims of a JWT as one object, as JSON text, or below the name that the operator gave the payload. */
function readClaims(value: unknown): JsonObject | undefined {
  let object: unknown = value;
  if (typeof value === 'string' && value.startsWith('{') && value.length <= 65_536) {
    try {
      object = JSON.parse(value) as unknown;
    } catch {
      return undefined;
    }
  }
  for (let depth = 0; depth < 3 && isObject(object); depth++) {
    if (isClaimSet(object)) return object;
    const inner: unknown = Object.values(object).find((member) => isObject(member));
    object = inner;
  }
  return undefined;
}

function setClaim(record: AccessRecord, name: string, value: unknown): void {
  record.claims ??= {};
  if (Object.hasOwn(record.claims, name)) return;
  if (numericClaims.has(name)) {
    const number = asNumber(value);
    if (number !== undefined) record.claims[name] = number;
    return;
  }
  if (name === 'aud' && typeof value === 'string' && value.startsWith('[')) {
    try {
      record.claims[name] = JSON.parse(value) as unknown;
      return;
    } catch {
      // Not a list after all: the text itself is the audience.
    }
  }
  record.claims[name] =
    Array.isArray(value) && name === 'scope' ? value.filter((s) => typeof s === 'string').join(' ') : value;
}

type Setter = (record: AccessRecord, value: unknown, text: string) => void;

function showCertificate(record: AccessRecord): void {
  record.transport = record.certificateFailed === true ? 'tls' : 'mtls';
}

const claim =
  (name: string): Setter =>
  (record, value) =>
    setClaim(record, name, value);

const setters: Readonly<Record<AccessMeaning, Setter>> = {
  time: (r, value, text) => (r.timeMs = parseAccessTime(typeof value === 'number' ? value : text)),
  method: (r, _v, text) => (r.method = text),
  path: (r, _v, text) => (r.target = text),
  url: (r, _v, text) => (r.target ??= text),
  request: (r, _v, text) => {
    const line: AccessRecord = newAccessRecord('');
    if (!readRequestLine(text, line)) return;
    if (line.method !== undefined) r.method ??= line.method;
    if (line.target !== undefined) r.target ??= line.target;
  },
  authority: (r, _v, text) => (r.authority = text),
  status: (r, value) => {
    const status = countOf(value);
    if (status !== undefined && status <= 999) r.status = status;
  },
  grpc_status: (r, _v, text) => (r.grpcStatus = text),
  bytes_received: (r, value) => {
    const bytes = countOf(value);
    if (bytes !== undefined) r.requestBytes = bytes;
  },
  bytes_sent: (r, value) => {
    const bytes = countOf(value);
    if (bytes !== undefined) r.responseBytes = bytes;
  },
  duration_ms: (r, value) => {
    const ms = numberOf(value);
    if (ms !== undefined && ms >= 0) r.durationMs = ms;
  },
  duration_s: (r, value) => {
    const seconds = numberOf(value);
    const ms = seconds === undefined ? Number.NaN : Math.round(seconds * 1e6) / 1000;
    if (ms >= 0 && Number.isFinite(ms)) r.durationMs ??= ms;
  },
  client_address: (r, _v, text) => {
    const client = parseClientAddress(text);
    if (client !== undefined) r.client = client;
    else if (text.includes(',')) r.forwarded ??= text;
  },
  client_port: (r, value) => {
    const port = countOf(value);
    if (port !== undefined && port > 0 && port <= 65535) r.clientPort = port;
  },
  x_forwarded_for: (r, _v, text) => (r.forwarded = text),
  user_agent: (r, _v, text) => (r.userAgent = text),
  referer: (r, _v, text) => (r.referer = text),
  user: (r, _v, text) => (r.user = text),
  request_id: (r, _v, text) => (r.requestId = text),
  trace_id: (r, _v, text) => (r.traceId = text),
  traceparent: (r, _v, text) => {
    const id = traceIdOf(text);
    if (id !== undefined) r.traceId ??= id;
  },
  response_flags: (r, _v, text) => (r.responseFlags = text),
  response_code_details: (r, _v, text) => (r.responseDetails = text),
  upstream_failure: (r, _v, text) => (r.upstreamFailure = text),
  upstream_cluster: (r, _v, text) => (r.upstreamCluster = text),
  upstream_host: (r, _v, text) => (r.upstreamHost = text),
  route_name: (r, _v, text) => (r.routeName = text),
  direction: (r, _v, text) => {
    const word = text.toLowerCase();
    const direction = Object.hasOwn(directions, word) ? directions[word] : undefined;
    if (direction !== undefined) r.direction = direction;
  },
  caller_service: (r, _v, text) => (r.callerService = text),
  caller_namespace: (r, _v, text) => (r.callerNamespace = text),
  target_service: (r, _v, text) => (r.targetService = text),
  target_namespace: (r, _v, text) => (r.targetNamespace = text),
  requested_server_name: (r, _v, text) => {
    r.serverName = text;
    if (!text.startsWith('outbound_.')) r.authority ??= text;
  },
  x_forwarded_client_cert: (r, _v, text) => {
    takeForwardedCertificate(r, text, (r.extra ??= []));
  },
  downstream_peer_uri_san: (r, _v, text) => {
    showCertificate(r);
    const id = text.split(',', 8).find((san) => san.trim().startsWith('spiffe://'));
    if (id !== undefined) r.spiffeId = id.trim();
  },
  downstream_peer_subject: (r, _v, text) => {
    showCertificate(r);
    (r.extra ??= []).push(['peer_subject', text]);
  },
  peer_fingerprint_256: (r, _v, text) => {
    showCertificate(r);
    if (/^[0-9a-f]{64}$/i.test(text))
      (r.extra ??= []).push(['presented_x5t_s256', Buffer.from(text, 'hex').toString('base64url')]);
  },
  dpop_jkt: (r, _v, text) => {
    if (/^[A-Za-z0-9_-]{43}$/.test(text)) (r.extra ??= []).push(['presented_jkt', text]);
  },
  client_verify: (r, _v, text) => {
    if (text === 'SUCCESS') r.transport = 'mtls';
    else if (text.startsWith('FAILED')) {
      r.certificateFailed = true;
      r.transport = 'tls';
    }
  },
  tls_version: (r) => (r.transport ??= 'tls'),
  scheme: (r, _v, text) => {
    if (text === 'https') r.transport ??= 'tls';
    else if (text === 'http') r.transport ??= 'plaintext';
  },
  authorization: (r, _v, text) => (r.authorization = text),
  api_key: (r, _v, text) => (r.apiKey = text),
  token_fp: (r, _v, text) => (r.tokenFp = text),
  jwt_claims: (r, value) => {
    const claims = readClaims(value);
    if (claims !== undefined) for (const name of Object.keys(claims)) setClaim(r, name, claims[name]);
  },
  jwt_iss: claim('iss'),
  jwt_sub: claim('sub'),
  jwt_jti: claim('jti'),
  jwt_sid: claim('sid'),
  jwt_client_id: claim('client_id'),
  jwt_azp: claim('azp'),
  jwt_scope: claim('scope'),
  jwt_aud: claim('aud'),
  jwt_exp: claim('exp'),
  jwt_iat: claim('iat'),
  jwt_nbf: claim('nbf'),
  jwt_typ: claim('typ'),
  jwt_username: claim('preferred_username'),
  jwt_alg: (r, _v, text) => (r.jwtAlgorithm = text),
  jwt_kid: (r, _v, text) => (r.jwtKeyId = text),
  ignore: () => undefined,
};

const credentialMeanings = new Set<AccessMeaning>(['authorization', 'api_key', 'token_fp']);

/** Puts one value where its meaning says; `-`, empty and null are absent. */
export function setField(record: AccessRecord, meaning: AccessMeaning, value: unknown): void {
  // A key that is not there says nothing, not even that it is empty.
  if (value === undefined) return;
  if (credentialMeanings.has(meaning)) record.tellsCredential = true;
  if (isAbsent(value)) {
    // A log that has a place for the TLS version and leaves it empty says that there was none.
    if (meaning === 'tls_version') record.transport ??= 'plaintext';
    return;
  }
  const text = asText(value);
  if (text === undefined && !isUsable(meaning, value)) return;
  setters[meaning](record, value, text ?? '');
}

/** Fills a record from the fields of a JSON object. */
export function recordOfFields(fields: AccessFields, recordType: string): AccessRecord {
  const record = newAccessRecord(recordType);
  for (const [meaning, { value }] of fields) setField(record, meaning, value);
  return record;
}
