import type { z } from 'zod';
import { AppError, describeError } from '../../ingest/core/errors.js';
import { formatTime } from '../../ingest/event/time.js';
import { toldHours } from '../../ingest/store/hops/hop-queries.js';
import type { HourlyUsage, Stage } from '../core/detector.js';
import { entityOf, eventTimeMs, outageReasons } from '../core/observation.js';
import { bySize } from './by-size.js';
import type { PartitionRuntime } from './partition-runtime.js';
import type { DecodedRecord } from './record-intake.js';
import { pastValuesOf } from './past-values.js';
import { warmKeys, warmSources } from './warm-sources.js';
import type { WorkerParts } from './worker-deps.js';
import { principalToldAgainQuery, tokenRefusalsQuery, UIDS_LENGTH, usageQueries } from './worker-queries.js';

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
type Hours = ReadonlyMap<string, Counts>;

const keyOf = ({ uid, hour_ms }: Pick<Row, 'uid' | 'hour_ms'>): string => `${uid} ${hour_ms}`;
const byHour = (rows: readonly Row[]): Hours => new Map(rows.map((row) => [keyOf(row), row]));

/**
 * The roll-ups at insert time count lines; what was told in two formats is twice in them. What the detectors would have
 * counted of tokens is known from hops, where they were found already, and from refusals at issuers; of principals, lines that
 * tell again are taken off.
 *
 * @param rows hours of the roll-up that are wanted, one or more.
 */
async function asRequests(deps: WorkerParts, stage: Stage, rows: readonly Row[]): Promise<readonly Row[]> {
  const { querier } = deps.store;
  const uids = [...new Set(rows.map(({ uid }) => uid))];
  const hours = rows.map((row) => row.hour_ms);
  const [fromMs, toMs] = [Math.min(...hours), Math.max(...hours) + HOUR_MS];
  const span = { uids, from: formatTime(fromMs), to: formatTime(toMs) };
  if (stage === 'principal') {
    const again = byHour(await toldAgain(deps, span));
    return rows.map((row) => plus(row, again.get(keyOf(row)), -1));
  }
  const minutes = { from_minute: (fromMs / HOUR_MS) * HOUR_MINUTES, to_minute: (toMs / HOUR_MS) * HOUR_MINUTES };
  const told = byHour(await querier.run(toldHours, { uids, ...minutes, outages: [...outageReasons] }));
  const refused = byHour(await querier.run(tokenRefusalsQuery, span));
  return rows.map((row) => plus({ ...row, ...told.get(keyOf(row)) }, refused.get(keyOf(row)), 1));
} // prettier-ignore

type Span = z.input<(typeof principalToldAgainQuery)['params']>;

/** It reads events; where those are too many for the store's limits the hours stay as they are: too high, never too low. */
async function toldAgain({ store, logger }: WorkerParts, span: Span): Promise<readonly Row[]> {
  try {
    return await store.querier.run(principalToldAgainQuery, span);
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error;
    logger.warn({ reason: describeError(error) }, 'hours of principals count lines that tell of a request again');
    return [];
  }
}

const plus = (row: Row, { requests, failures }: Counts = { requests: 0, failures: 0 }, sign: 1 | -1): Row => ({
  ...row,
  requests: Math.max(0, row.requests + sign * requests),
  failures: Math.max(0, row.failures + sign * failures),
});

/**
 * Gives entities without state their closed hours from the store, principals what they were served with, and sources their minutes, so
 * that a restart or a backfill starts them warm.
 */
export async function warmStart(
  deps: WorkerParts,
  stage: Stage,
  runtime: PartitionRuntime,
  records: readonly DecodedRecord[],
): Promise<void> {
  if (stage === 'principal') {
    await warmSources(deps, runtime, records);
    await warmKeys(deps, runtime, records);
  }
  for (const some of bySize(strangers(stage, runtime, records), ([uid]) => uid.length, UIDS_LENGTH)) {
    await warmUp(deps, stage, runtime, new Map(some));
  }
}

async function warmUp(
  deps: WorkerParts,
  stage: Stage,
  runtime: PartitionRuntime,
  unknown: ReadonlyMap<string, number>,
): Promise<void> {
  const hours = [...unknown.values()];
  const to = Math.max(...hours);
  const from = Math.max(0, Math.min(...hours) - HISTORY_MS);
  if (to <= from) return;
  const uids = [...unknown.keys()].filter((uid) => runtime.asksForHours(uid));
  const params = { uids, from: formatTime(from), to: formatTime(to) };
  const stored = uids.length === 0 ? [] : await deps.store.querier.run(usageQueries[stage], params);
  const rows = stored.filter(({ uid, hour_ms }) => hour_ms < (unknown.get(uid) ?? -Infinity));
  const history = new Map<string, HourlyUsage[]>();
  for (const row of rows.length === 0 ? rows : await asRequests(deps, stage, rows)) {
    const usage = { hourStartMs: row.hour_ms, requests: row.requests, failures: row.failures };
    const list = history.get(row.uid);
    if (list === undefined) history.set(row.uid, [usage]);
    else list.push(usage);
  }
  const past = stage === 'principal' ? await pastValuesOf(deps, unknown) : null;
  for (const uid of unknown.keys()) {
    const [usage, values] = [history.get(uid) ?? [], past?.get(uid) ?? []];
    if (usage.length > 0 || values.length > 0) runtime.warmUp(uid, usage, values);
    runtime.keyed.markWarm(uid);
  }
}
