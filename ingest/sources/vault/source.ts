import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { redactUrl } from '../../event/credential-text.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { formatTime } from '../../event/time.js';
import { SCHEMA_VERSION, type PrincipalFacts, type TokenEvent, type TokenFacts } from '../../event/token-event.js';
import { parseClientAddress } from '../shared/client-address.js';
import { collectList } from '../shared/collect-each.js';
import { AttributeList, longText, readIsoTime, safeId, shortText } from '../shared/facts.js';
import {
  type JsonObject,
  digText,
  digValue,
  isObject,
  readNumber,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { givesCertificate, type Mounted } from './engines.js';
import { isKmip, kmipRefused } from './kmip.js';
import { madeCertificate, madeLease } from './leases.js';
import type { VaultMeaning } from './meaning.js';
import { meaningOf } from './operations.js';
import { refuseOptions } from '../shared/no-options.js';
import { reasonOf } from './reasons.js';
import { type Call, parentOf, partiesOf, principalOf, typedPrincipal } from './parties.js';
import { authNames, callerNames, isHash, readRecord } from './records.js';

const product = 'vault';

type Events = Result<readonly TokenEvent[], ParseError>;

/** Vault's own test of an error response (logical.Response.IsError): data with the one member `error`. */
function responseError(response: JsonObject): string | undefined {
  const data = readObject(response, 'data');
  return data !== undefined && Object.keys(data).length === 1 ? readText(data, 'error') : undefined;
}

function attributesOf(
  { record, request, response, context }: Call,
  principal: PrincipalFacts | undefined,
): TokenEvent['attributes'] | undefined {
  const auth = readObject(record, 'auth') ?? {};
  const wrap = readObject(response, 'wrap_info') ?? {};
  const attributes = new AttributeList();
  const actor = principalOf(auth, context)?.principal_uid;
  if (actor !== principal?.principal_uid) attributes.add('actor', actor);
  attributes.add('mount_point', readText(request, 'mount_point'));
  attributes.add('mount_type', readText(request, 'mount_type'));
  attributes.add('token_type', readText(readObject(response, 'auth') ?? auth, 'token_type'));
  attributes.add('client_id', readText(request, 'client_id'));
  attributes.add('policy_allowed', digText(auth, 'policy_results', 'allowed'));
  attributes.add('granting_policies', grantingPolicies(auth));
  attributes.add('policy_override', readText(request, 'policy_override'));
  attributes.add('entity_created', readText(auth, 'entity_created'));
  attributes.add('num_uses', readNumber(readObject(response, 'auth') ?? auth, 'num_uses'));
  attributes.add('mount_running_version', readText(request, 'mount_running_version'));
  attributes.add('mount_running_sha256', readText(request, 'mount_running_sha256'));
  attributes.add('lease_id', digText(response, 'secret', 'lease_id'));
  attributes.add('wrap_creation_path', readText(wrap, 'creation_path'));
  attributes.add('wrap_ttl', readNumber(wrap, 'ttl'));
  attributes.add('remaining_uses', readNumber(auth, 'remaining_uses'));
  attributes.add('client_certificate_serial_number', readText(request, 'client_certificate_serial_number'));
  attributes.add('forwarded_from', readText(record, 'forwarded_from'));
  attributes.add('replication_cluster', readText(request, 'replication_cluster'));
  return attributes.done();
}

function grantingPolicies(auth: JsonObject): string | undefined {
  const list = digValue(auth, 'policy_results', 'granting_policies');
  if (!Array.isArray(list)) return undefined;
  const names = (list.slice(0, 64) as unknown[]).map((policy) =>
    isObject(policy) ? readText(policy, 'name') : undefined,
  );
  return names.filter((name) => name !== undefined).join(' ');
}

function headerOf(request: JsonObject, name: string): string | undefined {
  const value = readTexts(readObject(request, 'headers') ?? {}, name)?.[0];
  return value?.startsWith('hmac-sha256:') === true ? undefined : value;
}

function eventOf(record: JsonObject, type: string, context: ParseContext, ordinal: number): Events {
  const request = readObject(record, 'request');
  if (request === undefined) {
    return refuse(product, '/request', 'The record has no request object.', 'Send the audit device’s records whole.');
  }
  const timeMs = readIsoTime(readText(record, 'time'));
  if (timeMs === undefined) {
    return refuse(product, '/time', 'The record has no readable time.', 'Keep `time`, RFC 3339 with its zone.');
  }
  const response = readObject(record, 'response') ?? {};
  const errorText = readText(record, 'error') ?? responseError(response);
  const kmip = isKmip(type);
  const failed = errorText !== undefined || (kmip && kmipRefused(response));
  const known = type === 'request' || type === 'response';
  const path = readText(request, 'path') ?? '';
  const mounted = mountedOf(request, path);
  const found = givesToken(path, response)
    ? loginMeaning
    : meaningOf(readText(request, 'operation') ?? '', path, mounted);
  const unknown: VaultMeaning = kmip
    ? { action: 'use', subject: 'client_certificate' }
    : { action: 'other', subject: 'caller' };
  const meaning = known ? found : unknown;
  const call: Call = { record, request, response, meaning, failed, context };
  const parties = partiesOf(call);
  const { token, issued } = parties;
  // A token that Vault does not know has an auth block too, with nothing but a type.
  const isKnown = authNames(readObject(record, 'auth')) !== undefined;
  const presented = readText(request, 'client_token') !== undefined;
  const login = meaning.login === true;
  const principal =
    parties.principal ?? (login && failed ? typedPrincipal(redactUrl(path.slice(0, 4096)).path, context) : undefined);
  // A use needs a credential: what answers without one (sys/health, sys/seal-status) is no use of a token.
  const action =
    login && issued ? 'issue' : meaning.action === 'use' && token === undefined && !failed ? 'other' : meaning.action;
  const requestId = readText(request, 'id');
  const address = parseClientAddress(readText(request, 'remote_address') ?? '');
  const port = readNumber(request, 'remote_port');
  const { path: safePath } = redactUrl(path.slice(0, 4096));
  const recordType = shortText(type);
  const { instance } = context;
  const event: Draft<TokenEvent> = {
    schema_version: SCHEMA_VERSION,
    // Request and response of one call have one id, so a denial that both tell of is one event.
    event_uid:
      requestId === undefined
        ? eventUidFromPosition(product, instance, context.position, ordinal)
        : eventUidFromId(product, instance, requestId),
    time: formatTime(timeMs),
    observed_time: formatTime(context.observedMs),
    source:
      recordType === undefined
        ? { product, instance, kind: 'issuer' }
        : { product, instance, kind: 'issuer', record_type: recordType },
    action,
    outcome: failed ? 'failure' : 'success',
  };
  const toldError = errorText !== undefined && !isHash(errorText) ? errorText : undefined;
  const detail = toldError === undefined ? undefined : longText(toldError.replace(/\s+/g, ' ').trim());
  const userAgent = longText(headerOf(request, 'user-agent'));
  const safeRequestId = safeId(requestId, context.fingerprinter);
  const attributes = attributesOf(call, principal);
  if (failed) event.reason = reasonOf(toldError ?? '', login, isKnown, presented);
  if (detail !== undefined) event.reason_detail = detail;
  if (token !== undefined) event.token = token;
  if (principal !== undefined) event.principal = principal;
  if (address !== undefined) {
    const isPort = port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536;
    event.client = address.port === undefined && isPort ? { address: address.address, port } : address;
  }
  if (userAgent !== undefined) event.user_agent = userAgent;
  event.target = targetOf(request, safePath);
  if (safeRequestId !== undefined) event.trace = { request_id: safeRequestId };
  if (readText(request, 'client_certificate_serial_number') !== undefined) event.transport = 'mtls';
  if (isRaw(record)) event.exposures = ['token_in_log'];
  if (attributes !== undefined) event.attributes = attributes;
  const handed = failed || meaning.action !== 'use' ? undefined : handedOut(call, mounted);
  if (handed === undefined) return ok([event]);
  // The call is a use of the caller's token, and what it answers with is a credential of its own.
  const uid =
    requestId === undefined
      ? eventUidFromPosition(product, instance, context.position, ordinal + 65_536)
      : eventUidFromId(product, instance, `${requestId}#issued`);
  return ok([event, { ...event, event_uid: uid, action: 'issue', token: handed }]);
}

const loginMeaning: VaultMeaning = { action: 'login', subject: 'issued', login: true };

/** An auth method that answers with a token has signed somebody in, whatever it calls the endpoint. */
function givesToken(path: string, response: JsonObject): boolean {
  return /^\/?auth\/(?!token\/)/.test(path) && authNames(readObject(response, 'auth')) !== undefined;
}

function mountedOf(request: JsonObject, path: string): Mounted | undefined {
  const type = readText(request, 'mount_type');
  const point = readText(request, 'mount_point') ?? '';
  // Before 1.10 the record has no mount point; a mount of more than one part cannot be told then.
  const mount = point === '' ? `${path.split('/', 1)[0] ?? ''}/` : point;
  return type === undefined || !path.startsWith(mount)
    ? undefined
    : { type, rest: path.slice(mount.length).replace(/\/$/, '') };
}

/** The credential that a secrets engine made: under a lease, or a certificate without one. */
function handedOut({ record, request, response, context }: Call, mounted: Mounted | undefined): TokenFacts | undefined {
  const parent = parentOf(callerNames(record, false), context);
  const certificate =
    mounted !== undefined && givesCertificate(mounted)
      ? madeCertificate(request, response, context, parent)
      : undefined;
  return certificate ?? madeLease(request, response, context, parent);
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function targetOf(request: JsonObject, safePath: string): NonNullable<TokenEvent['target']> {
  const target: Draft<NonNullable<TokenEvent['target']>> = { service: product };
  const namespace = shortText(digText(request, 'namespace', 'path'));
  const method = shortText(readText(request, 'operation'));
  const path = longText(safePath);
  const route = routeOf(request);
  if (namespace !== undefined) target.namespace = namespace;
  if (method !== undefined) target.method = method;
  if (path !== undefined) target.path = path;
  if (route !== undefined) target.route = route;
  return target;
}

/** Mount and wildcard: Vault paths hold names of secrets without end, the mount is what stays. */
function routeOf(request: JsonObject): string | undefined {
  const mount = shortText(readText(request, 'mount_point'));
  return mount === undefined ? undefined : `${mount.endsWith('/') ? mount : `${mount}/`}{*}`;
}

/** A device with `log_raw=true` wrote the token itself. */
function isRaw(record: JsonObject): boolean {
  const isShown = (token: string | undefined): boolean => token !== undefined && !isHash(token);
  return (
    isShown(digText(record, 'auth', 'client_token')) ||
    isShown(digText(record, 'request', 'client_token')) ||
    isShown(digText(record, 'response', 'auth', 'client_token')) ||
    isShown(digText(record, 'response', 'wrap_info', 'token')) ||
    isShown(digText(record, 'response', 'data', 'secret_id'))
  );
}

function parseOne(raw: string, context: ParseContext, ordinal: number): Events {
  const read = readRecord(raw);
  if (!read.ok) return read;
  const record = read.value;
  if (record === undefined) return ok([]);
  const type = readText(record, 'type');
  if (type === undefined) {
    return refuse(
      product,
      '/type',
      'The record has no type.',
      'Send audit records; their type is request or response.',
    );
  }
  // The response tells all that the request does and how it ended; a request speaks alone only of its refusal.
  if (/^(?:kmip-)?request$/.test(type) && readText(record, 'error') === undefined) return ok([]);
  return eventOf(record, type, context, ordinal);
}

function parse(raw: string, context: ParseContext): Events {
  if (!/^\s*\[\s*[{\]]/.test(raw.slice(0, 64))) return parseOne(raw, context, 0);
  return collectList(product, splitDocument(raw, []), (part, ordinal) => parseOne(part, context, ordinal));
}

/** HashiCorp Vault and OpenBao audit devices (file, syslog, socket; JSON). */
export const vaultFactory: SourceFactory = {
  product,
  kinds: ['issuer'],
  variants: [],
  create(options): Source {
    refuseOptions(product, options);
    return {
      product,
      kind: 'issuer',
      framing: 'document',
      parse,
      split: (document) => ok(splitDocument(document, [])),
    };
  },
  recognise({ json: whole }) {
    const json: unknown = Array.isArray(whole) ? whole[0] : whole;
    const type = isObject(json) ? (readText(json, 'type') ?? '') : '';
    if (!isObject(json) || !/^(?:kmip-)?(?:request|response)$/.test(type)) return undefined;
    const request = readObject(json, 'request');
    if (isKmip(type) && request !== undefined)
      return { confidence: 1, reason: 'type and request of a KMIP record of Vault' };
    const isCall = request !== undefined && (readText(request, 'operation') ?? readText(request, 'path')) !== undefined;
    return isCall ? { confidence: 1, reason: 'type and request of a Vault audit record' } : undefined;
  },
};
