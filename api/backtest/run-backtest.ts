import type { DetectorsOptions } from '../../detectors/registry.js';
import { stages } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import type { Decoy } from '../../detectors/honeytoken/decoys.js';
import { historyLines } from '../../detectors/worker/history.js';
import { rulesOverHistory, type RuleHistory } from '../../detectors/worker/rules/rule-history.js';
import type { RuleSet } from '../../detectors/worker/rules/rule-set.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Querier } from '../../ingest/store/store.js';
import { AlertTally, type AlertCounts, type AlertSettings } from './alert-tally.js';
import type { StageAnswer, StagePlan, StageRunner } from './stage-runs.js';
import { Tally, type BacktestTally } from './tally.js';

/** What is run: settings of the stream detectors, rules, and what makes alerts of their findings. */
export interface BacktestSettings {
  readonly detectors: DetectorsOptions;
  readonly rules: Pick<RuleSet, 'current'>;
  readonly alerts: AlertSettings;
}

export interface BacktestPlan {
  /** Findings are counted from then on. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Events before `fromMs` that only teach. */
  readonly warmUpMs: number;
  /** Settings that are tried. */
  readonly tried: BacktestSettings;
  /** Settings of today, to compare with; undefined for no comparison. */
  readonly today?: BacktestSettings | undefined;
  readonly allowedLatenessMs: number;
  readonly entitiesMax: number;
}

export interface BacktestDeps {
  readonly querier: Querier;
  readonly decoys: readonly Decoy[];
  readonly openStage: (plan: StagePlan) => StageRunner;
  /** Monotonic, milliseconds. */
  readonly elapsedMs: () => number;
  readonly onProgress?: (events: number, atMs: number) => void;
}

export interface BacktestResult {
  /** Events that the stream detectors read, and how long that took. */
  readonly events: number;
  readonly seconds: number;
  /** Of the tried settings. `events` are those of the span, as often as there are rules. */
  readonly rules: Pick<RuleHistory, 'events' | 'refused'> & { readonly seconds: number };
  /** finding_uids of the tried settings, up to half a million. */
  readonly uids: Iterable<string>;
  readonly tried: BacktestTally;
  readonly today: BacktestTally | undefined;
  /** What the findings of either would have raised. */
  readonly alerts: { readonly tried: AlertCounts; readonly today: AlertCounts | undefined };
  /** Findings of the tried settings that today's do not make, and the other way round, by detector and measure. */
  readonly difference: { readonly added: Readonly<Record<string, number>>; readonly gone: Readonly<Record<string, number>> } | undefined;
} // prettier-ignore

/** Findings that are told apart in the comparison. */
const FINDINGS_MAX = 500_000;

class Run {
  readonly tally = new Tally();
  readonly alerts: AlertTally;
  readonly detectors: DetectorsOptions;
  /** Detector and measure by finding_uid. */
  readonly found = new Map<string, string>();
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #rules: BacktestSettings['rules'];

  constructor({ detectors, rules, alerts }: BacktestSettings, plan: BacktestPlan) {
    this.detectors = detectors;
    this.#fromMs = plan.fromMs;
    this.#toMs = plan.toMs;
    this.#rules = rules;
    this.alerts = new AlertTally(alerts);
  }

  take(findings: readonly Finding[]): void {
    for (const finding of findings) this.#take(finding);
  }

  /** The rules over the whole span. */
  async evaluateRules(querier: Querier): Promise<Pick<RuleHistory, 'events' | 'refused'>> {
    const span = { fromMs: this.#fromMs, toMs: this.#toMs };
    const { findings, events, refused } = await rulesOverHistory(querier, this.#rules.current(), span);
    this.take(findings);
    return { events, refused };
  }

  #take(finding: Finding): void {
    if (parseTime(finding.time) < this.#fromMs) return;
    this.tally.add(finding);
    this.alerts.add(finding);
    if (this.found.size < FINDINGS_MAX) this.found.set(finding.finding_uid, nameOf(finding));
  }
}

const nameOf = ({ detector, score }: Finding): string => `${detector}/${score.measure}`;

function missingIn(run: Run, other: Run): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [uid, name] of run.found) if (!other.found.has(uid)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Texts of some thousand events each that the stages may be behind. */
const BEHIND_MAX = 3;

/** Every stage over stored events, in order of event time; of each run's settings. */
async function runStages(plan: BacktestPlan, runs: readonly Run[], deps: BacktestDeps): Promise<number> {
  const { allowedLatenessMs, entitiesMax } = plan;
  const settings = runs.map(({ detectors }) => detectors);
  const common = { settings, decoys: deps.decoys, allowedLatenessMs, entitiesMax };
  const runners = stages.map((stage) => deps.openStage({ ...common, stage }));
  let events = 0;
  const settle = (answers: readonly StageAnswer[]): void => {
    // The token stage first, page by page, however the threads ran.
    for (const { findings } of answers) runs.forEach((run, n) => run.take(findings[n] ?? []));
    const [first] = answers;
    events += first?.events ?? 0;
    if (first?.lastMs != null) deps.onProgress?.(events, first.lastMs);
  };
  const asked: Promise<readonly StageAnswer[]>[] = [];
  const ask = (answers: readonly Promise<StageAnswer>[]): void => {
    const all = Promise.all(answers);
    // Heard when its turn comes; this only keeps it from being unhandled until then.
    all.catch(() => undefined);
    asked.push(all);
  };
  const settleBeyond = async (count: number): Promise<void> => {
    while (asked.length > count) settle((await asked.shift()) ?? []);
  };
  try {
    const span = { fromMs: Math.max(0, plan.fromMs - plan.warmUpMs), toMs: plan.toMs };
    for await (const lines of historyLines(deps.querier, span)) {
      ask(runners.map(async (runner) => runner.take(lines)));
      await settleBeyond(BEHIND_MAX);
    }
    ask(runners.map(async (runner) => runner.end()));
    await settleBeyond(0);
    return events;
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
}

/** The worker's own detectors over stored events and then its rules; nothing is written. */
export async function runBacktest(plan: BacktestPlan, deps: BacktestDeps): Promise<BacktestResult> {
  const startedMs = deps.elapsedMs();
  const tried = new Run(plan.tried, plan);
  const today = plan.today === undefined ? undefined : new Run(plan.today, plan);
  const events = await runStages(plan, today === undefined ? [tried] : [tried, today], deps);
  const seconds = (deps.elapsedMs() - startedMs) / 1000;
  const rulesMs = deps.elapsedMs();
  const rules = await tried.evaluateRules(deps.querier);
  const rulesSeconds = (deps.elapsedMs() - rulesMs) / 1000;
  await today?.evaluateRules(deps.querier);
  const difference = today && { added: missingIn(tried, today), gone: missingIn(today, tried) };
  return {
    events,
    seconds,
    rules: { ...rules, seconds: rulesSeconds },
    uids: tried.found.keys(),
    tried: tried.tally.read(),
    today: today?.tally.read(),
    alerts: { tried: tried.alerts.read(), today: today?.alerts.read() },
    difference,
  };
}
