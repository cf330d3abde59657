import { incidentsOf as grouped, type Incident } from '../../api/alerts/incidents.js';
import { defaultPolicy, severityRank } from '../../api/alerts/policy.js';
import type { Severity } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';

export type { Incident };

/** Incidents of the findings of one simulation, by the grouping and the risk of the product with its shipped policy. */
export const incidentsOf = (findings: readonly Finding[]): readonly Incident[] => grouped(findings, defaultPolicy);

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
