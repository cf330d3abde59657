import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import { boundText } from '../../core/text.js';
import { templateRoute } from '../../enrich/route-template.js';
import { canonical, tokenFromCanonical } from '../../event/canonical.js';
import { parseAuthorization, redactText, redactUrl } from '../../event/credential-text.js';
import { eventUidFromPosition } from '../../event/event-uid.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { makePrincipal } from '../../event/principal.js';
import { RawSecret } from '../../event/raw-secret.js';
import { formatTime } from '../../event/time.js';
import {
  describeCredential,
  tokenFromAwsAccessKeyId,
  tokenFromJwtClaims,
  type CredentialFacts,
} from '../../event/token-facts.js';
import {
  limits,
  SCHEMA_VERSION,
  type PrincipalFacts,
  type SourceKind,
  type TokenEvent,
  type TokenFacts,
} from '../../event/token-event.js';
import type { ParseContext } from '../source.js';
import { splitTarget, type AccessRecord } from './access-record.js';
import { clientOfForwarded, type ClientAddress } from './client-address.js';
import { httpOutcome } from './http-outcome.js';

export interface AccessSettings {
  readonly product: string;
  readonly kind: SourceKind;
  readonly trusted: BlockList;
  /** Where the proxy stands, unless the record says it. */
  readonly direction?: NonNullable<TokenEvent['direction']>;
  /** The workload that the proxy stands before: callee of what comes in, caller of what goes out. */
  readonly service?: string;
  readonly namespace?: string;
}

type Draft = { -readonly [K in keyof TokenEvent]: TokenEvent[K] };
type DraftTarget = { -readonly [K in keyof NonNullable<TokenEvent['target']>]: NonNullable<TokenEvent['target']>[K] };
type Exposure = NonNullable<TokenEvent['exposures']>[number];

/** Longer values are cut before they are searched for secrets: what follows would be cut anyway. */
const SEARCHED_MAX = 8192;

/** Redacts free texts of one record and remembers where a secret stood. */
class Redactor {
  readonly exposures = new Set<Exposure>();

  text(value: string, max: number, where: Exposure = 'token_in_log'): string {
    const { text, found } = redactText(value.length > SEARCHED_MAX ? value.slice(0, SEARCHED_MAX) : value);
    if (found) this.exposures.add(where);
    return boundText(text, max);
  }

  short(value: string): string {
    return this.text(value, limits.shortTextMax);
  }

  long(value: string): string {
    return this.text(value, limits.longTextMax);
  }
}

interface Identity {
  token?: TokenFacts;
  principal?: PrincipalFacts;
  session_uid?: string;
}

function fromAuthorization(header: string, record: AccessRecord, context: ParseContext, redactor: Redactor): Identity {
  const fp = context.fingerprinter;
  const { scheme, secret, user } = parseAuthorization(header);
  if (scheme.startsWith('aws4-')) return user === undefined ? {} : { token: tokenFromAwsAccessKeyId(user, fp) };
  if (secret === undefined) return user === undefined ? {} : { principal: basicPrincipal(user, context, redactor) };
  if (scheme !== 'basic') return describeCredential(secret, fp);
  const facts = describeCredential(secret, fp, { kind: 'basic' });
  if (user === undefined) return facts;
  const principal = facts.principal ?? basicPrincipal(user, context, redactor);
  if (facts.token.kind !== 'basic') return { ...facts, principal };
  // Two users may share a password, so the name of a password credential is the user's, not the password's.
  const name = redactor.short(user);
  const issuer = `basic:${record.authority ?? context.instance}`;
  return {
    token: tokenFromCanonical(canonical.key(issuer, name), fp, { kind: 'basic', key_id: name, secret }),
    principal,
  };
}

function basicPrincipal(user: string, context: ParseContext, redactor: Redactor): PrincipalFacts {
  return makePrincipal({ kind: 'user', issuer: context.instance, id: redactor.long(user) });
}

const TOKEN_UID = /^tok_[A-Za-z0-9_-]{22}$/;
const SECRET_FP = /^fp_[A-Za-z0-9_-]{22}$/;

/** A keyed hash that the proxy made: our own form names the token itself, any other one is a key id. */
function fromProxyHash(hash: string, fp: Fingerprinter): Identity {
  if (TOKEN_UID.test(hash)) {
    return { token: { token_uid: hash, fp_key_id: fp.keyId, identity: 'opaque', kind: 'unknown' } };
  }
  if (SECRET_FP.test(hash)) {
    return {
      token: tokenFromCanonical(canonical.key('secret_fp', hash), fp, {
        kind: 'unknown',
        aliases: [{ kind: 'secret_fp', value: hash }],
      }),
    };
  }
  // Hashed once more: if it is the token itself by mistake, it goes no further.
  return describeCredential(new RawSecret(hash), fp);
}

