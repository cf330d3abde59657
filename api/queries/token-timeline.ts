import { z } from 'zod';
import { ISSUER_REFUSAL } from '../../detectors/core/reproduce.js';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, windowParams } from './columns.js';

export const timelineRow = z.object({
  bucket: time,
  events: count,
  requests: count,
  outbound_requests: count,
  lent_requests: count,
  told_requests: count,
  issuer_refusals: count,
  failures: count,
  request_bytes: count,
  response_bytes: count,
  targets: count,
  clients: count,
});

/** Sums of a bucket, from rows of {@link linesOf} and {@link hopsOf}. */
export const timelineSums = `
  sum(rows.events) AS events,
  sum(rows.issuer_refusals) AS issuer_refusals,
  sum(rows.requests) AS requests,
  sum(rows.caller_only) AS outbound_requests,
  sum(rows.lent) AS lent_requests,
  sum(rows.callee_told) AS told_requests,
  sum(rows.failures) AS failures,
  sum(rows.request_bytes) AS request_bytes,
  sum(rows.response_bytes) AS response_bytes,
  uniqCombined64Merge(12)(rows.targets) AS targets,
  uniqCombined64Merge(12)(rows.clients) AS clients`;

const zeros = (names: string): string =>
  names.split(' ').map((name) => `toUInt64(0) AS ${name}`).join(', '); // prettier-ignore

const HOPS = 'requests caller_only lent callee_told failures request_bytes response_bytes';

/** Columns of a row that tells of lines: events of any action, with what they were seen with. */
export const linesOf = (events: string, refusals: string, targets: string, clients: string): string =>
  `${events} AS events, ${refusals} AS issuer_refusals, ${zeros(HOPS)},
    ${targets} AS targets, ${clients} AS clients`;

const nobody = "arrayReduce('uniqCombined64State(12)', CAST([], 'Array(String)'))";

/** Columns of a row that tells of hops; `sums` are those that {@link linesOf} gives zeros. */
export const hopsOf = (sums: string): string =>
  `${zeros('events issuer_refusals')}, ${sums}, ${nobody} AS targets, ${nobody} AS clients`;

/** Events of the token in the window, from the events themselves. */
export const eventsOfToken = `token_events
  WHERE token_uid = {token_uid:String}
    AND toDate(time) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    AND toDate(time) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
    AND time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`;

/**
 * Usage in buckets of whole hours, from the roll-ups: events from that of lines, requests from that of hops. Refusals at an
 * issuer are in neither, so they reach as far back as events are kept.
 */
export const tokenTimeline = defineQuery({
  name: 'token-timeline',
  params: z.object({ ...windowParams, token_uid: text, bucket_s: z.number().int() }),
  row: timelineRow,
  sql: `
SELECT
  toStartOfInterval(rows.hour, toIntervalSecond({bucket_s:UInt32}), 'UTC') AS bucket,${timelineSums}
FROM
(
  SELECT hour, ${linesOf('events', 'toUInt64(0)', 'targets', 'clients')}
  FROM token_usage_hourly
  WHERE token_uid = {token_uid:String}
    AND hour >= toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AND hour < toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
  UNION ALL
  SELECT toDateTime(toStartOfHour(time), 'UTC') AS hour, ${linesOf('toUInt64(0)', 'count()', nobody, nobody)}
  FROM ${eventsOfToken} AND ${ISSUER_REFUSAL}
  GROUP BY hour
  UNION ALL
  SELECT hour, ${hopsOf('requests, caller_only, lent, callee_told, failures, request_bytes, response_bytes')}
  FROM token_hours FINAL
  WHERE token_uid = {token_uid:String} AND requests + lent > 0
    AND hour >= toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AND hour < toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
) AS rows
GROUP BY bucket
ORDER BY bucket`,
});
