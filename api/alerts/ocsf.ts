import type { Severity } from '../../detectors/core/detector.js';
import { parseTime } from '../../ingest/event/time.js';
import type { AlertPayload } from './payload.js';

/** Version of the Open Cybersecurity Schema Framework that these events follow: https://schema.ocsf.io/1.9.0/classes/detection_finding */
const OCSF_VERSION = '1.9.0';

const CLASS_UID = 2004;
const CATEGORY_UID = 2;

const activities = { 1: 'Create', 2: 'Update', 3: 'Close' } as const;
type ActivityId = keyof typeof activities;

const statuses = { 1: 'New', 2: 'In Progress', 3: 'Suppressed', 4: 'Resolved' } as const;
type StatusId = keyof typeof statuses;

const severities: Readonly<Record<Severity, readonly [id: number, caption: string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};
const confidences: Readonly<Record<string, readonly [id: number, caption: string]>> = {
  low: [1, 'Low'],
  medium: [2, 'Medium'],
  high: [3, 'High'],
};

/** Lists may be empty: then the attribute is left out, as OCSF wants it. */
const listed = <T>(name: string, values: readonly T[]): Record<string, readonly T[]> =>
  values.length === 0 ? {} : { [name]: values };

/** ATT&CK ids as OCSF has them: a sub-technique beside its technique. */
const attackOf = (id: string): object => {
  const [technique = id] = id.split('.');
  return { technique: { uid: technique }, ...(technique !== id && { sub_technique: { uid: id } }), version: '17' };
};

const analyticOf = (detector: string, measure: string): object => ({
  type_id: 2,
  type: 'Behavioral',
  uid: `${detector}/${measure}`,
  name: `${detector}: ${measure.replaceAll('_', ' ')}`,
});

interface Parts {
  readonly activity: ActivityId;
  readonly status: StatusId;
  readonly severity: Severity;
  readonly fidelity: string;
  readonly timeMs: number;
  readonly message: string;
  readonly version: string;
  readonly uid: string;
  readonly info: DetectionFinding['finding_info'];
  readonly tokens: readonly { readonly uid: string; readonly name: string }[];
  readonly principal: { readonly uid: string; readonly name: string };
  readonly addresses: readonly string[];
  readonly services: readonly string[];
  readonly isAlert: boolean;
  readonly extra: object;
}

