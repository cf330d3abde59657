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
import { type AttributeList, compact, detailText, longText, shortText } from './facts.js';
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

function clientOf(record: AuditRecord): TokenEvent['client'] | undefined {
  const parsed = record.address === undefined ? undefined : parseIpAddress(record.address);
  if (parsed === undefined) return undefined;
  const { geo } = record;
  if (geo === undefined) return parsed;
  const country =
    geo.country !== undefined && /^[A-Za-z]{2}$/.test(geo.country) ? geo.country.toUpperCase() : undefined;
  const place = compact({
    country_iso_code: country,
    city: shortText(geo.city),
    latitude: within(geo.latitude, 90),
    longitude: within(geo.longitude, 180),
  });
  return {
    ...parsed,
    ...compact({
      geo: Object.keys(place).length === 0 ? undefined : place,
      asn: geo.asn !== undefined && Number.isSafeInteger(geo.asn) && geo.asn >= 0 ? geo.asn : undefined,
      as_name: shortText(geo.asName),
    }),
  };
}

function targetOf(target: AuditTarget | undefined): TokenEvent['target'] | undefined {
  if (target === undefined) return undefined;
  const { status } = target;
  const facts = compact({
    service: shortText(target.service),
    namespace: shortText(target.namespace),
    address: longText(target.address),
    method: shortText(target.method),
    path: longText(target.path),
    route: longText(target.route),
    status: status !== undefined && Number.isInteger(status) && status >= 0 && status <= 999 ? status : undefined,
    duration_ms: target.durationMs !== undefined && target.durationMs >= 0 ? target.durationMs : undefined,
  });
  return Object.keys(facts).length === 0 ? undefined : facts;
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
  const requestId = joinId(record.requestId, fingerprinter);
  const traceId = joinId(record.traceId, fingerprinter);
  const trace = compact({ trace_id: traceId, request_id: requestId });
  const caller = compact({ service: shortText(record.callerService), spiffe_id: longText(record.callerSpiffeId) });
  const failed = record.outcome !== 'success';
  return {
    schema_version: SCHEMA_VERSION,
    event_uid:
      record.id === undefined
        ? eventUidFromPosition(origin.product, instance, context.position, ordinal)
        : eventUidFromId(origin.product, instance, record.id),
    time: formatTime(record.timeMs),
    observed_time: formatTime(context.observedMs),
    source: {
      product: origin.product,
      instance,
      kind: origin.kind,
      ...compact({ record_type: shortText(record.recordType) }),
    },
    action: record.action,
    outcome: record.outcome,
    ...compact({
      reason: failed ? record.reason : undefined,
      reason_detail: detailText(...(record.detail ?? [])),
      token: record.token,
      principal: record.principal,
      client: clientOf(record),
      user_agent: longText(record.userAgent),
      caller: Object.keys(caller).length === 0 ? undefined : caller,
      target: targetOf(record.target),
      session_uid: joinId(record.sessionId, fingerprinter),
      trace: Object.keys(trace).length === 0 ? undefined : trace,
      transport: record.transport,
      exposures: record.exposures,
      attributes: record.attributes?.done(),
    }),
  };
}
