import { z } from 'zod';
import type { Querier, Query, QueryLimits } from '../../../ingest/store/store.js';
import type { CompiledRule, Fired, PaneRange } from '../../rules/compile.js';
import { ruleFinding, type FiredDetail } from '../../rules/rule-finding.js';
import type { Statement } from '../../rules/sql.js';
import type { Finding } from '../../core/finding.js';

/** Bounds of one statement of a rule. */
export const ruleQueryLimits = { timeoutMs: 30_000, memoryBytesMax: 1 << 30 } as const satisfies QueryLimits;

/** Findings of one rule in one pass; the rest of a flood shows in alerts of the entities that were told. */
export const FINDINGS_MAX = 500;
/** Windows that one statement explains. */
const DETAILS_MAX = 100;

const texts = z.array(z.string());
const count = z.coerce.number();
const firedRow = z.object({ groups: texts, pane: count, observed: count, events: count, terms: texts });
const detailRow = z.object({
  n: count,
  evidence: texts,
  last_ms: count,
  one_token: z.string(),
  one_token_name: z.string(),
  one_principal: z.string(),
  one_principal_name: z.string(),
  newest_address: z.string(),
  newest_service: z.string(),
  newest_instance: z.string(),
});

export interface FoundWindow {
  readonly fired: Fired;
  readonly finding: Finding;
}

export interface RuleEvaluation {
  readonly found: readonly FoundWindow[];
  /** True if there were more than {@link FINDINGS_MAX}. */
  readonly cut: boolean;
}

/**
 * The findings of a rule in these windows: what the stored events say, whenever it is asked.
 *
 * @throws what the store throws; TQ_STORE_REFUSED where the statement met its limits.
 */
export async function evaluateRule(
  querier: Querier,
  compiled: CompiledRule,
  range: PaneRange,
  limits: QueryLimits = ruleQueryLimits,
): Promise<RuleEvaluation> {
  const { id } = compiled.rule;
  if (range.toPane < range.fromPane) return { found: [], cut: false };
  const rows = await querier.run(asQuery(id, compiled.evaluate(range, FINDINGS_MAX + 1), firedRow), {}, limits);
  const fired: readonly Fired[] = rows.slice(0, FINDINGS_MAX);
  const found: FoundWindow[] = [];
  for (let at = 0; at < fired.length; at += DETAILS_MAX) {
    const some = fired.slice(at, at + DETAILS_MAX);
    const details = await querier.run(asQuery(id, compiled.details(some), detailRow), {}, limits);
    const byNumber = new Map<number, FiredDetail>(details.map((detail) => [detail.n, detail]));
    some.forEach((one, i) => {
      const detail = byNumber.get(i + 1);
      // Its events were let go by retention between the two statements.
      if (detail !== undefined) found.push({ fired: one, finding: ruleFinding(compiled, one, detail) });
    });
  }
  return { found, cut: rows.length > FINDINGS_MAX };
}

/** The values of a rule's statement come with it. */
function asQuery<R>(id: string, { sql, params }: Statement, row: z.ZodType<R>): Query<object, R> {
  return { name: `rule ${id}`, sql, params: z.object({}).transform(() => ({ ...params })), row };
}
