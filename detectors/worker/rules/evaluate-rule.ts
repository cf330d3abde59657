import { chunks } from '../../../ingest/core/chunks.js';
import { z } from 'zod';
import type { Querier, Query, QueryLimits } from '../../../ingest/store/store.js';
import type { CompiledRule, Fired, PaneRange } from '../../rules/compile.js';
import { ruleFinding, type FiredDetail } from '../../rules/rule-finding.js';
import type { Statement } from '../../rules/sql.js';
import { paneOf } from '../../rules/window-plan.js';
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

/** Where a rule can hold, as a survey tells. */
export interface Candidates {
  /** All where there are too many to name. */
  readonly groups?: readonly (readonly string[])[];
  /** Event time in which their windows lie, each from and to in milliseconds. */
  readonly spans: readonly (readonly [fromMs: number, toMs: number])[];
}

/**
 * The findings of a rule in these windows: what the stored events say, whenever it is asked.
 *
 * @param candidates nothing else is looked at.
 * @throws what the store throws; TQ_STORE_REFUSED where the statement met its limits.
 */
export async function evaluateRule(
  querier: Querier,
  compiled: CompiledRule,
  range: PaneRange,
  candidates?: Candidates,
): Promise<RuleEvaluation> {
  const what = `rule ${compiled.rule.id}`;
  const { fromPane, toPane } = candidates === undefined ? range : narrowed(range, compiled, candidates);
  if (toPane < fromPane) return { found: [], cut: false };
  const statement = compiled.evaluate({ fromPane, toPane }, FINDINGS_MAX + 1, candidates?.groups);
  const rows = await querier.run(asQuery(what, statement, firedRow), {}, ruleQueryLimits);
  const fired: readonly Fired[] = rows.slice(0, FINDINGS_MAX);
  const found: FoundWindow[] = [];
  for (const some of chunks(fired, DETAILS_MAX)) {
    const details = await querier.run(asQuery(what, compiled.details(some), detailRow), {}, ruleQueryLimits);
    const byNumber = new Map<number, FiredDetail>(details.map((detail) => [detail.n, detail]));
    some.forEach((one, i) => {
      const detail = byNumber.get(i + 1);
      // Its events were let go by retention between the two statements.
      if (detail !== undefined) found.push({ fired: one, finding: ruleFinding(compiled, one, detail) });
    });
  }
  return { found, cut: rows.length > FINDINGS_MAX };
}

/** From the first of the panes to the last that end a window in one of the spans. */
function narrowed({ fromPane, toPane }: PaneRange, { plan }: CompiledRule, { spans }: Candidates): PaneRange {
  const panes = spans
    .map(
      ([fromMs, toMs]) => [Math.max(fromPane, paneOf(plan, fromMs)), Math.min(toPane, paneOf(plan, toMs - 1))] as const,
    )
    .filter(([from, to]) => from <= to);
  return {
    fromPane: panes.reduce((first, [from]) => Math.min(first, from), toPane + 1),
    toPane: panes.reduce((last, [, to]) => Math.max(last, to), fromPane - 1),
  };
}

/** The values of a rule's statement come with it. */
export function asQuery<R>(name: string, { sql, params }: Statement, row: z.ZodType<R>): Query<object, R> {
  return { name, sql, params: z.object({}).transform(() => ({ ...params })), row };
}
