import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { aliasOf, type Alias, canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import { redactUrl } from '../../event/credential-text.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { makePrincipal } from '../../event/principal.js';
import { RawSecret } from '../../event/raw-secret.js';
import { formatTime } from '../../event/time.js';
import { describeCredential } from '../../event/token-facts.js';
import { SCHEMA_VERSION, type PrincipalFacts, type TokenEvent, type TokenFacts } from '../../event/token-event.js';
import { parseClientAddress } from '../shared/client-address.js';
import { collectList } from '../shared/collect-each.js';
import { AttributeList, cleanList, longText, readIsoTime, safeId, shortText, timeText } from '../shared/facts.js';
import {
  type JsonObject,
  digText,
  isObject,
  readNumber,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { meaningOf, type VaultMeaning } from './operations.js';
import { refuseOptions } from '../shared/no-options.js';
import { reasonOf } from './reasons.js';
import {
  authNames,
  callerNames,
  dataNames,
  identityTokenNames,
  isHash,
  readRecord,
  secretIdNames,
  type TokenNames,
} from './records.js';

const product = 'vault';

type Events = Result<readonly TokenEvent[], ParseError>;

/**
 * The token of its names. The accessor's hash is the stable identity; a batch token has none, and a refused token is
 * known by the hash of what was presented. A device with `log_raw` writes secrets: those are fingerprinted at once.
 */
function tokenOf(
  names: TokenNames | undefined,
  auth: JsonObject,
  context: ParseContext,
  parent?: Alias,
): TokenFacts | undefined {
  if (names === undefined) return undefined;
  const fp = context.fingerprinter;
  const hashes = names.tokens.filter(isHash);
  const plain = names.tokens.find((token) => !isHash(token));
  const accessor = names.accessor === undefined || isHash(names.accessor) ? names.accessor : safeId(names.accessor, fp);
  const name = names.accessor ?? hashes[0];
  const secret = plain === undefined ? undefined : new RawSecret(plain);
  if (name === undefined)
    return secret === undefined ? undefined : describeCredential(secret, fp, { kind: 'service_token' }).token;
  const issuedMs = readIsoTime(readText(auth, 'token_issue_time'));
  const ttl = readNumber(auth, 'token_ttl');
  const aliases = [aliasOf('vault_accessor', accessor), ...hashes.map((hash) => aliasOf('vault_token_hmac', hash))];
  return tokenFromCanonical(canonical.vault(name), fp, {
    kind: 'service_token',
    secret,
    aliases: aliases.filter((alias) => alias !== undefined),
    issuer: longText(context.instance),
    scopes: cleanList(readTexts(auth, 'policies') ?? readTexts(auth, 'token_policies')),
    issued_at: timeText(issuedMs),
    expires_at: issuedMs === undefined || ttl === undefined || ttl <= 0 ? undefined : timeText(issuedMs + ttl * 1000),
    display_name: shortText(readText(auth, 'display_name')),
    parent,
  });
}

const humanMethods = /^(?:userpass|ldap|oidc|okta|github|radius|saml|kerberos)(?:-|$)/;
const machineMethods = /^(?:approle|kubernetes|aws|gcp|azure|jwt|cert|alicloud|oci|pcf|cf)(?:-|$)/;

/** The entity outlives its tokens; a token without one is known by its display name, `root` or `token-ci`. */
function principalOf(auth: JsonObject, context: ParseContext): PrincipalFacts | undefined {
  const display = readText(auth, 'display_name');
  const metadata = readObject(auth, 'metadata') ?? {};
  const name = longText(
    readText(metadata, 'username') ?? readText(metadata, 'role_name') ?? readText(metadata, 'role') ?? display,
  );
  const entity = longText(readText(auth, 'entity_id'));
  // Every token that was made without a name of its own is called `token`.
  const isNamed = display !== undefined && display !== 'token';
  const id = entity ?? longText(isNamed ? `display_name:${display}` : undefined);
  if (id === undefined) return undefined;
  const method = display ?? '';
  const kind = humanMethods.test(method) ? 'user' : machineMethods.test(method) ? 'service_account' : 'unknown';
  return makePrincipal({ kind, issuer: `vault:${context.instance}`, id, name });
}

/** The account that a login asked for, where its path says so: `auth/userpass/login/anna`. */
const accountForm = /^auth\/(.{1,256})\/login\/([^/]{1,256})$/;

/**
 * Who was refused at a login: a name that somebody typed is never the person, whom only a success proves. Other methods than those of people
 * tell the account in hashed data.
 */
function typedPrincipal(path: string, context: ParseContext): PrincipalFacts | undefined {
  const [, mount, typed] = accountForm.exec(path) ?? [];
  const name = longText(typed);
  if (mount === undefined || name === undefined) return undefined;
  return makePrincipal({ kind: 'user', issuer: `vault:${context.instance}`, id: `username:${mount}/${name}`, name });
}

interface Call {
  readonly record: JsonObject;
  readonly request: JsonObject;
  readonly response: JsonObject;
  readonly meaning: VaultMeaning;
  readonly failed: boolean;
  readonly context: ParseContext;
}

interface Parties {
  readonly token: TokenFacts | undefined;
  readonly principal: PrincipalFacts | undefined;
  readonly issued: boolean;
}

function partiesOf(call: Call): Parties {
  const { record, request, response, meaning, failed, context } = call;
  const auth = readObject(record, 'auth') ?? {};
  const caller = callerNames(record, meaning.login === true);
  const wrap = readObject(response, 'wrap_info');
  const asCaller = (): Parties => ({
    token: tokenOf(caller, meaning.login === true ? {} : auth, context),
    principal: principalOf(auth, context),
    issued: false,
  });
  if (meaning.subject === 'issued' && !failed) {
    const made = readObject(response, 'auth') ?? (meaning.login === true ? auth : undefined);
    // A wrapped login answers with the wrapping token; the accessor of the token inside is told beside it.
    const wrapped = wrap === undefined ? undefined : readText(wrap, 'wrapped_accessor');
    const names = authNames(made) ?? (wrapped === undefined ? undefined : { accessor: wrapped, tokens: [] });
    const parent =
      meaning.login === true
        ? (parentOf(caller, context) ?? secretIdOf(request))
        : meaning.action === 'issue'
          ? parentOf(caller, context)
          : undefined;
    if (names !== undefined && made !== undefined) {
      return { token: tokenOf(names, made, context, parent), principal: principalOf(made, context), issued: true };
    }
    if (names !== undefined)
      return { token: tokenOf(names, {}, context, parent), principal: principalOf(auth, context), issued: true };
  }
  if (meaning.subject === 'wrapping') {
    const made =
      wrap === undefined
        ? undefined
        : authNames({ accessor: readText(wrap, 'accessor'), client_token: readText(wrap, 'token') });
    const parent = meaning.action === 'issue' ? parentOf(caller, context) : undefined;
    if (made !== undefined)
      return { token: tokenOf(made, {}, context, parent), principal: principalOf(auth, context), issued: true };
    const shown = dataNames(request);
    return shown === undefined ? asCaller() : { ...asCaller(), token: tokenOf(shown, {}, context) };
  }
  if (meaning.subject === 'named') {
    const named = dataNames(request);
    // Whose token it is the record does not say; the one who asked is in the attributes, never its owner.
    if (named !== undefined) return { token: tokenOf(named, {}, context), principal: undefined, issued: false };
    // What is named nowhere is not the token of who asked.
    return { token: undefined, principal: principalOf(auth, context), issued: false };
  }
  if (meaning.subject === 'secret_id' || meaning.subject === 'identity_token') {
    const isSecretId = meaning.subject === 'secret_id';
    const names = isSecretId ? secretIdNames(request, response) : identityTokenNames(response);
    const parent = meaning.action === 'create' || meaning.action === 'issue' ? parentOf(caller, context) : undefined;
    const made = tokenOf(names, {}, context, parent);
    // A secret id is the role's, which the record names by its path alone; an identity token is of who asked.
    return {
      token: made === undefined ? undefined : tokenWith(made, { kind: isSecretId ? 'api_key' : 'id_token' }),
      principal: isSecretId ? undefined : principalOf(auth, context),
      issued: false,
    };
  }
  return asCaller();
}

function parentOf(caller: TokenNames | undefined, context: ParseContext): Alias | undefined {
  if (caller === undefined) return undefined;
  if (caller.accessor !== undefined) {
    return aliasOf(
      'vault_accessor',
      isHash(caller.accessor) ? caller.accessor : safeId(caller.accessor, context.fingerprinter),
    );
  }
  return aliasOf('vault_token_hmac', caller.tokens.find(isHash));
}

/** The secret id that an AppRole login showed, by its hash: what the new token was made from. */
function secretIdOf(request: JsonObject): Alias | undefined {
  const shown = digText(request, 'data', 'secret_id');
  return shown !== undefined && isHash(shown) ? aliasOf('vault_token_hmac', shown) : undefined;
}

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
  attributes.add('lease_id', digText(response, 'secret', 'lease_id'));
  attributes.add('wrap_creation_path', readText(wrap, 'creation_path'));
  attributes.add('wrap_ttl', readNumber(wrap, 'ttl'));
  attributes.add('remaining_uses', readNumber(auth, 'remaining_uses'));
  attributes.add('client_certificate_serial_number', readText(request, 'client_certificate_serial_number'));
  attributes.add('forwarded_from', readText(record, 'forwarded_from'));
  attributes.add('replication_cluster', readText(request, 'replication_cluster'));
  return attributes.done();
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
  const failed = errorText !== undefined;
  const known = type === 'request' || type === 'response';
  const path = readText(request, 'path') ?? '';
  const found = meaningOf(readText(request, 'operation') ?? '', path);
  const meaning: VaultMeaning = known ? found : { action: 'other', subject: 'caller' };
  const call: Call = { record, request, response, meaning, failed, context };
  const parties = partiesOf(call);
  const { token, issued } = parties;
  const auth = readObject(record, 'auth');
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
  const toldError = failed && !isHash(errorText) ? errorText : undefined;
  const detail = toldError === undefined ? undefined : longText(toldError.replace(/\s+/g, ' ').trim());
  const userAgent = longText(headerOf(request, 'user-agent'));
  const safeRequestId = safeId(requestId, context.fingerprinter);
  const attributes = attributesOf(call, principal);
  if (failed) event.reason = reasonOf(toldError ?? '', login, auth !== undefined, presented);
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
  return ok([event]);
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
  if (type === 'request' && readText(record, 'error') === undefined) return ok([]);
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
  recognise({ json }) {
    if (!isObject(json) || !/^(?:request|response)$/.test(readText(json, 'type') ?? '')) return undefined;
    const request = readObject(json, 'request');
    const isCall = request !== undefined && (readText(request, 'operation') ?? readText(request, 'path')) !== undefined;
    return isCall ? { confidence: 1, reason: 'type and request of a Vault audit record' } : undefined;
  },
};
