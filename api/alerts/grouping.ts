import type { Finding } from '../../detectors/core/finding.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import { caps, type Alert, type AlertReading } from './alert.js';
import { maxFidelity, maxSeverity, severityRank, type AlertPolicy } from './policy.js';

export const noticeKinds = [
  'opened',
  'escalated',
  'acknowledged',
  'resolved',
  'suppressed',
  'reopened',
  'test',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** A change that destinations should hear of. */
export interface Notice {
  readonly alert: Alert;
  readonly kind: NoticeKind;
  /** Names the change within the alert, so that the delivery's id is deterministic. */
  readonly discriminator: string;
}

export interface GroupingOutcome {
  /** Alerts to store, newest version of each, once. */
  readonly changed: readonly Alert[];
  readonly notices: readonly Notice[];
}

/** The key under which findings of one entity meet. */
export const entityKey = (entity: Pick<Finding, 'entity_kind' | 'entity_uid'>): string =>
  `${entity.entity_kind}:${entity.entity_uid}`;

/**
 * Where the same incident may have an alert already, seen from the other stage: a principal's finding names the token
 * that decided, a token's finding its principal.
 */
const kinKey = (finding: Finding): string =>
  finding.entity_kind === 'principal' ? `token:${finding.token_uid}` : `principal:${finding.principal_uid}`;

/** One detector at work in both stages says one thing; what another one says of the kin is news. */
const isSameBy =
  (finding: Finding) =>
  (alert: Alert): boolean =>
    alert.detectors.includes(finding.detector);

/**
 * Folds findings, in log order, into the alerts of their entities. Pure and idempotent: a finding that an alert
 * already holds changes nothing, and the ids depend on the findings alone, never on how they were batched.
 *
 * A token and its principal that the same detector reports in one episode are one alert, that of whichever came first.
 *
 * @param current recent alerts of `entitiesOf` the findings, any state, and every alert that holds one of the findings.
 */
export function groupFindings(
  findings: readonly Finding[],
  current: readonly Alert[],
  policy: AlertPolicy,
  nowIso: string,
): GroupingOutcome {
  const byEntity = new Map<string, Alert[]>();
  for (const alert of current) listOf(byEntity, entityKey(alert)).push(alert);
  const changed = new Map<string, Alert>();
  const notices: Notice[] = [];
  for (const finding of findings) {
    if (severityRank(finding.severity) < severityRank(policy.severityMin)) continue;
    const own = listOf(byEntity, entityKey(finding));
    const kin = listOf(byEntity, kinKey(finding));
    if ([...own, ...kin].some((alert) => alert.finding_uids.includes(finding.finding_uid))) continue;
    const before = episodeOf(own, finding, policy) ?? episodeOf(kin.filter(isSameBy(finding)), finding, policy);
    const after = before === undefined ? open(finding, nowIso) : join(before, finding, nowIso);
    const home = before === undefined || own.includes(before) ? own : kin;
    if (before === undefined) home.push(after);
    else home.splice(home.indexOf(before), 1, after);
    changed.set(after.alert_uid, after);
    const notice = noticeOf(before, after);
    if (notice !== null) notices.push(notice);
  }
  return { changed: [...changed.values()], notices };
}

function listOf(lists: Map<string, Alert[]>, key: string): Alert[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Whose alerts a finding may belong to. */
export const entitiesOf = (finding: Finding): readonly string[] =>
  [finding.entity_uid, finding.entity_kind === 'principal' ? finding.token_uid : finding.principal_uid].filter(
    (uid) => uid !== '',
  );

/** The alert that the finding belongs to: the latest episode within reach. */
function episodeOf(known: readonly Alert[], finding: Finding, policy: AlertPolicy): Alert | undefined {
  return known
    .filter((alert) => continues(alert, finding, policy))
    .reduce<Alert | undefined>(
      (best, alert) => (best === undefined || alert.last_seen > best.last_seen ? alert : best),
      undefined,
    );
}

/** Whether the finding belongs to the alert's episode. */
function continues(alert: Alert, finding: Finding, policy: AlertPolicy): boolean {
  const time = parseTime(finding.time);
  // A suppression takes whatever comes before its end, and nothing after it: the next one is news again.
  if (alert.state === 'suppressed' && alert.suppressed_until !== null) return time < parseTime(alert.suppressed_until);
  const inReach =
    time >= parseTime(alert.first_seen) - policy.episodeGapMs &&
    time <= parseTime(alert.last_seen) + policy.episodeGapMs;
  if (!inReach) return false;
  // Once resolved, only what happened before the end of the episode still belongs to it (late findings).
  return alert.state !== 'resolved' || time <= parseTime(alert.last_seen);
}

/** A suppressed or resolved alert grows in silence; else the first finding and each rise of severity are told. */
function noticeOf(before: Alert | undefined, after: Alert): Notice | null {
  if (before === undefined) return { alert: after, kind: 'opened', discriminator: 'opened' };
  if (after.state === 'suppressed' || after.state === 'resolved') return null;
  if (severityRank(after.severity) <= severityRank(before.severity)) return null;
  return { alert: after, kind: 'escalated', discriminator: `escalated:${after.severity}` };
}

function open(finding: Finding, nowIso: string): Alert {
  return {
    alert_uid: deterministicUuid('alert', finding.entity_kind, finding.entity_uid, finding.finding_uid),
    entity_kind: finding.entity_kind,
    entity_uid: finding.entity_uid,
    token_uid: finding.token_uid,
    token_name: finding.token_name,
    principal_uid: finding.principal_uid,
    principal_name: finding.principal_name,
    severity: finding.severity,
    fidelity: finding.fidelity,
    title: finding.summary,
    first_seen: finding.time,
    last_seen: finding.time,
    finding_count: 1,
    finding_uids: [finding.finding_uid],
    detectors: [finding.detector],
    techniques: finding.techniques.slice(0, caps.techniques),
    client_addresses: named(finding.client_address),
    target_services: named(finding.target_service),
    evidence: finding.evidence.slice(0, caps.evidence),
    reading: readingOf(finding),
    state: 'open',
    suppressed_until: null,
    opened_at: nowIso,
    updated_at: nowIso,
    history: [{ from: null, to: 'open', time: nowIso, actor: 'tourniquet', reason: finding.summary }],
    version: 1,
  };
}

function join(alert: Alert, finding: Finding, nowIso: string): Alert {
  const full = alert.finding_uids.length >= caps.findings;
  const stronger = severityRank(finding.severity) > severityRank(alert.severity);
  return {
    ...alert,
    principal_uid: alert.principal_uid || finding.principal_uid,
    principal_name: alert.principal_name || finding.principal_name,
    token_name: alert.token_name || finding.token_name,
    severity: maxSeverity(alert.severity, finding.severity),
    fidelity: maxFidelity(alert.fidelity, finding.fidelity),
    title: stronger ? finding.summary : alert.title,
    first_seen: alert.first_seen < finding.time ? alert.first_seen : finding.time,
    last_seen: alert.last_seen > finding.time ? alert.last_seen : finding.time,
    finding_count: full ? alert.finding_count : alert.finding_count + 1,
    finding_uids: full ? alert.finding_uids : [...alert.finding_uids, finding.finding_uid],
    detectors: union(alert.detectors, [finding.detector], caps.techniques),
    techniques: union(alert.techniques, finding.techniques, caps.techniques),
    client_addresses: union(alert.client_addresses, named(finding.client_address), caps.addresses),
    target_services: union(alert.target_services, named(finding.target_service), caps.services),
    evidence: union(alert.evidence, finding.evidence, caps.evidence),
    reading: stronger ? readingOf(finding) : alert.reading,
    updated_at: nowIso,
    version: alert.version + 1,
  };
}

function readingOf(finding: Finding): AlertReading {
  const { score } = finding;
  return {
    finding_uid: finding.finding_uid,
    detector: finding.detector,
    measure: score.measure,
    unit: score.unit,
    observed: score.observed,
    expected: score.expected,
    spread: score.spread,
    sample_count: score.sampleCount,
    window_start: formatTime(score.windowStartMs),
    window_end: formatTime(score.windowEndMs),
    summary: finding.summary,
    drill: finding.drill === true,
    sql: finding.sql,
  };
}

const named = (value: string): readonly string[] => (value === '' ? [] : [value]);

function union(known: readonly string[], more: readonly string[], max: number): readonly string[] {
  return [...new Set([...known, ...more])].slice(0, max);
}
