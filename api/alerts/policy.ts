import { fidelities, severities, type Fidelity, type Severity } from '../../detectors/core/detector.js';
import { defaultRisk, type RiskPolicy } from './risk.js';

/** When findings become an alert, and when an episode is over. */
export interface AlertPolicy {
  /** Event time without a finding that raises, after which the next one opens a new alert, milliseconds. */
  readonly episodeGapMs: number;
  /** Findings below are signals: they count for the risk and join alerts, and raise none themselves. */
  readonly severityMin: Severity;
  readonly risk: RiskPolicy;
}

export const defaultPolicy: AlertPolicy = { episodeGapMs: 4 * 3_600_000, severityMin: 'low', risk: defaultRisk };

export const severityRank = (severity: Severity): number => severities.indexOf(severity);

export const fidelityRank = (fidelity: Fidelity): number => fidelities.indexOf(fidelity);

export const maxSeverity = (a: Severity, b: Severity): Severity => (severityRank(a) >= severityRank(b) ? a : b);

export const maxFidelity = (a: Fidelity, b: Fidelity): Fidelity => (fidelityRank(a) >= fidelityRank(b) ? a : b);
