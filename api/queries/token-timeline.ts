import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, windowParams } from './columns.js';

export const timelineRow = z.object({
  bucket: time,
  events: count,
  requests: count,
  outbound_requests: count,
  failures: count,
  request_bytes: count,
  response_bytes: count,
  targets: count,
  clients: count,
});

/** Usage in buckets of whole hours, from the roll-up. */
export const tokenTimeline = defineQuery({
  name: 'token-timeline',
  params: z.object({ ...windowParams, token_uid: text, bucket_s: z.number().int() }),
  row: timelineRow,
  sql: `
SELECT
  toStartOfInterval(hour, toIntervalSecond({bucket_s:UInt32}), 'UTC') AS bucket,
  sum(usage.events) AS events,
  sum(usage.requests) AS requests,
  sum(usage.outbound_requests) AS outbound_requests,
  sum(usage.failures) AS failures,
  sum(usage.request_bytes) AS request_bytes,
  sum(usage.response_bytes) AS response_bytes,
  uniqCombined64Merge(12)(usage.targets) AS targets,
  uniqCombined64Merge(12)(usage.clients) AS clients
FROM token_usage_hourly AS usage
WHERE token_uid = {token_uid:String}
  AND hour >= toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND hour < toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
GROUP BY bucket
ORDER BY bucket`,
});
