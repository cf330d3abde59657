import type { Severity } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { episodesOf, inTime } from './episodes.js';
import { maxSeverity, type AlertPolicy } from './policy.js';
import { riskSeverity } from './risk.js';
import { Subjects } from './subject.js';

/** An alert as its receivers see it: everything that befell one subject in one episode. */
export interface Incident {
  /** Findings that raise it, in order of time. */
  readonly raising: readonly Finding[];
  readonly severity: Severity;
}

/** Incidents of findings of which none is in an alert yet. */
export function incidentsOf(findings: readonly Finding[], policy: AlertPolicy): readonly Incident[] {
  const subjects = new Subjects(findings, []);
  const bySubject = new Map<string, Finding[]>();
  for (const finding of findings) {
    const subject = subjects.ofFinding(finding);
    const list = bySubject.get(subject);
    if (list === undefined) bySubject.set(subject, [finding]);
    else list.push(finding);
  }
  return [...bySubject.values()].flatMap((list) =>
    episodesOf(list.sort(inTime), [], policy).map(({ raising, risk }) => ({
      raising: [...raising].sort(inTime),
      severity: raising.map(({ severity }) => severity).reduce(maxSeverity, riskSeverity(risk, policy.risk)),
    })),
  );
}
