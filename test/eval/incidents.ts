import { episodesOf, inTime } from '../../api/alerts/episodes.js';
import { defaultPolicy, maxSeverity, severityRank } from '../../api/alerts/policy.js';
import { riskSeverity } from '../../api/alerts/risk.js';
import { Subjects } from '../../api/alerts/subject.js';
import type { Severity } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';

/** An alert as its receivers see it: everything that befell one subject in one episode. */
export interface Incident {
  /** Findings that raise it, in order of time. */
  readonly raising: readonly Finding[];
  readonly severity: Severity;
}

/** Incidents of the findings of one simulation, by the grouping and the risk of the product with its shipped policy. */
export function incidentsOf(findings: readonly Finding[]): readonly Incident[] {
  const subjects = new Subjects(findings, []);
  const bySubject = new Map<string, Finding[]>();
  for (const finding of findings) {
    const subject = subjects.ofFinding(finding);
    const list = bySubject.get(subject);
    if (list === undefined) bySubject.set(subject, [finding]);
    else list.push(finding);
  }
  return [...bySubject.values()].flatMap((list) =>
    episodesOf(list.sort(inTime), [], defaultPolicy).map(({ raising, risk }) => ({
      raising: [...raising].sort(inTime),
      severity: raising.map(({ severity }) => severity).reduce(maxSeverity, riskSeverity(risk, defaultPolicy.risk)),
    })),
  );
}

const isFrom = (severity: Severity, least: Severity): boolean => severityRank(severity) >= severityRank(least);

/** What a destination is told of unless it is set otherwise (`severity_min: medium`). */
export const isTold = ({ severity }: Incident): boolean => isFrom(severity, 'medium');

/** A finding of which one alone is to be believed; debts of the owner are none. */
export const isSure = ({ fidelity, severity }: Finding): boolean => fidelity === 'high' && isFrom(severity, 'medium');

/**
 * What calls somebody out of bed: a sure finding, or a severity from high on, also by risk alone. The example of docs/alerts.md
 * sends high and critical ones to the pager; here sure ones of medium severity count as well.
 */
export const isPage = (incident: Incident): boolean =>
  isFrom(incident.severity, 'high') || incident.raising.some(isSure);
