import type { Fidelity, Severity } from '../../detectors/core/detector.js';

/**
 * Risk of a token or principal: what its findings add up to, fading with event time. Points of a finding are impact times
 * confidence, as in Splunk's risk-based alerting (risk = impact × confidence / 100, notable above 100). Findings of one kind
 * add up with weights 1/k^1.5, strongest first, as in Elastic's entity risk score (Riemann zeta, p = 1.5): one detector that
 * repeats itself tends to 2.61 times its single finding, another one adds in full. docs/detection.md has the formula.
 */
export const impact = { info: 4, low: 75, medium: 125, high: 180, critical: 250 } as const satisfies Record<Severity, number>; // prettier-ignore
export const confidence = { low: 0.4, medium: 0.8, high: 1 } as const satisfies Record<Fidelity, number>;
export const REPEAT_EXPONENT = 1.5;
/** After so many half-lives less than a hundredth is left, and a finding counts no longer. */
export const HALF_LIVES = 7;

/** How risk fades and from where on it alerts. */
export interface RiskPolicy {
  /** Risk from which on a finding raises an alert. */
  readonly threshold: number;
  /** Event time in which a finding's points halve, milliseconds. */
  readonly halfLifeMs: number;
}

export const defaultRisk: RiskPolicy = { threshold: 100, halfLifeMs: 24 * 3_600_000 };

/** Points of one finding when it is made. */
export const pointsOf = ({ severity, fidelity }: { severity: Severity; fidelity: Fidelity }): number =>
  impact[severity] * confidence[fidelity];

export interface RiskPart {
  /** What repeats itself: detector and measure. */
  readonly kind: string;
  readonly points: number;
  /** Event time, milliseconds. */
  readonly timeMs: number;
}

/** Risk at a time, from the parts up to it. Their order does not matter. */
export function riskAt(parts: readonly RiskPart[], timeMs: number, halfLifeMs: number): number {
  const byKind = new Map<string, number[]>();
  for (const part of parts) {
    const age = (timeMs - part.timeMs) / halfLifeMs;
    if (age < 0 || age > HALF_LIVES) continue;
    const left = part.points * 2 ** -age;
    const list = byKind.get(part.kind);
    if (list === undefined) byKind.set(part.kind, [left]);
    else list.push(left);
  }
  let sum = 0;
  for (const list of byKind.values()) {
    list.sort((a, b) => b - a);
    for (let n = 0; n < list.length; n += 1) sum += (list[n] ?? 0) / (n + 1) ** REPEAT_EXPONENT;
  }
  return sum;
}

/** What the risk alone says of an entity: from three times the threshold on more than one kind of medium signals stand behind it. */
export function riskSeverity(risk: number, { threshold }: RiskPolicy): Severity {
  if (risk >= 3 * threshold) return 'high';
  return risk >= threshold ? 'medium' : 'info';
}
