import { formatTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Querier } from '../../ingest/store/store.js';
import { StoredEvents } from '../../ingest/store/stored-events.js';
import { storedDaysQuery, storedEventsOf, storedEventsQuery } from '../../ingest/store/stored-queries.js';
import type { Stage } from '../core/detector.js';

const DAY_MS = 86_400_000;
/** Days with few events are read together. */
const STRETCH_EVENTS = 20_000;

export interface HistorySpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only events of this entity. */
  readonly entity?: { readonly stage: Stage; readonly uid: string };
}

/**
 * Stored events in order of event time, some thousands at a time, so that memory stays the same however long the span is.
 * The engine puts a day in order at a time, on disk where it must, and reads it once.
 */
export async function* readHistory(querier: Querier, span: HistorySpan): AsyncGenerator<readonly TokenEvent[]> {
  const stored = new StoredEvents();
  for await (const lines of historyLines(querier, span)) yield stored.read(lines);
}

/** The same as lines for `StoredEvents`, whole ones. */
export async function* historyLines(querier: Querier, span: HistorySpan): AsyncGenerator<string> {
  const { fromMs, toMs, entity } = span;
  const whole = { from: formatTime(fromMs), to: formatTime(toMs) };
  if (entity !== undefined) {
    yield* querier.lines(storedEventsOf[entity.stage], { ...whole, uid: entity.uid });
    return;
  }
  for (const stretch of stretchesOf(await querier.run(storedDaysQuery, whole))) {
    const from = formatTime(Math.max(fromMs, stretch.fromMs));
    const to = formatTime(Math.min(toMs, stretch.toMs));
    yield* querier.lines(storedEventsQuery, { from, to });
  }
}

/** A day each, or as many days as have few events together. */
function stretchesOf(
  days: readonly { readonly day_ms: number; readonly events: number }[],
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const stretches: { fromMs: number; toMs: number; events: number }[] = [];
  for (const { day_ms: dayMs, events } of days) {
    const last = stretches.at(-1);
    if (last === undefined || last.events + events > STRETCH_EVENTS) {
      stretches.push({ fromMs: dayMs, toMs: dayMs + DAY_MS, events });
    } else {
      last.toMs = dayMs + DAY_MS;
      last.events += events;
    }
  }
  return stretches;
}
