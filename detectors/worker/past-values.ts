import { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import { defineQuery } from '../../ingest/store/query.js';
import type { PastValue } from '../core/detector.js';
import type { WorkerParts } from './worker-deps.js';

/** How far back values are asked for, and how many of a dimension: more than a detector keeps. */
const PAST_MS = 31 * 86_400_000;
const VALUES_MAX = 64;

/** What these principals were served with since a day, the values used last of each dimension. */
export const principalValuesQuery = defineQuery({
  name: 'worker_principal_values',
  sql: `SELECT principal_uid AS uid, dimension, value, toUnixTimestamp64Milli(min(first_time)) AS first_ms,
  toUnixTimestamp64Milli(max(last_time)) AS last_ms, sum(principal_values.uses) AS uses
FROM principal_values
WHERE principal_uid IN {uids:Array(String)}
  AND day >= toDate(parseDateTimeBestEffort({from:String}, 'UTC')) AND day <= toDate(parseDateTimeBestEffort({to:String}, 'UTC'))
GROUP BY uid, dimension, value ORDER BY uid, dimension, last_ms DESC, value LIMIT {values:UInt32} BY uid, dimension`,
  params: z.object({ uids: z.array(z.string()), from: z.string(), to: z.string(), values: z.number() }),
  row: z.object({
    uid: z.string(),
    dimension: z.string(),
    value: z.string(),
    first_ms: z.number(),
    last_ms: z.number(),
    uses: z.number(),
  }),
});

/**
 * What principals were served with before a time of each. What came first at that time or later is the stream's to tell.
 *
 * @param before by principal_uid, one or more: milliseconds of event time.
 */
export async function pastValuesOf(
  { store }: WorkerParts,
  before: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, readonly PastValue[]>> {
  const found = new Map<string, PastValue[]>();
  const times = [...before.values()];
  const rows = await store.querier.run(principalValuesQuery, {
    uids: [...before.keys()],
    from: formatTime(Math.max(0, Math.min(...times) - PAST_MS)),
    to: formatTime(Math.max(0, ...times)),
    values: VALUES_MAX,
  });
  for (const { uid, dimension, value, first_ms: firstMs, last_ms: lastMs, uses } of rows) {
    const untilMs = before.get(uid) ?? 0;
    if (firstMs >= untilMs) continue;
    const past = { dimension, value, firstMs, lastMs: Math.min(lastMs, untilMs - 1), uses };
    const list = found.get(uid);
    if (list === undefined) found.set(uid, [past]);
    else list.push(past);
  }
  return found;
}
