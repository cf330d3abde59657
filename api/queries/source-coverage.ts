import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, windowParams } from './columns.js';

const lag = z.coerce.number().nullable();

/** What of a lag counts as live: an event read within ten minutes of its time, by either clock. */
const isLive = 'abs(lag_ms) <= 600000';
const isRequest = "action = 'use' AND direction != 'outbound'";
const lagQuantile = (level: string): string =>
  `if(countIf(${isLive}) = 0, NULL, toInt64(round(quantileTDigestIf(${level})(lag_ms, ${isLive}))))`;

export const coverageRow = z.object({
  product: text,
  instance: text,
  kind: text,
  events: count,
  other_events: count,
  first_time: time,
  last_time: time,
  last_observed_time: time,
  requests: count,
  identified: count,
  none_sent: count,
  refused_unread: count,
  principal_only: count,
  not_told: count,
  live_events: count,
  lag_p05_ms: lag,
  lag_p50_ms: lag,
  lag_p95_ms: lag,
});

/**
 * Each source instance in a window of observed time: how many events, which share of its requests names a token, why the others do
 * not, and the lag from event time to observed time. A lag below zero is a clock that goes ahead.
 */
export const sourceCoverage = defineQuery({
  name: 'source-coverage',
  params: z.object({ ...windowParams, rows: z.number().int() }),
  row: coverageRow,
  sql: `
SELECT
  source_product AS product,
  source_instance AS instance,
  any(source_kind) AS kind,
  count() AS events,
  countIf(action = 'other') AS other_events,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  max(read_time) AS last_observed_time,
  countIf(is_request) AS requests,
  countIf(is_request AND why = 'identified') AS identified,
  countIf(is_request AND why = 'none_sent') AS none_sent,
  countIf(is_request AND why = 'refused_unread') AS refused_unread,
  countIf(is_request AND why = 'principal_only') AS principal_only,
  countIf(is_request AND why = 'not_told') AS not_told,
  countIf(${isLive}) AS live_events,
  ${lagQuantile('0.05')} AS lag_p05_ms,
  ${lagQuantile('0.5')} AS lag_p50_ms,
  ${lagQuantile('0.95')} AS lag_p95_ms
FROM
(
  SELECT
    source_product,
    source_instance,
    source_kind,
    action,
    raw.time AS event_time,
    raw.observed_time AS read_time,
    dateDiff('millisecond', raw.time, raw.observed_time) AS lag_ms,
    ${isRequest} AS is_request,
    multiIf(
      token_uid != '', 'identified',
      reason = 'missing_token', 'none_sent',
      reason = 'invalid_request', 'refused_unread',
      principal_uid != '', 'principal_only',
      'not_told') AS why
  FROM token_events AS raw
  WHERE raw.observed_time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND raw.observed_time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
)
GROUP BY product, instance
ORDER BY events DESC, product, instance
LIMIT {rows:UInt32}`,
});
