import { AppError, describeError } from '../../../ingest/core/errors.js';
import { type MinuteLines, minuteBatches } from '../../../ingest/store/minute-batches.js';
import { engineFailureOf } from '../../../ingest/store/store-errors.js';
import type { Finding } from '../../core/finding.js';
import { ruleFindingUid } from '../../rules/rule-finding.js';
import { paneOf } from '../../rules/window-plan.js';
import { emitFindings } from '../finding-writer.js';
import type { WorkerDeps } from '../worker-deps.js';
import { knownFindingsQuery } from '../worker-queries.js';
import { evaluateRule, type FoundWindow } from './evaluate-rule.js';
import type { RuleOptions } from './rule-duty.js';
import { markRuleMinutes, staleRuleMinutes } from './rule-queries.js';
import type { ActiveRule, RuleSet } from './rule-set.js';

const MINUTE_MS = 60_000;
/** MEMORY_LIMIT_EXCEEDED, TIMEOUT_EXCEEDED: elsewhere a passing state of the server; here the statement's own bounds. */
const boundsMet = new Set([241, 159]);
/** Minutes times rules that one pass looks at; more are left for the next. */
const PASS_ROWS = 50_000;
/**
 * Events of the minutes that one statement is asked about, each as often as there are panes in which its window is looked
 * at; and event time from the first to the last.
 */
const STATEMENT_LINES = 5_000_000;
const STATEMENT_MINUTES = 4 * 1440;
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
  readonly #deps: WorkerDeps;
  readonly #rules: RuleSet;
  readonly #options: RuleOptions;
  readonly #aside = new Map<string, number>();

  constructor(deps: WorkerDeps, rules: RuleSet, options: RuleOptions) {
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
    for (const rule of rules) {
      const lastPane = paneOf(rule.compiled.plan, closedMs) - 1;
      const due = stale.filter((one) => one.rule === rule.key && paneOfMinute(rule, one.minute + 1) - 1 <= lastPane);
      for (const batch of batches(due, rule)) {
        const found = await this.#evaluate(rule, batch, lastPane);
        if (found === null) break;
        findings += found;
        minutes += batch.length;
      }
    }
    return { minutes, findings, more: stale.length === PASS_ROWS && minutes > 0 };
  }

  /** @returns how many findings; null for a rule that the engine refuses. */
  async #evaluate(active: ActiveRule, batch: readonly MinuteLines[], lastPane: number): Promise<number | null> {
    const { compiled, key } = active;
    const { store, logger, metrics, clock } = this.#deps;
    const { id } = compiled.rule;
    const startedMs = clock.nowMs();
    const fromPane = paneOf(compiled.plan, (batch[0]?.minute ?? 0) * MINUTE_MS);
    const endPane = paneOf(compiled.plan, ((batch[batch.length - 1]?.minute ?? 0) + 1) * MINUTE_MS - 1);
    const toPane = Math.min(endPane + compiled.plan.panesBefore, lastPane);
    try {
      const { found, cut } = await evaluateRule(store.querier, compiled, { fromPane, toPane });
      if (cut) logger.warn({ rule: id }, 'a rule found more than one pass tells; the rest is left out');
      const fresh = await this.#notMoved(compiled, found);
      await emitFindings(this.#deps, fresh);
      await store.writer.derive(markRuleMinutes, {
        rule: key,
        minutes: batch.map(({ minute }) => minute),
        lines: batch.map(({ lines }) => lines),
      });
      metrics?.record('tourniquet.rules.duration', (clock.nowMs() - startedMs) / 1000, { rule: id });
      return fresh.length;
    } catch (error) {
      const starved = boundsMet.has(engineFailureOf(error)?.code ?? 0);
      if (starved && batch.length > 1) return await this.#evaluateHalves(active, batch, lastPane);
      if (!starved && (!(error instanceof AppError) || error.retryable)) throw error;
      this.#aside.set(key, clock.nowMs() + ASIDE_MS);
      logger.warn({ rule: id, reason: describeError(error) }, 'a rule is set aside for ten minutes; narrow its events');
      return null;
    }
  }

  /** What was too much for one statement; windows that both halves reach into are evaluated twice and told once. */
  async #evaluateHalves(rule: ActiveRule, batch: readonly MinuteLines[], lastPane: number): Promise<number | null> {
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#evaluate(rule, batch.slice(0, middle), lastPane);
    if (first === null) return null;
    const second = await this.#evaluate(rule, batch.slice(middle), lastPane);
    return second === null ? null : first + second;
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

/** Minutes that share windows together, as many as one statement takes. */
const batches = (
  stale: readonly MinuteLines[],
  { compiled: { plan } }: ActiveRule,
): Generator<readonly MinuteLines[]> =>
  minuteBatches(stale, {
    stepMax: Math.ceil(plan.lengthMs / MINUTE_MS),
    linesMax: STATEMENT_LINES / (plan.panesBefore + 1),
    minutesMax: STATEMENT_MINUTES,
  });
