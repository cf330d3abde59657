import type { z } from 'zod';
import type { tokenRisk } from '../queries/token-risk.js';
import type { RiskPolicy } from './risk.js';

type Row = z.output<typeof tokenRisk.row>;

export const tenths = (value: number): number => Math.round(value * 10) / 10;

/** Risk of a token as the API tells it: the sums, and what adds to them. */
export function riskReading(rows: readonly Row[], policy: RiskPolicy, atIso: string) {
  const of = (entity: Row['of']): readonly Row[] => rows.filter((row) => row.of === entity);
  const total = (entity: Row['of']): number => tenths(of(entity).reduce((sum, { risk }) => sum + risk, 0));
  return {
    score: total('token'),
    principal_score: total('principal'),
    threshold: policy.threshold,
    half_life_s: policy.halfLifeMs / 1000,
    at: atIso,
    signals: of('token').map(({ detector, measure, findings, risk }) => ({ detector, measure, findings, risk: tenths(risk) })),
  }; // prettier-ignore
}
