import type { MinuteLines } from '../../../ingest/store/minute-batches.js';
import type { Querier } from '../../../ingest/store/store.js';
import type { WindowPlan } from '../../rules/window-plan.js';
import { evaluateRule, type RuleEvaluation } from './evaluate-rule.js';
import { inHalves, isRefusal, panesOf, ruleBatches, sharedBatches, type RuleBatch } from './rule-batches.js';
import type { ActiveRule } from './rule-set.js';
import { surveyRules } from './survey-rules.js';

/** Rules and the minutes, oldest first, to whose windows they are to be held. */
export interface DueRules {
  readonly minutes: ReadonlyMap<ActiveRule, readonly MinuteLines[]>;
  /** The last pane that a rule looks at. */
  readonly lastPaneOf: (rule: ActiveRule) => number;
}

export interface RuleFollower {
  /** Every minute of every rule comes here once, unless the rule is refused. @param evaluate says what the rule finds there. */
  look(rule: ActiveRule, part: RuleBatch, evaluate: () => Promise<RuleEvaluation>): Promise<void>;
  /** The engine refuses the rule, or it is too much for it minute by minute; it is not asked again. */
  refused(rule: ActiveRule, error: unknown): void;
}

const nothing: RuleEvaluation = { found: [], cut: false };

/**
 * Holds rules to windows: a survey says which of them can find anything, and these are asked.
 *
 * @throws what the store throws where trying again helps; what the follower throws.
 */
export async function evaluateRules(querier: Querier, due: DueRules, follower: RuleFollower): Promise<void> {
  const refused = new Set<ActiveRule>();
  for (const shared of sharedBatches(due.minutes)) {
    const batches = new Map([...shared].filter(([rule]) => !refused.has(rule)));
    const candidates = await surveyRules(querier, batches, due.lastPaneOf);
    for (const [rule, batch] of batches) {
      const own = candidates.get(rule);
      if (own === undefined) {
        await follower.look(rule, batch, () => Promise.resolve(nothing));
        continue;
      }
      const { plan } = rule.compiled;
      const evaluate = (part: RuleBatch): Promise<RuleEvaluation> =>
        evaluateRule(querier, rule.compiled, panesOf(part, plan, due.lastPaneOf(rule)), own);
      const look = (part: RuleBatch): Promise<void> => follower.look(rule, part, () => inParts(part, plan, evaluate));
      try {
        for (const part of ruleBatches(batch, plan, own.groups !== undefined)) await inHalves(part, look);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.add(rule);
        follower.refused(rule, error);
      }
    }
  }
}

/** What was cut off is asked for again in less at a time. */
async function inParts(
  batch: RuleBatch,
  plan: WindowPlan,
  evaluate: (part: RuleBatch) => Promise<RuleEvaluation>,
): Promise<RuleEvaluation> {
  const whole = await evaluate(batch);
  const parts = whole.cut ? ruleBatches(batch, plan) : [];
  if (parts.length < 2) return whole;
  const evaluations: RuleEvaluation[] = [];
  for (const part of parts) evaluations.push(await evaluate(part));
  return { found: evaluations.flatMap(({ found }) => found), cut: evaluations.some(({ cut }) => cut) };
}
