import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, windowParams } from './columns.js';
import { timelineRow } from './token-timeline.js';

/** Usage in buckets shorter than an hour, from raw rows; the columns mean what the roll-up's mean. */
export const tokenTimelineRaw = defineQuery({
  name: 'token-timeline-raw',
  params: z.object({ ...windowParams, token_uid: text, bucket_s: z.number().int() }),
  row: timelineRow,
  sql: `
SELECT
  toDateTime(toStartOfInterval(time, toIntervalSecond({bucket_s:UInt32}), 'UTC'), 'UTC') AS bucket,
  count() AS events,
  countIf(action = 'use' AND direction != 'outbound') AS requests,
  countIf(action = 'use' AND direction = 'outbound') AS outbound_requests,
  countIf(action = 'use' AND direction != 'outbound' AND outcome = 'failure') AS failures,
  sum(ifNull(raw.request_bytes, 0)) AS request_bytes,
  sum(ifNull(raw.response_bytes, 0)) AS response_bytes,
  uniqCombined64(12)(toString(target_service)) AS targets,
  uniqCombined64(12)(toString(client_address)) AS clients
FROM token_events AS raw
WHERE token_uid = {token_uid:String}
  AND toDate(time) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
  AND toDate(time) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
  AND time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
GROUP BY bucket
ORDER BY bucket`,
});
