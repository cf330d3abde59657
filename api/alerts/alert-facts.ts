import type { Finding } from '../../detectors/core/finding.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import { caps, type Alert, type AlertReading, type AlertSignal } from './alert.js';
import { fidelityRank, maxFidelity, maxSeverity, severityRank, type AlertPolicy } from './policy.js';
import { pointsOf, riskSeverity } from './risk.js';

type Strength = Pick<AlertSignal, 'severity' | 'fidelity' | 'time' | 'finding_uid'>;

/** Negative if `a` explains an alert better: graver, surer, earlier. */
function byStrength(a: Strength, b: Strength): number {
  const graver = severityRank(b.severity) - severityRank(a.severity);
  if (graver !== 0) return graver;
  const surer = fidelityRank(b.fidelity) - fidelityRank(a.fidelity);
  if (surer !== 0) return surer;
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.finding_uid < b.finding_uid ? -1 : a.finding_uid > b.finding_uid ? 1 : 0;
}

/** Its principal, else its token, else whatever else it is about. */
function subjectOf(finding: Finding): Pick<Finding, 'entity_kind' | 'entity_uid'> {
  if (finding.principal_uid !== '') return { entity_kind: 'principal', entity_uid: finding.principal_uid };
  return finding.token_uid === '' ? finding : { entity_kind: 'token', entity_uid: finding.token_uid };
}

/** A new alert that this finding opens; its history begins with `opened`. */
export function openAlert(finding: Finding, nowIso: string): Alert {
  const { entity_kind, entity_uid } = subjectOf(finding);
  return {
    alert_uid: deterministicUuid('alert', entity_kind, entity_uid, finding.finding_uid),
    entity_kind,
    entity_uid,
    token_uid: finding.token_uid,
    token_name: finding.token_name,
    principal_uid: finding.principal_uid,
    principal_name: finding.principal_name,
    token_uids: named(finding.token_uid),
    signals: [signalOf(finding)],
    risk: 0,
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
    history: [],
    version: 1,
  };
}

/** The opening as the history tells it, once all is known that was there to open it. */
export const opened = (alert: Alert, nowIso: string): Alert => ({
  ...alert,
  history: [{ from: null, to: 'open', time: nowIso, actor: 'tourniquet', reason: alert.title }],
});

/** The alert with one more finding in its lists; the same object if it holds it. */
export function withFinding(alert: Alert, finding: Finding): Alert {
  if (alert.finding_uids.includes(finding.finding_uid)) return alert;
  const full = alert.finding_uids.length >= caps.findings;
  const signals = withSignal(alert.signals, finding, full);
  if (full && signals === alert.signals) return alert;
  return {
    ...alert,
    principal_uid: alert.principal_uid || finding.principal_uid,
    principal_name: alert.principal_name || finding.principal_name,
    ...tokenOf(alert, finding),
    token_uids: union(alert.token_uids, named(finding.token_uid), caps.tokens),
    signals,
    finding_count: full ? alert.finding_count : alert.finding_count + 1,
    finding_uids: full ? alert.finding_uids : [...alert.finding_uids, finding.finding_uid],
    detectors: union(alert.detectors, [finding.detector], caps.techniques),
    techniques: union(alert.techniques, finding.techniques, caps.techniques),
    client_addresses: union(alert.client_addresses, named(finding.client_address), caps.addresses),
    target_services: union(alert.target_services, named(finding.target_service), caps.services),
    evidence: union(alert.evidence, finding.evidence, caps.evidence),
  };
}

/** What a finding that raises the alert says of it, whenever it became known; the same object if that is nothing new. */
export function raisedBy(alert: Alert, finding: Finding): Alert {
  const first_seen = finding.time < alert.first_seen ? finding.time : alert.first_seen;
  const last_seen = finding.time > alert.last_seen ? finding.time : alert.last_seen;
  const severity = maxSeverity(alert.severity, finding.severity);
  const fidelity = maxFidelity(alert.fidelity, finding.fidelity);
  const next = { ...alert, first_seen, last_seen, severity, fidelity };
  if (byStrength(finding, alert.reading) < 0) {
    const token = finding.token_uid === '' ? {} : { token_uid: finding.token_uid, token_name: nameOf(finding, alert) };
    const evidence = [...new Set([...finding.evidence, ...alert.evidence])].slice(0, caps.evidence);
    return { ...next, ...token, reading: readingOf(finding), evidence };
  }
  const same = first_seen === alert.first_seen && last_seen === alert.last_seen;
  return same && severity === alert.severity && fidelity === alert.fidelity ? alert : next;
}

/**
 * Two alerts that turned out to be one incident, as the first of them; the same object if it holds the other already: a kill
 * before the other was closed makes the merge come again.
 */