/** What every Detection Finding must have, and what more there is. */
export interface DetectionFinding {
  readonly class_uid: 2004;
  readonly category_uid: 2;
  readonly activity_id: ActivityId;
  readonly type_uid: number;
  readonly time: number;
  readonly severity_id: number;
  readonly metadata: { readonly version: string; readonly [more: string]: unknown };
  readonly finding_info: { readonly uid: string; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

/** One Detection Finding. Times are milliseconds since the Unix epoch, as OCSF's timestamp_t. */
function detectionFinding(parts: Parts): DetectionFinding {
  const [severityId, severity] = severities[parts.severity];
  const [confidenceId, confidence] = confidences[parts.fidelity] ?? [0, 'Unknown'];
  const { principal, tokens, addresses, services } = parts;
  const user = { uid: principal.uid, ...(principal.name !== '' && { name: principal.name }) };
  const evidences = [
    ...addresses.map((ip) => ({ src_endpoint: { ip }, ...(principal.uid !== '' && { actor: { user } }) })),
    ...services.map((svc_name) => ({ dst_endpoint: { svc_name } })),
  ];
  return {
    class_uid: CLASS_UID,
    class_name: 'Detection Finding',
    category_uid: CATEGORY_UID,
    category_name: 'Findings',
    activity_id: parts.activity,
    activity_name: activities[parts.activity],
    type_uid: CLASS_UID * 100 + parts.activity,
    type_name: `Detection Finding: ${activities[parts.activity]}`,
    time: parts.timeMs,
    severity_id: severityId,
    severity,
    status_id: parts.status,
    status: statuses[parts.status],
    confidence_id: confidenceId,
    confidence,
    is_alert: parts.isAlert,
    message: parts.message,
    metadata: {
      version: OCSF_VERSION,
      uid: parts.uid,
      product: { name: 'Tourniquet', vendor_name: 'Tourniquet', version: parts.version },
    },
    finding_info: parts.info,
    ...listed('resources', tokens.map(({ uid, name }) => ({ uid, type: 'Token', ...(name !== '' && { name }) }))),
    ...listed('evidences', evidences),
    ...parts.extra,
  };
} // prettier-ignore

/** A stored finding, as a query gives it. */
export interface ExportedFinding {
  readonly finding_uid: string;
  readonly detector: string;
  readonly measure: string;
  readonly token_uid: string;
  readonly token_name: string;
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly severity: Severity;
  readonly fidelity: string;
  readonly summary: string;
  readonly techniques: readonly string[];
  readonly unit: string;
  readonly observed: number;
  readonly expected: number;
  readonly spread: number;
  readonly sample_count: number;
  readonly window_start: string;
  readonly window_end: string;
  readonly time: string;
  readonly client_address: string;
  readonly target_service: string;
  readonly evidence: readonly string[];
  readonly sql: string;
  readonly suppressed: { readonly by: string; readonly reason: string } | null;
}

const named = (value: string): readonly string[] => (value === '' ? [] : [value]);

/** @param version of the product. */
export function ocsfOfFinding(finding: ExportedFinding, version: string): DetectionFinding {
  const { detector, measure, unit, observed, expected, spread, sample_count, evidence, sql } = finding;
  const timeMs = parseTime(finding.time);
  return detectionFinding({
    activity: 1,
    status: finding.suppressed === null ? 1 : 3,
    severity: finding.severity,
    fidelity: finding.fidelity,
    timeMs,
    message: finding.summary,
    version,
    uid: finding.finding_uid,
    info: {
      uid: finding.finding_uid,
      title: finding.summary,
      created_time: timeMs,
      analytic: analyticOf(detector, measure),
      ...listed('attacks', finding.techniques.map(attackOf)),
      ...listed('related_events', evidence.map((uid) => ({ uid }))),
    },
    tokens: finding.token_uid === '' ? [] : [{ uid: finding.token_uid, name: finding.token_name }],
    principal: { uid: finding.principal_uid, name: finding.principal_name },
    addresses: named(finding.client_address),
    services: named(finding.target_service),
    isAlert: false,
    extra: {
      start_time: parseTime(finding.window_start),
      end_time: parseTime(finding.window_end),
      unmapped: {
        unit,
        observed,
        expected,
        spread,
        sample_count,
        sql,
        ...(finding.suppressed !== null && { suppressed: finding.suppressed }),
      },
    },
  });
} // prettier-ignore

const lifecycle: Readonly<Record<AlertPayload['type'], readonly [ActivityId, StatusId]>> = {
  'alert.opened': [1, 1],
  'alert.escalated': [2, 1],
  'alert.acknowledged': [2, 2],
  'alert.reopened': [2, 1],
  'alert.suppressed': [2, 3],
  'alert.resolved': [3, 4],
  'alert.test': [1, 1],
};

/**
 * A change of an alert: one Detection Finding with the alert's id through all of its life.
 * @param version of the product.
 */
export function ocsfOfAlert({ type, timestamp, data }: AlertPayload, version: string): DetectionFinding {
  const [activity, opened] = lifecycle[type];
  const status = type === 'alert.escalated' && data.state === 'acknowledged' ? 2 : opened;
  const { reading, which, signals } = data;
  const timeMs = parseTime(timestamp);
  return detectionFinding({
    activity,
    status,
    severity: data.severity,
    fidelity: data.fidelity,
    timeMs,
    message: data.title,
    version,
    uid: data.alert_uid,
    info: {
      uid: data.alert_uid,
      title: data.title,
      src_url: data.links.alert,
      first_seen_time: parseTime(data.since),
      last_seen_time: parseTime(data.last_seen),
      modified_time: timeMs,
      analytic: analyticOf(reading.detector, reading.measure),
      ...listed('related_analytics', signals.map((one) => analyticOf(one.detector, one.measure))),
      ...listed('attacks', data.techniques.map(attackOf)),
      ...listed('related_events', data.evidence.map((uid) => ({ uid }))),
    },
    tokens: which.token_uid === '' ? [] : [{ uid: which.token_uid, name: which.token_name }],
    principal: { uid: which.principal_uid, name: which.principal_name },
    addresses: data.from,
    services: data.touching,
    isAlert: type !== 'alert.resolved' && type !== 'alert.suppressed',
    extra: {
      start_time: parseTime(data.since),
      end_time: parseTime(data.last_seen),
      risk_score: Math.round(data.risk),
      remediation: { desc: data.next_step },
      unmapped: { ...reading, sql: data.sql, change: data.change, drill: data.drill },
    },
  });
} // prettier-ignore
