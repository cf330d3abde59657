import { chunks } from '../../../ingest/core/chunks.js';
import { z } from 'zod';
import type { Querier } from '../../../ingest/store/store.js';
import { surveyOf, type Ask } from '../../rules/survey.js';
import { windowAt } from '../../rules/window-plan.js';
import { UIDS_LENGTH } from '../worker-queries.js';
import { asQuery, ruleQueryLimits, type Candidates } from './evaluate-rule.js';
import { isRefusal, panesOf, type RuleBatch } from './rule-batches.js';
import type { ActiveRule } from './rule-set.js';

/** Groups to which a statement is narrowed; of more, all are looked at. */
const GROUPS_MAX = 1000;
/** Rules of one statement. */
const RULES_MAX = 32;

const count = z.coerce.number();
const row = z.object({ rule: count, found: z.array(z.array(z.string())), spans: z.array(z.tuple([count, count])) });

const everything: Candidates = { spans: [[0, Infinity]] };

/**
 * Which rules can find anything in their batches, and in which groups: most cannot, and one read says so of all of them. A rule
 * that is left out cannot.
 *
 * @param batches not empty.
 * @param lastPaneOf the last pane that a rule looks at.
 * @throws what the store throws where trying again helps.
 */
export async function surveyRules(
  querier: Querier,
  batches: ReadonlyMap<ActiveRule, RuleBatch>,
  lastPaneOf: (rule: ActiveRule) => number,
): Promise<ReadonlyMap<ActiveRule, Candidates>> {
  const asks = [...batches].flatMap(([rule, batch]) => {
    const { plan } = rule.compiled;
    const { fromPane, toPane } = panesOf(batch, plan, lastPaneOf(rule));
    const ask = { surveyed: rule.compiled, fromMs: windowAt(plan, fromPane).fromMs, toMs: windowAt(plan, toPane).toMs };
    return toPane < fromPane ? [] : [{ rule, ask }];
  });
  const lines = Math.max(...[...batches.values()].map(linesOf));
  const spanMs = Math.max(...asks.map(({ ask }) => ask.toMs)) - Math.min(...asks.map(({ ask }) => ask.fromMs));
  // Those of short windows first: their reads are alike.
  asks.sort((a, b) => a.rule.compiled.plan.lengthMs - b.rule.compiled.plan.lengthMs);
  const found = new Map<ActiveRule, Candidates>();
  for (const some of chunks(asks, RULES_MAX)) {
    const candidates = await candidatesOf(
      querier,
      some.map(({ ask }) => ask),
      lines / spanMs,
    );
    some.forEach(({ rule }, i) => {
      const own = candidates[i];
      if (own !== undefined) found.set(rule, own);
    });
  }
  return found;
}

const linesOf = ({ minutes }: RuleBatch): number => minutes.reduce((sum, one) => sum + one.lines, 0);

/** In the order of what is asked; undefined for a rule that cannot hold. */
async function candidatesOf(
  querier: Querier,
  asks: readonly Ask[],
  perMs: number,
): Promise<readonly (Candidates | undefined)[]> {
  try {
    const statement = surveyOf(asks, GROUPS_MAX, perMs);
    const rows = await querier.run(asQuery('rules survey', statement, row), {}, ruleQueryLimits);
    const byRule = new Map(rows.map((one) => [one.rule, one]));
    return asks.map((_, i) => {
      const one = byRule.get(i);
      if (one === undefined) return undefined;
      const length = one.found.flat().reduce((sum, text) => sum + text.length, 0);
      const few = one.found.length <= GROUPS_MAX && length <= UIDS_LENGTH;
      return { spans: one.spans, ...(few && { groups: one.found }) };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Too much for one statement, or one of the rules is refused, which shows when it is asked.
    if (asks.length < 2) return asks.map(() => everything);
    const middle = Math.ceil(asks.length / 2);
    const first = await candidatesOf(querier, asks.slice(0, middle), perMs);
    return [...first, ...(await candidatesOf(querier, asks.slice(middle), perMs))];
  }
}
