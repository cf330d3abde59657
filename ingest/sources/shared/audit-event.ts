import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { formatTime } from '../../event/time.js';
import {
  SCHEMA_VERSION,
  type Action,
  type Outcome,
  type PrincipalFacts,
  type Reason,
  type SourceKind,
  type TokenEvent,
  type TokenFacts,
} from '../../event/token-event.js';
import type { ParseContext } from '../source.js';
import { parseIpAddress } from './client-address.js';
import { type AttributeList, detailText, longText, shortText } from './facts.js';
import { joinId } from './names.js';

/** What an issuer's audit record said, neither redacted nor bounded yet, except for token and principal. */
export interface AuditRecord {
  /** The product's own id of the record. */
  readonly id: string | undefined;
  readonly timeMs: number;
  readonly recordType: string | undefined;
  readonly action: Action;
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
  /** Code and message in the product's own words. */
  readonly detail?: readonly (string | undefined)[];
  readonly token?: TokenFacts | undefined;
  readonly principal?: PrincipalFacts | undefined;
  /** Address as written; what is none is left out. */
  readonly address?: string | undefined;
  readonly geo?: AuditPlace | undefined;
  readonly userAgent?: string | undefined;
  readonly callerService?: string | undefined;
  readonly callerSpiffeId?: string | undefined;
  readonly target?: AuditTarget;
  readonly sessionId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly transport?: TokenEvent['transport'] | undefined;
  readonly exposures?: TokenEvent['exposures'] | undefined;
  readonly attributes?: AttributeList;
}

export interface AuditPlace {
  readonly country?: string | undefined;
  readonly city?: string | undefined;
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
  readonly asn?: number | undefined;
  readonly asName?: string | undefined;
  /** The source says that the address is that of a proxy or VPN. */
  readonly isProxy?: boolean;
}

export interface AuditTarget {
  readonly service?: string | undefined;
  readonly namespace?: string | undefined;
  readonly address?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly route?: string | undefined;
  readonly status?: number | undefined;
  readonly durationMs?: number | undefined;
}

export interface AuditOrigin {
  readonly product: string;
  readonly kind: SourceKind;
}

const within = (value: number | undefined, bound: number): number | undefined =>
  value !== undefined && Math.abs(value) <= bound ? value : undefined;

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type Client = NonNullable<TokenEvent['client']>;
type Target = NonNullable<TokenEvent['target']>;

/** Undefined for facts of which none is told. */
function unlessEmpty<T extends object>(facts: T): T | undefined {
  for (const name in facts) if (Object.hasOwn(facts, name)) return facts;
  return undefined;
}

function placeOf(geo: AuditPlace): Client['geo'] {
  const place: Draft<NonNullable<Client['geo']>> = {};
  const city = shortText(geo.city);
  const latitude = within(geo.latitude, 90);
  const longitude = within(geo.longitude, 180);
  if (geo.country !== undefined && /^[A-Za-z]{2}$/.test(geo.country))
    place.country_iso_code = geo.country.toUpperCase();
  if (city !== undefined) place.city = city;
  // 0°N 0°E lies in the sea: it is what stands there for a place that is not known.
  if (latitude !== 0 || longitude !== 0) {
    if (latitude !== undefined) place.latitude = latitude;
    if (longitude !== undefined) place.longitude = longitude;
  }
  return unlessEmpty(place);
}

function clientOf({ address, geo }: AuditRecord): Client | undefined {
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined || geo === undefined) return parsed;
  const client: Draft<Client> = { address: parsed.address };
  if (parsed.port !== undefined) client.port = parsed.port;
  const place = placeOf(geo);
  const asName = shortText(geo.asName);
  if (place !== undefined) client.geo = place;
  if (geo.asn !== undefined && Number.isSafeInteger(geo.asn) && geo.asn >= 0) client.asn = geo.asn;
  if (asName !== undefined) client.as_name = asName;
  if (geo.isProxy === true) client.network_kind = 'proxy';
  return client;
}

function targetOf(told: AuditTarget): Target | undefined {
  const target: Draft<Target> = {};
  const service = shortText(told.service);
  const namespace = shortText(told.namespace);
  const address = longText(told.address);
  const method = shortText(told.method);
  const path = longText(told.path);
  const route = longText(told.route);
  const { status, durationMs } = told;
  if (service !== undefined) target.service = service;
  if (namespace !== undefined) target.namespace = namespace;
  if (address !== undefined) target.address = address;
  if (method !== undefined) target.method = method;
  if (path !== undefined) target.path = path;
  if (route !== undefined) target.route = route;
  if (status !== undefined && Number.isInteger(status) && status >= 0 && status <= 999) target.status = status;
  if (durationMs !== undefined && durationMs >= 0) target.duration_ms = durationMs;
  return unlessEmpty(target);
}

function traceOf(traceId: string | undefined, requestId: string | undefined): TokenEvent['trace'] {
  if (traceId === undefined) return requestId === undefined ? undefined : { request_id: requestId };
  return requestId === undefined ? { trace_id: traceId } : { trace_id: traceId, request_id: requestId };
}

function callerOf(service: string | undefined, spiffeId: string | undefined): TokenEvent['caller'] {
  if (service === undefined) return spiffeId === undefined ? undefined : { spiffe_id: spiffeId };
  return spiffeId === undefined ? { service } : { service, spiffe_id: spiffeId };
}

/**
 * The event of an audit record. A record without an id of its own is named by its place.
 *
 * @param ordinal position of the record in the raw text that held it.
 */
export function buildAuditEvent(
  record: AuditRecord,
  origin: AuditOrigin,
  context: ParseContext,
  ordinal: number,
): TokenEvent {
  const { instance, fingerprinter } = context;
  const { product, kind } = origin;
  const recordType = shortText(record.recordType);
  const event: Draft<TokenEvent> = {
    schema_version: SCHEMA_VERSION,
    event_uid:
      record.id === undefined
        ? eventUidFromPosition(product, instance, context.position, ordinal)
        : eventUidFromId(product, instance, record.id),
    time: formatTime(record.timeMs),
    observed_time: formatTime(context.observedMs),
    source:
      recordType === undefined ? { product, instance, kind } : { product, instance, kind, record_type: recordType },
    action: record.action,
    outcome: record.outcome,
  };
  const detail = record.detail === undefined ? undefined : detailText(...record.detail);
  const client = clientOf(record);
  const userAgent = longText(record.userAgent);
  const caller = callerOf(shortText(record.callerService), longText(record.callerSpiffeId));
  const target = record.target === undefined ? undefined : targetOf(record.target);
  const session = joinId(record.sessionId, fingerprinter);
  const trace = traceOf(joinId(record.traceId, fingerprinter), joinId(record.requestId, fingerprinter));
  const attributes = record.attributes?.done();
  // A key is there with a value, or it is not there; one by one is several times as quick as a spread.
  if (record.outcome !== 'success' && record.reason !== undefined) event.reason = record.reason;
  if (detail !== undefined) event.reason_detail = detail;
  if (record.token !== undefined) event.token = record.token;
  if (record.principal !== undefined) event.principal = record.principal;
  if (client !== undefined) event.client = client;
  if (userAgent !== undefined) event.user_agent = userAgent;
  if (caller !== undefined) event.caller = caller;
  if (target !== undefined) event.target = target;
  if (session !== undefined) event.session_uid = session;
  if (trace !== undefined) event.trace = trace;
  if (record.transport !== undefined) event.transport = record.transport;
  if (record.exposures !== undefined) event.exposures = record.exposures;
  if (attributes !== undefined) event.attributes = attributes;
  return event;
}
