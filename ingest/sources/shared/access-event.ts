import { BoundedCache } from '../../core/bounded-cache.js';
import { boundText } from '../../core/text.js';
import { templateRoute } from '../../enrich/route-template.js';
import { redactUrl } from '../../event/credential-text.js';
import { sharedFacts } from '../../event/shared-facts.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { formatTime } from '../../event/time.js';
import { limits, SCHEMA_VERSION, type SourceKind, type TokenEvent } from '../../event/token-event.js';
import type { ParseContext } from '../source.js';
import { identify, type UrlFacts } from './access-identity.js';
import { splitTarget, type AccessRecord } from './access-record.js';
import { Redactor, refererOf, SEARCHED_MAX } from './access-redactor.js';
import { TrustedRanges } from '../../core/address-ranges.js';
import { clientOfForwarded, type ClientAddress } from './client-address.js';
import { compact } from './facts.js';
import { grpcOutcome, httpOutcome } from './http-outcome.js';
import { joinId } from './names.js';

export interface AccessSettings {
  readonly product: string;
  readonly kind: SourceKind;
  readonly trusted: TrustedRanges;
  /** Where the proxy stands, unless the record says it. */
  readonly direction?: NonNullable<TokenEvent['direction']>;
  /** The workload that the proxy stands before: callee of what comes in, caller of what goes out. */
  readonly service?: string;
  readonly namespace?: string;
  /** Who calls the proxy, where its records do not say it: the proxy before it. */
  readonly caller?: string;
}

/** Options that place a proxy, as its source validated them. */
export interface PlaceOptions {
  readonly direction?: AccessSettings['direction'] | undefined;
  readonly service?: string | undefined;
  readonly namespace?: string | undefined;
  readonly caller?: string | undefined;
  readonly trusted_proxies: readonly string[];
}

export function accessSettings(product: string, kind: SourceKind, options: PlaceOptions): AccessSettings {
  const { direction, service, namespace, caller } = options;
  return {
    product,
    kind,
    trusted: new TrustedRanges(options.trusted_proxies),
    ...compact({ direction, service, namespace, caller }),
  };
}

type Draft = { -readonly [K in keyof TokenEvent]: TokenEvent[K] };
type DraftTarget = { -readonly [K in keyof NonNullable<TokenEvent['target']>]: NonNullable<TokenEvent['target']>[K] };
function chooseClient(record: AccessRecord, trusted: TrustedRanges): ClientAddress | undefined {
  const { client, forwarded } = record;
  if (forwarded === undefined) return client;
  if (client !== undefined && !trusted.has(client.address)) return client;
  const told = clientOfForwarded(forwarded, trusted);
  // The header that says the peer itself: only the peer has the port.
  return told === undefined || (told.address === client?.address && told.port === undefined) ? client : told;
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
  const caller: { service?: string; namespace?: string; spiffe_id?: string } = {};
  if (service !== undefined) caller.service = redactor.short(service);
  if (namespace !== undefined) caller.namespace = redactor.short(namespace);
  if (spiffeId !== undefined) caller.spiffe_id = redactor.long(spiffeId);
  return caller;
}

function attributesOf(record: AccessRecord, redactor: Redactor): { key: string; value: string }[] {
  const list: { key: string; value: string }[] = [];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) list.push({ key, value: redactor.long(value) });
  };
  if (record.referer !== undefined) {
    list.push({ key: 'referer', value: refererOf(record.referer, redactor) });
  }
  add('response_flags', record.responseFlags);
  add('upstream_cluster', record.upstreamCluster);
  add('upstream_host', record.upstreamHost);
  add('route_name', record.routeName);
  for (const [key, value] of record.extra ?? []) add(key, value);
  return list;
}

/** What the operator knows of the proxy's place fills what the record leaves open. */
function placeProxy(record: AccessRecord, settings: AccessSettings): void {
  if (settings.direction !== undefined) record.direction ??= settings.direction;
  const { service, namespace, caller } = settings;
  const isOutbound = record.direction === 'outbound';
  if (caller !== undefined && !isOutbound && record.spiffeId === undefined) record.callerService ??= caller;
  if (service !== undefined) {
    if (isOutbound) record.callerService ??= service;
    else record.targetService ??= service;
  }
  if (namespace !== undefined) {
    if (isOutbound) record.callerNamespace ??= namespace;
    else record.targetNamespace ??= namespace;
  }
}

/** An instance writes few types of records, often by turns. */
const sources = new WeakMap<AccessSettings, BoundedCache<TokenEvent['source']>>();
const SOURCES_COST = 16 * 1024;

