import { z } from 'zod';
import { defineQuery } from '../query.js';
import { windowOf } from './event-window.js';

const count = z.coerce.number().nonnegative();
const minute = z.number().int();

/** Own minute of each bucket, and the neighbour whose joining window reaches into it. */
const minutesOfBucket = `multiIf(
      positiveModulo(bucket, 4) = 0, [own, own - 1],
      positiveModulo(bucket, 4) = 3, [own, own + 1],
      [own])`;

/** How many lines an evaluation of each minute of [from_minute, to_minute) is to know; of minutes that have lines of their own. */
const linesOfMinutes = (condition = ''): string => `
  SELECT minute, sum(bucket_lines) AS lines
  FROM
  (
    SELECT arrayJoin(${minutesOfBucket}) AS minute, own, bucket_lines
    FROM
    (
      SELECT bucket, toInt32(floor(bucket / 4)) AS own, sum(hop_buckets.lines) AS bucket_lines
      FROM hop_buckets
      WHERE bucket >= {from_minute:Int64} * 4 - 1 AND bucket < {to_minute:Int64} * 4 + 1
      GROUP BY bucket
    )
  )
  WHERE ${condition} minute >= {from_minute:Int64} AND minute < {to_minute:Int64}
  GROUP BY minute
  HAVING sumIf(bucket_lines, minute = own) > 0`;

/**
 * Minutes (since the epoch) of [from_minute, to_minute) with lines that their evaluation did not know, oldest first. With
 * `touched_s`, only such as lines came to within so many seconds of the store's clock; 0 for all.
 */
export const staleMinutes = defineQuery({
  name: 'stale-minutes',
  params: z.object({
    from_minute: minute,
    to_minute: minute,
    touched_s: z.number().int().min(0),
    rows: z.number().int(),
  }),
  row: z.object({ minute, lines: count, evaluated: count }),
  sql: `
WITH changed AS
(
  SELECT DISTINCT arrayJoin(${minutesOfBucket}) AS minute
  FROM
  (
    SELECT bucket, toInt32(floor(bucket / 4)) AS own, max(hop_buckets.touched) AS last_touched
    FROM hop_buckets
    WHERE bucket >= {from_minute:Int64} * 4 - 1 AND bucket < {to_minute:Int64} * 4 + 1
    GROUP BY bucket
    HAVING {touched_s:UInt32} = 0 OR last_touched >= now('UTC') - {touched_s:UInt32}
  )
)
SELECT minute, lines, evaluated
FROM
(
${linesOfMinutes('minute IN changed AND')}
) AS counted
LEFT JOIN
(
  SELECT minute, max(version) AS evaluated FROM hops WHERE minute IN changed GROUP BY minute
) AS known USING minute
WHERE lines > evaluated
ORDER BY minute
LIMIT {rows:UInt32}`,
});

/** Lines of uses in each 15 seconds (since the epoch), from the events themselves. */
export const bucketLines = defineQuery({
  name: 'bucket-lines',
  params: z.object({ from_ms: z.number().int(), to_ms: z.number().int() }),
  row: z.object({ bucket: z.number().int(), lines: count }),
  sql: `
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 15000)) AS bucket, count() AS lines
FROM token_events
WHERE action = 'use' AND ${windowOf('time')}
GROUP BY bucket`,
});

/** Lines of uses in buckets of [from_bucket, to_bucket), as counted when they were stored. */
export const heldLines = defineQuery({
  name: 'held-lines',
  params: z.object({ from_bucket: z.number().int(), to_bucket: z.number().int() }),
  row: z.object({ lines: count }),
  sql: `
SELECT sum(hop_buckets.lines) AS lines
FROM hop_buckets
WHERE bucket >= {from_bucket:Int64} AND bucket < {to_bucket:Int64}`,
});

const numberOf = (hour: string): string => `toInt32(intDiv(toUnixTimestamp(${hour}), 3600))`;