function cleanClaims(claims: Readonly<Record<string, unknown>>, redactor: Redactor): Record<string, unknown> {
  const clean: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(claims)) {
    const value = claims[name];
    if (typeof value === 'string') clean[name] = redactor.text(value, limits.longTextMax);
    else if (Array.isArray(value)) {
      clean[name] = value
        .slice(0, limits.listMax)
        .filter((v) => typeof v === 'string')
        .map((v) => redactor.short(v));
    } else if (typeof value === 'number' || name === 'cnf') clean[name] = value;
  }
  return clean;
}

function identify(
  record: AccessRecord,
  context: ParseContext,
  redactor: Redactor,
  inUrl: RawSecret | undefined,
): Identity {
  const fp = context.fingerprinter;
  let identity: Identity = {};
  if (record.authorization !== undefined) identity = fromAuthorization(record.authorization, record, context, redactor);
  if (identity.token === undefined && record.apiKey !== undefined) {
    identity = { ...identity, ...describeCredential(new RawSecret(record.apiKey), fp, { kind: 'api_key' }) };
  }
  const claims = record.claims;
  if (claims !== undefined && Object.keys(claims).length > 0) {
    const told: CredentialFacts = tokenFromJwtClaims(cleanClaims(claims, redactor), fp);
    if (identity.token === undefined) identity = { ...identity, ...told };
    else if (identity.principal === undefined && told.principal !== undefined) {
      identity = { ...identity, principal: told.principal };
    }
  }
  if (identity.token === undefined && record.tokenFp !== undefined)
    identity = { ...identity, ...fromProxyHash(record.tokenFp, fp) };
  if (identity.token === undefined && inUrl !== undefined) identity = { ...identity, ...describeCredential(inUrl, fp) };
  if (identity.principal === undefined && record.user !== undefined) {
    identity = { ...identity, principal: basicPrincipal(record.user, context, redactor) };
  }
  return identity;
}

function chooseClient(record: AccessRecord, trusted: BlockList): ClientAddress | undefined {
  const { client, forwarded } = record;
  if (forwarded === undefined) return client;
  if (client !== undefined) {
    const family = isIP(client.address);
    const isOwn = family !== 0 && trusted.check(client.address, family === 4 ? 'ipv4' : 'ipv6');
    if (!isOwn) return client;
  }
  return clientOfForwarded(forwarded, trusted) ?? client;
}

interface SpiffeParts {
  readonly service?: string;
  readonly namespace?: string;
}

/** Istio's `spiffe://domain/ns/<namespace>/sa/<account>`; of other ids the last segment names the workload. */
function spiffeParts(id: string): SpiffeParts {
  const parts = id.split('/', 12);
  if (parts[3] === 'ns' && parts[5] === 'sa' && parts[4] !== undefined && parts[6] !== undefined) {
    return { namespace: parts[4], service: parts[6] };
  }
  const last = parts.length > 3 ? parts[parts.length - 1] : undefined;
  return last === undefined || last === '' ? {} : { service: last };
}

function callerOf(record: AccessRecord, redactor: Redactor): TokenEvent['caller'] | undefined {
  const { spiffeId } = record;
  if (spiffeId === undefined && record.callerService === undefined && record.callerNamespace === undefined)
    return undefined;
  const named = spiffeId === undefined ? {} : spiffeParts(spiffeId);
  const service = record.callerService ?? named.service;
  const namespace = record.callerNamespace ?? named.namespace;
  return {
    ...(service !== undefined && { service: redactor.short(service) }),
    ...(namespace !== undefined && { namespace: redactor.short(namespace) }),
    ...(spiffeId !== undefined && { spiffe_id: redactor.long(spiffeId) }),
  };
}

function attributesOf(record: AccessRecord, redactor: Redactor): { key: string; value: string }[] {
  const list: { key: string; value: string }[] = [];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) list.push({ key, value: redactor.long(value) });
  };
  if (record.referer !== undefined) {
    // The path is dropped with the query: what a referer is good for is where the request came from.
    const safe = redactUrl(record.referer.slice(0, SEARCHED_MAX));
    if (safe.exposures.length > 0) redactor.exposures.add('token_in_referer');
    list.push({ key: 'referer', value: redactor.text(safe.path, limits.longTextMax, 'token_in_referer') });
  }
  add('response_flags', record.responseFlags);
  add('upstream_cluster', record.upstreamCluster);
  add('upstream_host', record.upstreamHost);
  add('route_name', record.routeName);
  return list;
}

