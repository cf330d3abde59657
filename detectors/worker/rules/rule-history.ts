import { describeError } from '../../../ingest/core/errors.js';
import { parseTime } from '../../../ingest/event/time.js';
import type { Querier } from '../../../ingest/store/store.js';
import type { Finding } from '../../core/finding.js';
import { paneOf } from '../../rules/window-plan.js';
import { evaluateRules } from './evaluate-rules.js';
import { eventMinutes } from './rule-queries.js';
import type { ActiveRule } from './rule-set.js';

const MINUTE_MS = 60_000;

export interface RuleHistory {
  /** Each once, in order of rules and event time. */
  readonly findings: readonly Finding[];
  /** Events of the span, as often as there are rules. */
  readonly events: number;
  /** Rules that the engine refused, with its reason; what they found before is told. */
  readonly refused: readonly { readonly rule: string; readonly reason: string }[];
}

/**
 * What rules find in the stored events of a span, by the statements that the worker runs; nothing is written or marked.
 *
 * @param toMs exclusive; windows that end later are not looked at.
 * @throws what the store throws where trying again helps.
 */
export async function rulesOverHistory(
  querier: Querier,
  rules: readonly ActiveRule[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<RuleHistory> {
  const span = { from_minute: Math.floor(fromMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS) };
  const minutes = await querier.run(eventMinutes, span);
  const lines = minutes.reduce((sum, one) => sum + one.lines, 0);
  const found = new Map(rules.map((rule) => [rule, new Map<string, Finding>()]));
  const refused: { rule: string; reason: string }[] = [];
  const due = {
    minutes: new Map(rules.map((rule) => [rule, minutes])),
    lastPaneOf: ({ compiled: { plan } }: ActiveRule): number => paneOf(plan, toMs - 1),
  };
  await evaluateRules(querier, due, {
    look: async (rule, _, evaluate) => {
      for (const { finding } of (await evaluate()).found) {
        if (parseTime(finding.time) >= fromMs) found.get(rule)?.set(finding.finding_uid, finding);
      }
    },
    refused: ({ compiled: { rule } }, error) => refused.push({ rule: rule.id, reason: describeError(error) }),
  });
  const findings = [...found.values()].flatMap((own) => [...own.values()]);
  return { findings, events: lines * rules.length, refused };
}
