import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import type { Finding } from '../../detectors/core/finding.js';
import type { DecoyLookup } from '../../detectors/honeytoken/decoys.js';
import { readHistory } from '../../detectors/worker/history.js';
import { OfflineStages } from '../../detectors/worker/offline-stages.js';
import { rulesOverHistory, type RuleHistory } from '../../detectors/worker/rules/rule-history.js';
import type { RuleSet } from '../../detectors/worker/rules/rule-set.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Querier } from '../../ingest/store/store.js';
import { AlertTally, type AlertCounts, type AlertSettings } from './alert-tally.js';
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
  readonly decoys: DecoyLookup;
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
  /** Detector and measure by finding_uid. */
  readonly found = new Map<string, string>();
  readonly #stages: OfflineStages;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #rules: BacktestSettings['rules'];

  constructor({ detectors: settings, rules, alerts }: BacktestSettings, plan: BacktestPlan, decoys: DecoyLookup) {
    const detectors = createDetectors(settings, decoys);
    const { allowedLatenessMs, entitiesMax } = plan;
    this.#stages = new OfflineStages({ detectors, allowedLatenessMs, entitiesMax });
    this.#fromMs = plan.fromMs;
    this.#toMs = plan.toMs;
    this.#rules = rules;
    this.alerts = new AlertTally(alerts);
  }

  offer(event: Parameters<OfflineStages['offer']>[0]): void {
    this.#stages.offer(event);
  }

  settle(end = false): void {
    for (const finding of this.#stages.takeFindings(end)) this.#take(finding);
  }

  /** The rules over the whole span. */
  async evaluateRules(querier: Querier): Promise<Pick<RuleHistory, 'events' | 'refused'>> {
    const span = { fromMs: this.#fromMs, toMs: this.#toMs };
    const { findings, events, refused } = await rulesOverHistory(querier, this.#rules.current(), span);
    for (const finding of findings) this.#take(finding);
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

/** The worker's own detectors over stored events, in order of event time, and then its rules; nothing is written. */
export async function runBacktest(plan: BacktestPlan, deps: BacktestDeps): Promise<BacktestResult> {
  const startedMs = deps.elapsedMs();
  const tried = new Run(plan.tried, plan, deps.decoys);
  const today = plan.today === undefined ? undefined : new Run(plan.today, plan, deps.decoys);
  const runs = today === undefined ? [tried] : [tried, today];
  let events = 0;
  const span = { fromMs: Math.max(0, plan.fromMs - plan.warmUpMs), toMs: plan.toMs };
  for await (const page of readHistory(deps.querier, span)) {
    for (const run of runs) {
      for (const event of page) run.offer(event);
      run.settle();
    }
    events += page.length;
    const last = page.at(-1);
    if (last !== undefined) deps.onProgress?.(events, parseTime(last.time));
  }
  for (const run of runs) run.settle(true);
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
