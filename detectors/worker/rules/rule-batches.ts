import { AppError } from '../../../ingest/core/errors.js';
import { engineFailureOf } from '../../../ingest/store/store-errors.js';
import { type MinuteLines, minuteBatches } from '../../../ingest/store/minute-batches.js';
import type { PaneRange } from '../../rules/compile.js';
import { paneOf, type WindowPlan } from '../../rules/window-plan.js';

const MINUTE_MS = 60_000;
/** MEMORY_LIMIT_EXCEEDED, TIMEOUT_EXCEEDED: elsewhere a passing state of the server; here the statement's own bounds. */
const boundsMet = new Set([241, 159]);
/**
 * Events of the minutes that one statement is asked about, each as often as there are panes in which its window is looked
 * at; and event time from the first to the last.
 */
const STATEMENT_LINES = 5_000_000;
const STATEMENT_MINUTES = 4 * 1440;
/** The same for one read that serves all rules; minutes that lie further apart are not read together. */
const SHARED_MINUTES = 32 * 1440;
const SHARED_STEP = 720;

/** What one statement is asked about. */
export interface RuleBatch {
  readonly minutes: readonly MinuteLines[];
  /** First minute of the batch after it, which looks at the windows from there on; null for the last one. */
  readonly nextMinute: number | null;
}

/** Minutes of several rules as far as one read serves all of them: a batch for each rule that has some there. */
export function* sharedBatches<R>(due: ReadonlyMap<R, readonly MinuteLines[]>): Generator<ReadonlyMap<R, RuleBatch>> {
  const every = new Map([...due.values()].flat().map((one) => [one.minute, one]));
  const bounds = { stepMax: SHARED_STEP, linesMax: STATEMENT_LINES, minutesMax: SHARED_MINUTES };
  const begun = new Map<R, number>();
  for (const shared of minuteBatches(
    [...every.values()].sort((a, b) => a.minute - b.minute),
    bounds,
  )) {
    const last = shared.at(-1)?.minute ?? 0;
    const batches = new Map<R, RuleBatch>();
    for (const [rule, minutes] of due) {
      const from = begun.get(rule) ?? 0;
      let to = from;
      while (to < minutes.length && (minutes[to]?.minute ?? 0) <= last) to += 1;
      begun.set(rule, to);
      if (to > from) batches.set(rule, { minutes: minutes.slice(from, to), nextMinute: minutes[to]?.minute ?? null });
    }
    yield batches;
  }
}

/**
 * Minutes of a batch that lie near each other, as many as one statement takes; asked window by window, a log with an event every few minutes
 * would take a statement for each.
 *
 * @param ofFew whether it looks at few groups only.
 */
export function ruleBatches({ minutes, nextMinute }: RuleBatch, plan: WindowPlan, ofFew = false): readonly RuleBatch[] {
  const parts = minuteBatches(minutes, {
    stepMax: Math.max(SHARED_STEP, Math.ceil(plan.lengthMs / MINUTE_MS)),
    linesMax: ofFew ? STATEMENT_LINES : STATEMENT_LINES / (plan.panesBefore + 1),
    minutesMax: ofFew ? SHARED_MINUTES : STATEMENT_MINUTES,
  });
  return chained([...parts], nextMinute);
}

const chained = (parts: readonly (readonly MinuteLines[])[], after: number | null): readonly RuleBatch[] =>
  parts.map((minutes, i) => ({ minutes, nextMinute: parts[i + 1]?.[0]?.minute ?? after }));

/**
 * The panes of whose windows events of these minutes are part, as far as no later batch looks at them. Empty (`toPane` before
 * `fromPane`) where the next one begins in the same pane.
 *
 * @param lastPane no later ones.
 */
export function panesOf({ minutes, nextMinute }: RuleBatch, plan: WindowPlan, lastPane: number): PaneRange {
  const fromPane = paneOf(plan, (minutes[0]?.minute ?? 0) * MINUTE_MS);
  const endPane = paneOf(plan, ((minutes.at(-1)?.minute ?? 0) + 1) * MINUTE_MS - 1);
  const before = nextMinute === null ? Infinity : paneOf(plan, nextMinute * MINUTE_MS) - 1;
  return { fromPane, toPane: Math.min(endPane + plan.panesBefore, lastPane, before) };
}

/** Whether the statement met its own bounds of memory or time. */
const isStarved = (error: unknown): boolean => boundsMet.has(engineFailureOf(error)?.code ?? 0);

/** Whether asking again later would be of no use: the engine refuses the statement, or it is too much for its bounds. */
export const isRefusal = (error: unknown): boolean =>
  isStarved(error) || (error instanceof AppError && !error.retryable);

/**
 * The work on a batch; what is too much for one statement is asked in halves.
 *
 * @throws what the work throws, starved with a single minute too.
 */
export async function inHalves(batch: RuleBatch, work: (part: RuleBatch) => Promise<void>): Promise<void> {
  const { minutes, nextMinute } = batch;
  try {
    await work(batch);
  } catch (error) {
    if (!isStarved(error) || minutes.length < 2) throw error;
    const middle = Math.ceil(minutes.length / 2);
    const halves = chained([minutes.slice(0, middle), minutes.slice(middle)], nextMinute);
    for (const half of halves) await inHalves(half, work);
  }
}
