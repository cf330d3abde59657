import { fidelities, severities, type Fidelity, type Severity } from '../../detectors/core/detector.js';

/** When findings become an alert, and when an episode is over. */
export interface AlertPolicy {
  /** Event time without a finding after which the next one opens a new alert, milliseconds. */
  readonly episodeGapMs: number;
  /** Findings below stay findings: they are stored and searchable, and wake nobody. */
  readonly severityMin: Severity;
}

export const defaultPolicy: AlertPolicy = { episodeGapMs: 4 * 3_600_000, severityMin: 'low' };

export const severityRank = (severity: Severity): number => severities.indexOf(severity);

export const maxSeverity = (a: Severity, b: Severity): Severity => (severityRank(a) >= severityRank(b) ? a : b);

export const maxFidelity = (a: Fidelity, b: Fidelity): Fidelity =>
  fidelities.indexOf(a) >= fidelities.indexOf(b) ? a : b;
