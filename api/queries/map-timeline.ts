import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, windowParams } from './columns.js';

export const mapTimelineRow = z.object({ bucket: time, requests: count, failures: count });

/** Hops in buckets of whole hours, from the roll-up; buckets without any are left out. */
export const mapTimeline = defineQuery({
  name: 'map-timeline',
  params: z.object({ ...windowParams, bucket_s: z.number().int(), service: text }),
  row: mapTimelineRow,
  sql: `
SELECT
  toDateTime(toStartOfInterval(hour, toIntervalSecond({bucket_s:UInt32}), 'UTC'), 'UTC') AS bucket,
  sum(edges.requests) AS requests,
  sum(edges.failures) AS failures
FROM edge_hours AS edges FINAL
WHERE edges.requests > 0
  AND hour >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND hour < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND ({service:String} = '' OR target_service = {service:String} OR caller_service = {service:String})
GROUP BY bucket
ORDER BY bucket`,
});
