import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { aliasOf, type Alias, canonical, tokenFromCanonical } from '../../event/canonical.js';
import { redactUrl } from '../../event/credential-text.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { makePrincipal } from '../../event/principal.js';
import { RawSecret } from '../../event/raw-secret.js';
import { formatTime } from '../../event/time.js';
import { describeCredential } from '../../event/token-facts.js';
import { SCHEMA_VERSION, type PrincipalFacts, type TokenEvent, type TokenFacts } from '../../event/token-event.js';
import { parseClientAddress } from '../shared/client-address.js';
import { collectList } from '../shared/collect-each.js';
import {
  AttributeList,
  cleanList,
  compact,
  longText,
  readIsoTime,
  safeId,
  shortText,
  timeText,
} from '../shared/facts.js';
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
import { authNames, callerNames, dataNames, isHash, readRecord, type TokenNames } from './records.js';

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
    ...compact({
      issuer: longText(context.instance),
      scopes: cleanList(readTexts(auth, 'policies') ?? readTexts(auth, 'token_policies')),
      issued_at: timeText(issuedMs),
      expires_at: issuedMs === undefined || ttl === undefined || ttl <= 0 ? undefined : timeText(issuedMs + ttl * 1000),
      display_name: shortText(readText(auth, 'display_name')),
      parent,
    }),
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
  const id = entity ?? longText(display === undefined ? undefined : `display_name:${display}`);
  if (id === undefined) return undefined;
  const method = display ?? '';
  const kind = humanMethods.test(method) ? 'user' : machineMethods.test(method) ? 'service_account' : 'unknown';
  return makePrincipal({ kind, issuer: `vault:${context.instance}`, id, name });
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
    const parent = meaning.action === 'issue' ? parentOf(caller, context) : undefined;
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
  const { token, principal, issued } = partiesOf(call);
  const auth = readObject(record, 'auth');
  const presented = readText(request, 'client_token') !== undefined;
  const login = meaning.login === true;
  // A use needs a credential: what answers without one (sys/health, sys/seal-status) is no use of a token.
  const action =
    login && issued ? 'issue' : meaning.action === 'use' && token === undefined && !failed ? 'other' : meaning.action;
  const requestId = readText(request, 'id');
  const address = parseClientAddress(readText(request, 'remote_address') ?? '');
  const port = readNumber(request, 'remote_port');
  const { path: safePath } = redactUrl(path.slice(0, 4096));
  const event: TokenEvent = {
    schema_version: SCHEMA_VERSION,
    // Request and response of one call have one id, so a denial that both tell of is one event.
    event_uid:
      requestId === undefined
        ? eventUidFromPosition(product, context.instance, context.position, ordinal)
        : eventUidFromId(product, context.instance, requestId),
    time: formatTime(timeMs),
    observed_time: formatTime(context.observedMs),
    source: { product, instance: context.instance, kind: 'issuer', ...compact({ record_type: shortText(type) }) },
    action,
    outcome: failed ? 'failure' : 'success',
    ...compact({
      reason: failed ? reasonOf(isHash(errorText) ? '' : errorText, login, auth !== undefined, presented) : undefined,
      reason_detail: failed && !isHash(errorText) ? longText(errorText.replace(/\s+/g, ' ').trim()) : undefined,
      token,
      principal,
      client:
        address === undefined
          ? undefined
          : address.port === undefined && port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536
            ? { ...address, port }
            : address,
      user_agent: longText(headerOf(request, 'user-agent')),
      target: compact({
        service: product,
        namespace: shortText(digText(request, 'namespace', 'path')),
        method: shortText(readText(request, 'operation')),
        path: longText(safePath),
        route: routeOf(request),
      }),
      trace: requestId === undefined ? undefined : compact({ request_id: safeId(requestId, context.fingerprinter) }),
      transport: readText(request, 'client_certificate_serial_number') === undefined ? undefined : ('mtls' as const),
      exposures: isRaw(record) ? (['token_in_log'] as const) : undefined,
      attributes: attributesOf(call, principal),
    }),
  };
  return ok([event]);
}

/** Mount and wildcard: Vault paths hold names of secrets without end, the mount is what stays. */
function routeOf(request: JsonObject): string | undefined {
  const mount = shortText(readText(request, 'mount_point'));
  return mount === undefined ? undefined : `${mount.endsWith('/') ? mount : `${mount}/`}{*}`;
}

/** A device with `log_raw=true` wrote the token itself. */
function isRaw(record: JsonObject): boolean {
  const shown = [
    digText(record, 'auth', 'client_token'),
    digText(record, 'request', 'client_token'),
    digText(record, 'response', 'auth', 'client_token'),
    digText(record, 'response', 'wrap_info', 'token'),
  ];
  return shown.some((token) => token !== undefined && !isHash(token));
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