/** The same object for all records of a type. */
function sourceOf(settings: AccessSettings, instance: string, recordType: string): TokenEvent['source'] {
  let known = sources.get(settings);
  if (known === undefined) sources.set(settings, (known = new BoundedCache(SOURCES_COST)));
  const key = `${recordType}\0${instance}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const { product, kind } = settings;
  const made = sharedFacts({ product, instance, kind, record_type: recordType });
  known.set(key, made);
  return made;
}

/** The event of one access record: action `use` unless told, also when no credential is known. `timeMs` must be a time. */
export function buildAccessEvent(record: AccessRecord, context: ParseContext, settings: AccessSettings): TokenEvent {
  const redactor = new Redactor();
  splitTarget(record);
  placeProxy(record, settings);
  const target: DraftTarget = {};
  let urlFacts: UrlFacts = {};
  if (record.targetService !== undefined) target.service = redactor.short(record.targetService);
  if (record.targetNamespace !== undefined) target.namespace = redactor.short(record.targetNamespace);
  if (record.authority !== undefined) target.address = redactor.long(record.authority);
  if (record.method !== undefined) target.method = redactor.short(record.method);
  if (record.target !== undefined) {
    const url = redactUrl(record.target.length > SEARCHED_MAX ? record.target.slice(0, SEARCHED_MAX) : record.target);
    for (const exposure of url.exposures) redactor.expose(exposure);
    urlFacts = url;
    target.path = boundText(url.path, limits.longTextMax);
    const query = target.path.indexOf('?');
    target.route = templateRoute(query < 0 ? target.path : target.path.slice(0, query));
  }
  if (record.route !== undefined) target.route = redactor.long(record.route);
  if (record.status !== undefined) target.status = record.status;
  if (record.requestBytes !== undefined) target.request_bytes = record.requestBytes;
  if (record.responseBytes !== undefined) target.response_bytes = record.responseBytes;
  if (record.durationMs !== undefined) target.duration_ms = record.durationMs;

  const identity = identify(record, context, redactor, urlFacts);
  const isKnown = identity.token !== undefined || identity.principal !== undefined;
  const hasToken = isKnown ? true : record.tellsCredential ? false : undefined;
  const { status, grpcStatus } = record;
  const byStatus = grpcStatus === undefined ? httpOutcome(status, hasToken) : grpcOutcome(grpcStatus, status, hasToken);
  // A user name without a token, or with a password, is no token that could be invalid.
  const isPassword = identity.token === undefined ? identity.principal !== undefined : identity.token.kind === 'basic';
  const statusReason = isPassword && byStatus.reason === 'invalid_token' ? 'invalid_credentials' : byStatus.reason;
  const outcome = record.outcome ?? byStatus.outcome;
  const reason = outcome === 'success' ? undefined : (record.reason ?? statusReason);

  const event: Draft = {
    schema_version: SCHEMA_VERSION,
    event_uid:
      record.id === undefined
        ? eventUidFromPosition(settings.product, context.instance, context.position)
        : eventUidFromId(settings.product, context.instance, record.id),
    time: formatTime(record.timeMs),
    observed_time: formatTime(context.observedMs),
    source: sourceOf(settings, context.instance, record.recordType),
    action: record.action ?? 'use',
    outcome,
    target,
  };
  if (reason !== undefined) event.reason = reason;
  if (record.reasonDetail !== undefined) event.reason_detail = redactor.long(record.reasonDetail);
  if (identity.token !== undefined) event.token = identity.token;
  if (identity.principal !== undefined) event.principal = identity.principal;
  if (identity.session_uid !== undefined) event.session_uid = identity.session_uid;
  else if (record.sessionId !== undefined) {
    const session = joinId(record.sessionId, context.fingerprinter);
    if (session !== undefined) event.session_uid = session;
  }
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
  const traceId = record.traceId === undefined ? undefined : redactor.id(record.traceId, limits.shortTextMax);
  const requestId = record.requestId === undefined ? undefined : redactor.id(record.requestId, limits.shortTextMax);
  if (traceId !== undefined || requestId !== undefined) {
    const trace: { trace_id?: string; request_id?: string } = {};
    if (traceId !== undefined) trace.trace_id = traceId;
    if (requestId !== undefined) trace.request_id = requestId;
    event.trace = trace;
  }
  if (record.direction !== undefined) event.direction = record.direction;
  if (record.transport !== undefined) event.transport = record.transport;
  const attributes = attributesOf(record, redactor);
  if (urlFacts.parameters !== undefined && urlFacts.parameters.length > 0) {
    attributes.push({ key: 'secret_parameters', value: boundText(urlFacts.parameters.join(' '), limits.longTextMax) });
  }
  if (client !== undefined && record.client !== undefined && client !== record.client) {
    // The forwarded address is a claim; who made it is the peer.
    attributes.push({ key: 'peer_address', value: redactor.short(record.client.address) });
  }
  if (attributes.length > 0) event.attributes = attributes;
  if (redactor.exposures !== undefined) event.exposures = redactor.exposures;
  return event;
}