/** Versions of the hours in question that a roll-up was made from. */
const madeOf = (table: string, condition: string): string => `
    SELECT '${table}' AS roll_up, ${numberOf(`${table}.hour`)} AS hour, max(${table}.version) AS known
    FROM ${table}
    WHERE ${condition} AND (empty({hours:Array(Int32)}) OR ${numberOf(`${table}.hour`)} IN {hours:Array(Int32)})
    GROUP BY hour`;

/**
 * Hours (since the epoch) whose minutes were evaluated since one of their roll-ups was made, oldest first; of these hours, or
 * of all if none is named. Roll-ups by token mark the hours that they were made for: those that another program made, or that
 * a kill kept from being made, have no mark.
 */
export const staleHours = defineQuery({
  name: 'stale-hours',
  params: z.object({ hours: z.array(z.number().int()) }),
  row: z.object({
    hour: z.number().int(),
    version: count,
    /** What sums of edges and tokens were made from, at least. */
    summed: count,
    /** What contexts of tokens were made from. */
    contexts: count,
  }),
  sql: `
SELECT hour, version, summed, contexts
FROM
(
  SELECT toInt32(floor(minute / 60)) AS hour, sum(minute_version) AS version
  FROM
  (
    SELECT minute, max(hops.version) AS minute_version
    FROM hops
    WHERE empty({hours:Array(Int32)}) OR minute IN (
      SELECT arrayJoin(arrayMap(m -> toInt32(h * 60 + m), range(60))) FROM (SELECT arrayJoin({hours:Array(Int32)}) AS h)
    )
    GROUP BY minute
  )
  GROUP BY hour
) AS evaluated
LEFT JOIN
(
  SELECT
    hour,
    least(maxIf(known, roll_up = 'edge_hours'), maxIf(known, roll_up = 'token_hours')) AS summed,
    maxIf(known, roll_up = 'token_contexts') AS contexts
  FROM
  (${[
    madeOf('edge_hours', 'true'),
    madeOf('token_hours', "token_hours.token_uid = ''"),
    madeOf('token_contexts', "token_contexts.token_uid = ''"),
  ].join('\n    UNION ALL')}
  )
  GROUP BY hour
) AS made USING hour
WHERE version > summed OR version > contexts
ORDER BY hour`,
});

/**
 * Requests and failures of these tokens in the hours (ms since the epoch) of [from_minute, to_minute) as stream detectors count
 * them: the callee's own log names the token, and what fails by an outage is no failure. Only of hours that were made from all lines that are stored, so that they
 * follow from the events and not from how far the evaluation is.
 */
export const toldHours = defineQuery({
  name: 'told-hours',
  params: z.object({
    uids: z.array(z.string()),
    from_minute: minute,
    to_minute: minute,
    /** Reasons of failures that are outages. */
    outages: z.array(z.string()),
  }),
  row: z.object({ uid: z.string(), hour_ms: z.number().int(), requests: count, failures: count }),
  sql: `
WITH
level AS
(
  SELECT stored.hour AS level_hour
  FROM (SELECT toInt32(floor(minute / 60)) AS hour, sum(lines) AS due FROM (${linesOfMinutes()}) GROUP BY hour) AS stored
  INNER JOIN
  (
    SELECT ${numberOf('token_hours.hour')} AS hour, max(token_hours.version) AS known
    FROM token_hours
    WHERE token_uid = '' AND token_hours.hour >= toDateTime({from_minute:Int64} * 60, 'UTC')
      AND token_hours.hour < toDateTime({to_minute:Int64} * 60, 'UTC')
    GROUP BY hour
  ) AS made ON stored.hour = made.hour
  WHERE known >= due
)
SELECT token_uid AS uid, toInt64(toUnixTimestamp(hour)) * 1000 AS hour_ms, callee_told AS requests,
  least(toInt64(failures) - toInt64(arraySum(r -> reasons[r], {outages:Array(String)})), toInt64(callee_told)) AS failures
FROM token_hours FINAL
WHERE token_uid IN {uids:Array(String)} AND callee_told > 0
  AND hour >= toDateTime({from_minute:Int64} * 60, 'UTC') AND hour < toDateTime({to_minute:Int64} * 60, 'UTC')
  AND ${numberOf('hour')} IN (SELECT level_hour FROM level)`,
});
