import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { hopWindow, text, windowParams } from './columns.js';
import { mapTimelineRow } from './map-timeline.js';

/** Hops in buckets of any length, also of one token or principal; buckets without any are left out. */
export const mapTimelineRaw = defineQuery({
  name: 'map-timeline-raw',
  params: z.object({
    ...windowParams,
    bucket_s: z.number().int(),
    service: text,
    token_uid: text,
    principal_uid: text,
  }),
  row: mapTimelineRow,
  sql: `
SELECT
  toDateTime(toStartOfInterval(time, toIntervalSecond({bucket_s:UInt32}), 'UTC'), 'UTC') AS bucket,
  count() AS requests,
  countIf(outcome = 'failure') AS failures
FROM hops FINAL
WHERE is_hop AND ${hopWindow}
  AND ({service:String} = '' OR target_service = {service:String} OR caller_service = {service:String})
  AND ({token_uid:String} = '' OR token_uid = {token_uid:String})
  AND ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
GROUP BY bucket
ORDER BY bucket`,
});
