import { MINUTE_MS } from '../../ingest/store/hops/event-window.js';
import { staleMinutes } from '../../ingest/store/hops/hop-queries.js';
import type { Querier } from '../../ingest/store/store.js';
import type { TimeWindow } from '../schemas/common.js';

/**
 * Hops are found minute by minute, some seconds after their lines; before this time none of the window is missing. To be
 * asked before the hops are read, which may then know more, never less.
 */
export async function countedUntil(querier: Querier, { fromMs, toMs }: TimeWindow): Promise<number> {
  const window = { from_minute: Math.floor(fromMs / MINUTE_MS), to_minute: Math.ceil(toMs / MINUTE_MS) };
  const [stale] = await querier.run(staleMinutes, { ...window, touched_s: 0, rows: 1 });
  return stale === undefined ? toMs : Math.min(toMs, Math.max(fromMs, stale.minute * MINUTE_MS));
}
