import { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import { defineQuery } from '../../ingest/store/query.js';
import type { HourlyUsage, SpokenHour } from '../core/detector.js';
import { eventTimeMs } from '../core/observation.js';
import { pulseOf, sourceKey, STREAM_KEY } from '../core/pulse.js';
import { bySize } from './by-size.js';
import type { PartitionRuntime } from './partition-runtime.js';
import type { DecodedRecord } from './record-intake.js';
import type { WorkerParts } from './worker-deps.js';
import { UIDS_LENGTH, usageQueries } from './worker-queries.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What silence remembers: four weeks of days, and three whole weeks. */
const PAST_DAYS = 28;

/** Minutes in which sources spoke, oldest hour first; half an hour fits into a number that everybody reads alike. */
export const sourceHoursQuery = defineQuery({
  name: 'worker_source_hours',
  sql: `SELECT toString(source_product) AS product, toString(source_instance) AS instance, toUnixTimestamp(hour) * 1000 AS hour_ms,
  bitAnd(groupBitOr(source_hours.minutes), 1073741823) AS first_half, bitShiftRight(groupBitOr(source_hours.minutes), 30) AS second_half
FROM source_hours
WHERE hour >= parseDateTimeBestEffort({from:String}, 'UTC') AND hour < parseDateTimeBestEffort({to:String}, 'UTC')
GROUP BY hour, source_product, source_instance ORDER BY hour, product, instance`,
  params: z.object({ from: z.string(), to: z.string() }),
  row: z.object({
    product: z.string(),
    instance: z.string(),
    hour_ms: z.number(),
    first_half: z.coerce.number(),
    second_half: z.coerce.number(),
  }),
});

/** Event time of the first word of a source or of the stream in these records; Infinity without one. */
function firstWordMs(records: readonly DecodedRecord[]): number {
  let firstMs = Infinity;
  for (const { events } of records) {
    for (const event of events) {
      const pulse = pulseOf(event);
      if (pulse?.kind === 'source' && pulse.member === undefined) firstMs = Math.min(firstMs, eventTimeMs(event));
    }
  }
  return firstMs;
}

/**
 * Gives the states of the sources and of the stream the minutes that the store knows, where there is no state of the stream. They count
 * each other's minutes, so all begin together, before one hour; and only hours that have been scored to their end are taken, so
 * that they come to the same in each partition, whichever word it hears first.
 */
export async function warmSources(
  { store }: WorkerParts,
  runtime: PartitionRuntime,
  records: readonly DecodedRecord[],
): Promise<void> {
  if (runtime.keyed.isWarm(STREAM_KEY)) return;
  const toMs = Math.floor(Math.min(runtime.scoredMs, firstWordMs(records)) / HOUR_MS) * HOUR_MS;
  if (!Number.isFinite(toMs)) return;
  const fromMs = Math.max(0, (Math.floor(toMs / DAY_MS) - PAST_DAYS) * DAY_MS);
  const rows = await store.querier.run(sourceHoursQuery, { from: formatTime(fromMs), to: formatTime(toMs) });
  const stream: SpokenHour[] = [];
  const sources = new Map<string, SpokenHour[]>();
  for (const { product, instance, hour_ms: hourStartMs, first_half: first, second_half: second } of rows) {
    const key = sourceKey({ product, instance });
    const own = sources.get(key) ?? [];
    own.push({ hourStartMs, minutes: [first, second] });
    sources.set(key, own);
    const last = stream.at(-1);
    const [before, after] = last?.hourStartMs === hourStartMs ? last.minutes : [0, 0];
    if (last?.hourStartMs === hourStartMs) stream.pop();
    stream.push({ hourStartMs, minutes: [before | first, after | second] });
  }
  for (const [key, own] of [...sources, [STREAM_KEY, stream] as const]) {
    if (own.length > 0) runtime.hear(key, own, stream);
    runtime.keyed.markWarm(key);
  }
}

/**
 * Gives keys whose owner nobody knows the hours that the store knows of them, where a detector began anew. One that the runtime does not
 * know at all is mostly a new one, of which the store knows nothing.
 */
export async function warmKeys(
  { store }: WorkerParts,
  runtime: PartitionRuntime,
  records: readonly DecodedRecord[],
): Promise<void> {
  const cold = new Map<string, string>();
  for (const { events } of records) {
    for (const event of events) {
      const pulse = pulseOf(event);
      if (pulse?.kind !== 'token') continue;
      const known = runtime.keyed.peek(pulse.key);
      if (known !== undefined && known.cold.length > 0) cold.set(pulse.uid, pulse.key);
    }
  }
  const toMs = Math.floor(runtime.scoredMs / HOUR_MS) * HOUR_MS;
  if (!Number.isFinite(toMs)) return;
  const span = { from: formatTime(Math.max(0, toMs - PAST_DAYS * DAY_MS)), to: formatTime(toMs) };
  for (const some of bySize(cold, ([uid]) => uid.length, UIDS_LENGTH)) {
    const hours = new Map<string, HourlyUsage[]>(some.map(([, key]) => [key, []]));
    for (const { uid, hour_ms: hourStartMs, requests, failures } of await store.querier.run(usageQueries.token, {
      ...span,
      uids: some.map(([uid]) => uid),
    })) {
      hours.get(cold.get(uid) ?? '')?.push({ hourStartMs, requests, failures });
    }
    for (const [key, history] of hours) {
      runtime.warmUp(key, history);
      runtime.keyed.markWarm(key);
    }
  }
}
