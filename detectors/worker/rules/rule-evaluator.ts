import { describeError } from '../../../ingest/core/errors.js';
import type { MinuteLines } from '../../../ingest/store/minute-batches.js';
import type { Finding } from '../../core/finding.js';
import { ruleFindingUid } from '../../rules/rule-finding.js';
import { paneOf } from '../../rules/window-plan.js';
import { emitFindings, knownFindings } from '../finding-writer.js';
import type { WorkerParts } from '../worker-deps.js';
import type { FoundWindow, RuleEvaluation } from './evaluate-rule.js';
import { evaluateRules } from './evaluate-rules.js';
import type { RuleBatch } from './rule-batches.js';
import type { RuleOptions } from './rule-duty.js';
import { RuleMarks } from './rule-marks.js';
import { staleRuleMinutes } from './rule-queries.js';
import type { ActiveRule, RuleSet } from './rule-set.js';

const MINUTE_MS = 60_000;
/** Minutes that one pass looks at; more are left for the next. */
const PASS_MINUTES = 10_000;
/** Minutes times rules that are marked together. */
const MARK_ROWS = 400_000;
/** A rule that met the engine's limits waits so long. */
const ASIDE_MS = 600_000;
/** Beyond every minute of events. */
const MINUTE_MAX = 180_000_000;

export interface RulePass {
  /** Minutes times rules evaluated. */
  readonly minutes: number;
  readonly findings: number;
  /** Whether some were left for the next pass. */
  readonly more: boolean;
}

/**
 * Keeps findings of rules level with the stored events: finds the minutes to which events came since a rule was
 * evaluated there, and evaluates the windows that they reach into. What is found follows from the events alone and has
 * deterministic ids, so a pass may be killed anywhere, repeated, and done by two at once.
 */
export class RuleEvaluator {
  readonly #deps: WorkerParts;
  readonly #rules: RuleSet;
  readonly #options: RuleOptions;
  readonly #aside = new Map<string, number>();
  readonly #marks: RuleMarks;

  constructor(deps: WorkerParts, rules: RuleSet, options: RuleOptions) {
    this.#deps = deps;
    this.#rules = rules;
    this.#options = options;
    this.#marks = new RuleMarks(deps.store.writer);
  }

  /**
   * One pass over what is new.
   *
   * @param all panes that are still open, by the clock, count as closed: no more events come.
   * @throws what the store throws where trying again helps; the next pass does again what was not done.
   */
  async pass(all = false): Promise<RulePass> {
    const nowMs = this.#deps.clock.nowMs();
    const rules = this.#rules.current().filter(({ key }) => (this.#aside.get(key) ?? 0) <= nowMs);
    if (rules.length === 0) return { minutes: 0, findings: 0, more: false };
    const closedMs = all ? MINUTE_MAX * MINUTE_MS : nowMs - this.#options.latenessMs;
    const stale = await this.#deps.store.querier.run(staleRuleMinutes, {
      rules: rules.map(({ key }) => key),
      before_minute: Math.floor(closedMs / MINUTE_MS),
      touched_s: Math.ceil(this.#options.lookbackMs / 1000),
      rows: PASS_MINUTES,
    });
    const lastPaneOf = ({ compiled }: ActiveRule): number => paneOf(compiled.plan, closedMs) - 1;
    const isDue = (rule: ActiveRule, minute: number): boolean => paneOfMinute(rule, minute + 1) - 1 <= lastPaneOf(rule);
    const due = { minutes: new Map<ActiveRule, MinuteLines[]>(rules.map((rule) => [rule, []])), lastPaneOf };
    for (const one of stale) {
      for (const place of one.rules) {
        const rule = rules[place];
        if (rule !== undefined && isDue(rule, one.minute)) due.minutes.get(rule)?.push(one);
      }
    }
    let minutes = 0;
    let findings = 0;
    try {
      await evaluateRules(this.#deps.store.querier, due, {
        look: async (rule, part, evaluate) => {
          findings += await this.#look(rule, part, evaluate);
          minutes += part.minutes.length;
          if (this.#marks.rows >= MARK_ROWS) await this.#marks.write();
        },
        refused: (rule, error) => this.#setAside(rule, error),
      });
    } finally {
      // Also when a rule breaks the pass off: those before it are done.
      await this.#marks.write();
    }
    return { minutes, findings, more: stale.length === PASS_MINUTES && minutes > 0 };
  }

  /** @returns how many findings. */
  async #look(
    { compiled, key }: ActiveRule,
    part: RuleBatch,
    evaluate: () => Promise<RuleEvaluation>,
  ): Promise<number> {
    const { logger, metrics, clock } = this.#deps;
    const { id } = compiled.rule;
    const startedMs = clock.nowMs();
    const { found, cut } = await evaluate();
    if (cut) logger.warn({ rule: id }, 'a rule found more than one pass tells; the rest is left out');
    const fresh = await this.#notMoved(compiled, found);
    await emitFindings(this.#deps, fresh);
    // What a pass that is cut off did not mark is evaluated again, with the same findings.
    this.#marks.add(key, part.minutes);
    metrics?.record('tourniquet.rules.duration', (clock.nowMs() - startedMs) / 1000, { rule: id });
    return fresh.length;
  }

  #setAside({ compiled, key }: ActiveRule, error: unknown): void {
    const { logger, clock } = this.#deps;
    this.#aside.set(key, clock.nowMs() + ASIDE_MS);
    const reason = describeError(error);
    logger.warn({ rule: compiled.rule.id, reason }, 'a rule is set aside for ten minutes; narrow its events');
  }

  /**
   * Late events may let an episode begin earlier than was told: what was told stands, and nothing is told twice.
   */
  async #notMoved(compiled: ActiveRule['compiled'], found: readonly FoundWindow[]): Promise<readonly Finding[]> {
    if (found.length === 0) return [];
    const own = new Set(found.map(({ finding }) => finding.finding_uid));
    const laterOf = ({ fired: { groups, pane } }: FoundWindow): readonly string[] =>
      Array.from({ length: compiled.plan.panesBefore + 1 }, (_, i) =>
        ruleFindingUid(compiled, { groups, pane: pane + i + 1 }),
      );
    const later = found.map((one) => laterOf(one).filter((uid) => !own.has(uid)));
    const known = await knownFindings(this.#deps.store.querier, later.flat());
    return found.filter((_, i) => later[i]?.some((uid) => known.has(uid)) !== true).map(({ finding }) => finding);
  }
}

const paneOfMinute = ({ compiled: { plan } }: ActiveRule, minute: number): number =>
  Math.ceil((minute * MINUTE_MS) / (plan.paneS * 1000));
