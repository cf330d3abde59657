import { formatTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Querier } from '../../ingest/store/store.js';
import { fromStored, storedDaysQuery, storedEventsOf, storedEventsQuery } from '../../ingest/store/stored-events.js';
import type { Stage } from '../core/detector.js';

const DAY_MS = 86_400_000;
const PAGE_ROWS = 20_000;
const NIL = '00000000-0000-0000-0000-000000000000';

export interface HistorySpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only events of this entity. */
  readonly entity?: { readonly stage: Stage; readonly uid: string };
}

/**
 * Stored events in order of event time, a page at a time, so that memory stays the same however long the span is.
 *
 * @param pageRows events of a page at most, 1 or more.
 */
export async function* readHistory(
  querier: Querier,
  span: HistorySpan,
  pageRows = PAGE_ROWS,
): AsyncGenerator<readonly TokenEvent[]> {
  if (span.entity !== undefined) {
    yield* pagesOf(querier, span, pageRows);
    return;
  }
  const { fromMs, toMs } = span;
  const days = await querier.run(storedDaysQuery, { from: formatTime(fromMs), to: formatTime(toMs) });
  for (const stretch of stretchesOf(days, pageRows)) {
    const within = { fromMs: Math.max(fromMs, stretch.fromMs), toMs: Math.min(toMs, stretch.toMs) };
    yield* pagesOf(querier, within, pageRows);
  }
}

/** The engine puts a stretch in order at a time: a day, or as many days as fit into a page together. */
function stretchesOf(
  days: readonly { readonly day_ms: number; readonly events: number }[],
  pageRows: number,
): readonly HistorySpan[] {
  const stretches: { fromMs: number; toMs: number; events: number }[] = [];
  for (const { day_ms: dayMs, events } of days) {
    const last = stretches.at(-1);
    if (last === undefined || last.events + events > pageRows) {
      stretches.push({ fromMs: dayMs, toMs: dayMs + DAY_MS, events });
    } else {
      last.toMs = dayMs + DAY_MS;
      last.events += events;
    }
  }
  return stretches;
}

async function* pagesOf(
  querier: Querier,
  { fromMs, toMs, entity }: HistorySpan,
  pageRows: number,
): AsyncGenerator<readonly TokenEvent[]> {
  const span = { from: formatTime(fromMs), to: formatTime(toMs), max: pageRows };
  let after = { after: formatTime(Math.max(0, fromMs - 1)), after_uid: NIL };
  for (;;) {
    const params = { ...span, ...after };
    const rows =
      entity === undefined
        ? await querier.run(storedEventsQuery, params)
        : await querier.run(storedEventsOf[entity.stage], { ...params, uid: entity.uid });
    if (rows.length > 0) yield rows.map(fromStored);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return;
    after = { after: formatTime(last.time_ms), after_uid: last.uid };
  }
}