/** What the operator knows of the proxy's place fills what the record leaves open. */
function placeProxy(record: AccessRecord, settings: AccessSettings): void {
  if (settings.direction !== undefined) record.direction ??= settings.direction;
  const { service, namespace } = settings;
  const isOutbound = record.direction === 'outbound';
  if (service !== undefined) {
    if (isOutbound) record.callerService ??= service;
    else record.targetService ??= service;
  }
  if (namespace !== undefined) {
    if (isOutbound) record.callerNamespace ??= namespace;
    else record.targetNamespace ??= namespace;
  }
}

/** The event of one access record: action `use`, also when no credential is known. `timeMs` must be a time. */
export function buildAccessEvent(record: AccessRecord, context: ParseContext, settings: AccessSettings): TokenEvent {
  const redactor = new Redactor();
  splitTarget(record);
  placeProxy(record, settings);
  const target: DraftTarget = {};
  let inUrl: RawSecret | undefined;
  if (record.targetService !== undefined) target.service = redactor.short(record.targetService);
  if (record.targetNamespace !== undefined) target.namespace = redactor.short(record.targetNamespace);
  if (record.authority !== undefined) target.address = redactor.long(record.authority);
  if (record.method !== undefined) target.method = redactor.short(record.method);
  if (record.target !== undefined) {
    const url = redactUrl(record.target.length > SEARCHED_MAX ? record.target.slice(0, SEARCHED_MAX) : record.target);
    for (const exposure of url.exposures) redactor.exposures.add(exposure);
    inUrl = url.secrets[0];
    target.path = boundText(url.path, limits.longTextMax);
    const query = target.path.indexOf('?');
    target.route = templateRoute(query < 0 ? target.path : target.path.slice(0, query));
  }
  if (record.status !== undefined) target.status = record.status;
  if (record.requestBytes !== undefined) target.request_bytes = record.requestBytes;
  if (record.responseBytes !== undefined) target.response_bytes = record.responseBytes;
  if (record.durationMs !== undefined) target.duration_ms = record.durationMs;

  const identity = identify(record, context, redactor, inUrl);
  const isKnown = identity.token !== undefined || identity.principal !== undefined;
  const byStatus = httpOutcome(record.status, isKnown ? true : record.tellsCredential ? false : undefined);
  const outcome = record.outcome ?? byStatus.outcome;
  const reason = outcome === 'success' ? undefined : (record.reason ?? byStatus.reason);

  const event: Draft = {
    schema_version: SCHEMA_VERSION,
    event_uid: eventUidFromPosition(settings.product, context.instance, context.position),
    time: formatTime(record.timeMs),
    observed_time: formatTime(context.observedMs),
    source: {
      product: settings.product,
      instance: context.instance,
      kind: settings.kind,
      record_type: record.recordType,
    },
    action: 'use',
    outcome,
    target,
  };
  if (reason !== undefined) event.reason = reason;
  if (record.reasonDetail !== undefined) event.reason_detail = redactor.long(record.reasonDetail);
  if (identity.token !== undefined) event.token = identity.token;
  if (identity.principal !== undefined) event.principal = identity.principal;
  if (identity.session_uid !== undefined) event.session_uid = identity.session_uid;
  const client = chooseClient(record, settings.trusted);
  if (client !== undefined) {
    const port = client.port ?? (client === record.client ? record.clientPort : undefined);
    event.client =
      port === undefined
        ? { address: redactor.short(client.address) }
        : { address: redactor.short(client.address), port };
  }
  if (record.userAgent !== undefined) event.user_agent = redactor.long(record.userAgent);
  const caller = callerOf(record, redactor);
  if (caller !== undefined) event.caller = caller;
  if (record.traceId !== undefined || record.requestId !== undefined) {
    event.trace = {
      ...(record.traceId !== undefined && { trace_id: redactor.short(record.traceId) }),
      ...(record.requestId !== undefined && { request_id: redactor.short(record.requestId) }),
    };
  }
  if (record.direction !== undefined) event.direction = record.direction;
  if (record.transport !== undefined) event.transport = record.transport;
  const attributes = attributesOf(record, redactor);
  if (client !== undefined && record.client !== undefined && client !== record.client) {
    // The forwarded address is a claim; who made it is the peer.
    attributes.push({ key: 'peer_address', value: redactor.short(record.client.address) });
  }
  if (attributes.length > 0) event.attributes = attributes;
  if (redactor.exposures.size > 0) event.exposures = [...redactor.exposures];
  return event;
}