export function withAlert(alert: Alert, other: Alert): Alert {
  const held = new Set(alert.finding_uids);
  if (other.finding_uids.every((uid) => held.has(uid))) return alert;
  // Findings that both hold must not count twice, nor those that a full list can no longer tell.
  const again = held.size >= caps.findings || other.finding_uids.some((uid) => held.has(uid));
  const signals = [...alert.signals];
  for (const signal of other.signals) {
    const at = signals.findIndex((one) => isSameKind(one, signal));
    const known = signals[at];
    if (known === undefined) signals.push(signal);
    else signals[at] = sum(known, signal, again ? Math.max(known.count, signal.count) : known.count + signal.count);
  }
  signals.sort(byStrength);
  const best = byStrength(other.reading, alert.reading) < 0 ? other : alert;
  const finding_uids = union(alert.finding_uids, other.finding_uids, caps.findings);
  return {
    ...alert,
    principal_uid: alert.principal_uid || other.principal_uid,
    principal_name: alert.principal_name || other.principal_name,
    token_uid: best.token_uid || alert.token_uid || other.token_uid,
    token_name: best.token_uid === '' ? alert.token_name || other.token_name : nameOf(best, alert, other),
    token_uids: union(alert.token_uids, other.token_uids, caps.tokens),
    signals: signals.slice(0, caps.signals),
    risk: Math.max(alert.risk, other.risk),
    severity: maxSeverity(alert.severity, other.severity),
    fidelity: maxFidelity(alert.fidelity, other.fidelity),
    title: best.title,
    first_seen: alert.first_seen < other.first_seen ? alert.first_seen : other.first_seen,
    last_seen: alert.last_seen > other.last_seen ? alert.last_seen : other.last_seen,
    finding_count: finding_uids.length,
    finding_uids,
    detectors: union(alert.detectors, other.detectors, caps.techniques),
    techniques: union(alert.techniques, other.techniques, caps.techniques),
    client_addresses: union(alert.client_addresses, other.client_addresses, caps.addresses),
    target_services: union(alert.target_services, other.target_services, caps.services),
    evidence: union(best.evidence, [...alert.evidence, ...other.evidence], caps.evidence),
    reading: best.reading,
  };
}

/** What follows from all that raised it: risk, the severity that it asks for, and the title; the same object if nothing new. */
export function assessed(alert: Alert, risk: number, policy: AlertPolicy): Alert {
  const highest = Math.max(alert.risk, Math.round(risk * 10) / 10);
  const { reading } = alert;
  const alone = reading.fidelity === 'high' || pointsOf(reading) >= policy.risk.threshold;
  const title = alone ? reading.summary : `Several signals together: ${reading.summary}`;
  const severity = maxSeverity(alert.severity, riskSeverity(highest, policy.risk));
  const same = highest === alert.risk && severity === alert.severity && title === alert.title;
  return same ? alert : { ...alert, risk: highest, severity, title };
}

const isSameKind = (a: Pick<AlertSignal, 'detector' | 'measure'>, b: Pick<AlertSignal, 'detector' | 'measure'>) =>
  a.detector === b.detector && a.measure === b.measure;

function signalOf(finding: Finding): AlertSignal {
  const { score } = finding;
  return {
    detector: finding.detector,
    measure: score.measure,
    unit: score.unit,
    severity: finding.severity,
    fidelity: finding.fidelity,
    techniques: finding.techniques,
    summary: finding.summary,
    finding_uid: finding.finding_uid,
    token_uid: finding.token_uid,
    observed: score.observed,
    expected: score.expected,
    time: finding.time,
    count: 1,
    first_time: finding.time,
    last_time: finding.time,
  };
}

/** Both as one, with the figures of the stronger. */
const sum = (a: AlertSignal, b: AlertSignal, count = a.count + b.count): AlertSignal => ({
  ...(byStrength(a, b) <= 0 ? a : b),
  count,
  first_time: a.first_time < b.first_time ? a.first_time : b.first_time,
  last_time: a.last_time > b.last_time ? a.last_time : b.last_time,
});

/** @param full when the alert can no longer tell which findings it holds: then only what is new of its kind or stronger counts. */
function withSignal(signals: readonly AlertSignal[], finding: Finding, full: boolean): readonly AlertSignal[] {
  const signal = signalOf(finding);
  const known = signals.find((one) => isSameKind(one, signal));
  if (known !== undefined && full && byStrength(known, signal) <= 0) return signals;
  const next = known === undefined ? [...signals, signal] : signals.map((one) => (one === known ? sum(one, signal) : one));
  return next.sort(byStrength).slice(0, caps.signals);
} // prettier-ignore

type NamedToken = Pick<Finding, 'token_uid' | 'token_name'>;

/** Its token's name, or what others call the same token: not every event names it. */
const nameOf = (one: NamedToken, ...others: readonly NamedToken[]): string =>
  one.token_name ||
  (others.find((other) => other.token_uid === one.token_uid && other.token_name !== '')?.token_name ?? '');

function tokenOf(alert: Alert, finding: Finding): NamedToken {
  const { token_uid, token_name } = alert.token_uid === '' ? finding : alert;
  return { token_uid, token_name: nameOf({ token_uid, token_name }, finding) };
}

function readingOf(finding: Finding): AlertReading {
  const { score } = finding;
  return {
    finding_uid: finding.finding_uid,
    severity: finding.severity,
    fidelity: finding.fidelity,
    time: finding.time,
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
  const added = more.filter((value) => !known.includes(value));
  return added.length === 0 ? known : [...new Set([...known, ...added])].slice(0, max);
}
