import type { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import { toldHours } from '../../ingest/store/hops/hop-queries.js';
import type { HourlyUsage, Stage } from '../core/detector.js';
import { entityOf, eventTimeMs } from '../core/observation.js';
import type { PartitionRuntime } from './partition-runtime.js';
import type { DecodedRecord } from './record-intake.js';
import type { WorkerParts } from './worker-deps.js';
import { usageQueries } from './worker-queries.js';

const HOUR_MS = 3_600_000;
const HOUR_MINUTES = 60;
/** The roll-up's hours are DateTime, which ends in 2106. */
const TIME_MAX_MS = Date.UTC(2100, 0, 1);
const HISTORY_MS = 28 * 24 * HOUR_MS;

/**
 * Entities of these records that the runtime knows too little of, each with the hour before which history is to tell of
 * it: that of its first event here. Of a principal, events of hours before may still be under way from another
 * partition though the store has them; so only hours that have been scored to their end count.
 */
function strangers(stage: Stage, runtime: PartitionRuntime, records: readonly DecodedRecord[]): Map<string, number> {
  const found = new Map<string, number>();
  const latestMs = stage === 'principal' ? Math.min(TIME_MAX_MS, runtime.scoredMs) : TIME_MAX_MS;
  for (const record of records) {
    for (const event of record.events) {
      // Of who speaks in pulses the store has no hours by that name.
      const uid = stage === 'principal' && event.principal === undefined ? null : entityOf(event, stage);
      if (uid === null || runtime.keyed.isWarm(uid)) continue;
      const hour = Math.floor(Math.min(latestMs, eventTimeMs(event)) / HOUR_MS) * HOUR_MS;
      const known = found.get(uid);
      if (known === undefined || hour < known) found.set(uid, hour);
    }
  }
  return found;
}

type Row = z.output<(typeof usageQueries)['token']['row']>;
type Counts = Pick<Row, 'requests' | 'failures'>;
const NOTHING: ReadonlyMap<string, Counts> = new Map();

/**
 * The roll-up at insert time counts lines; what was told in two formats is twice in it. Where hops are known already, they
 * tell what the detectors would have counted. By token and hour.
 */
async function toldOnce(
  deps: WorkerParts,
  rows: readonly Row[],
  fromMs: number,
  toMs: number,
): Promise<ReadonlyMap<string, Counts>> {
  const params = {
    uids: [...new Set(rows.map(({ uid }) => uid))],
    from_minute: Math.floor(fromMs / HOUR_MS) * HOUR_MINUTES,
    to_minute: Math.ceil(toMs / HOUR_MS) * HOUR_MINUTES,
  };
  const hours = await deps.store.querier.run(toldHours, params);
  return new Map(hours.map(({ uid, hour_ms, requests, failures }) => [`${uid} ${hour_ms}`, { requests, failures }]));
}

/** Gives entities without state their closed hours from the store, so that a restart or a backfill starts them warm. */
export async function warmStart(
  deps: WorkerParts,
  stage: Stage,
  runtime: PartitionRuntime,
  records: readonly DecodedRecord[],
): Promise<void> {
  const unknown = strangers(stage, runtime, records);
  if (unknown.size === 0) return;
  const hours = [...unknown.values()];
  const to = Math.max(...hours);
  const from = Math.max(0, Math.min(...hours) - HISTORY_MS);
  if (to <= from) return;
  const params = { uids: [...unknown.keys()], from: formatTime(from), to: formatTime(to) };
  const rows = await deps.store.querier.run(usageQueries[stage], params);
  const told = stage === 'token' && rows.length > 0 ? await toldOnce(deps, rows, from, to) : NOTHING;
  const history = new Map<string, HourlyUsage[]>();
  for (const { uid, hour_ms, ...lines } of rows) {
    const row = { uid, hour_ms, ...(told.get(`${uid} ${hour_ms}`) ?? lines) };
    const before = unknown.get(row.uid);
    if (before === undefined || row.hour_ms >= before) continue;
    const usage = { hourStartMs: row.hour_ms, requests: row.requests, failures: row.failures };
    const list = history.get(row.uid);
    if (list === undefined) history.set(row.uid, [usage]);
    else list.push(usage);
  }
  for (const [uid, usage] of history) runtime.warmUp(uid, usage);
  for (const uid of unknown.keys()) runtime.keyed.markWarm(uid);
}
