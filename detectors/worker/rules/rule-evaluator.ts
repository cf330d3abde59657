import { AppError, describeError } from '../../../ingest/core/errors.js';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import type { TableRow } from '../../../ingest/store/store.js';
import type { Finding } from '../../core/finding.js';
import { ruleFindingUid } from '../../rules/rule-finding.js';
import { paneOf } from '../../rules/window-plan.js';
import { emitFindings } from '../finding-writer.js';
import type { WorkerParts } from '../worker-deps.js';
import { knownFindingsQuery } from '../worker-queries.js';
import { evaluateRule, type FoundWindow } from './evaluate-rule.js';
import { inHalves, isStarved, panesOf, ruleBatches, type RuleBatch } from './rule-batches.js';
import type { RuleOptions } from './rule-duty.js';
import { staleRuleMinutes } from './rule-queries.js';
import type { ActiveRule, RuleSet } from './rule-set.js';

const MINUTE_MS = 60_000;
/** Minutes times rules that one pass looks at; more are left for the next. */
const PASS_ROWS = 200_000;
/** Marks are written together: for each rule alone they would cost the store more than most rules do. */
const MARK_ROWS = 10_000;
/** A rule that met the engine's limits waits so long. */
const ASIDE_MS = 600_000;
/** Beyond every minute of events. */
const MINUTE_MAX = 180_000_000;

/** A row of `rule_minutes`. */
interface Mark extends TableRow {
  readonly rule: string;
  readonly minute: number;
  readonly lines: number;
}

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
  #marks: Mark[] = [];

  constructor(deps: WorkerParts, rules: RuleSet, options: RuleOptions) {
    this.#deps = deps;
    this.#rules = rules;
    this.#options = options;
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
      rows: PASS_ROWS,
    });
    let minutes = 0;
    let findings = 0;
    try {
      for (const rule of rules) {
        const lastPane = paneOf(rule.compiled.plan, closedMs) - 1;
        const due = stale.filter((one) => one.rule === rule.key && paneOfMinute(rule, one.minute + 1) - 1 <= lastPane);
        for (const batch of ruleBatches(due, rule.compiled.plan)) {
          const found = await this.#evaluate(rule, batch, lastPane);
          if (found === null) break;
          findings += found;
          minutes += batch.minutes.length;
          if (this.#marks.length >= MARK_ROWS) await this.#mark();
        }
      }
    } finally {
      // Also when a rule breaks the pass off: those before it are done.
      await this.#mark();
    }
    return { minutes, findings, more: stale.length === PASS_ROWS && minutes > 0 };
  }

  /** @returns how many findings; null for a rule that the engine refuses. */
  async #evaluate(active: ActiveRule, batch: RuleBatch, lastPane: number): Promise<number | null> {
    const { logger, clock } = this.#deps;
    let findings = 0;
    try {
      await inHalves(batch, async (part) => {
        findings += await this.#evaluatePart(active, part, lastPane);
      });
      return findings;
    } catch (error) {
      if (!isStarved(error) && (!(error instanceof AppError) || error.retryable)) throw error;
      this.#aside.set(active.key, clock.nowMs() + ASIDE_MS);
      const { id } = active.compiled.rule;
      logger.warn({ rule: id, reason: describeError(error) }, 'a rule is set aside for ten minutes; narrow its events');
      return null;
    }
  }

  async #evaluatePart({ compiled, key }: ActiveRule, part: RuleBatch, lastPane: number): Promise<number> {
    const { store, logger, metrics, clock } = this.#deps;
    const { id } = compiled.rule;
    const startedMs = clock.nowMs();
    const { found, cut } = await evaluateRule(store.querier, compiled, panesOf(part, compiled.plan, lastPane));
    if (cut) logger.warn({ rule: id }, 'a rule found more than one pass tells; the rest is left out');
    const fresh = await this.#notMoved(compiled, found);
    await emitFindings(this.#deps, fresh);
    // What a pass that is cut off did not mark is evaluated again, with the same findings.
    for (const { minute, lines } of part.minutes) this.#marks.push({ rule: key, minute, lines });
    metrics?.record('tourniquet.rules.duration', (clock.nowMs() - startedMs) / 1000, { rule: id });
    return fresh.length;
  }

  async #mark(): Promise<void> {
    const marks = this.#marks;
    if (marks.length === 0) return;
    this.#marks = [];
    const token = `rule-minutes:${deterministicUuid(JSON.stringify(marks))}`;
    await this.#deps.store.writer.insertRows('rule_minutes', marks, token);
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
    const rows = await this.#deps.store.querier.run(knownFindingsQuery, { uids: later.flat() });
    const known = new Set(rows.map((row) => row.finding_uid));
    return found.filter((_, i) => later[i]?.some((uid) => known.has(uid)) !== true).map(({ finding }) => finding);
  }
}

const paneOfMinute = ({ compiled: { plan } }: ActiveRule, minute: number): number =>
  Math.ceil((minute * MINUTE_MS) / (plan.paneS * 1000));
