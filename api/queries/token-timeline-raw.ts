import { z } from 'zod';
import { ISSUER_REFUSAL } from '../../detectors/core/reproduce.js';
import { defineQuery } from '../../ingest/store/query.js';
import { hopWindow, text, windowParams } from './columns.js';
import { eventsOfToken, hopsOf, linesOf, timelineRow, timelineSums } from './token-timeline.js';

const bucketOf = "toDateTime(toStartOfInterval(time, toIntervalSecond({bucket_s:UInt32}), 'UTC'), 'UTC')";
const own = 'NOT token_lent';

/** Usage in buckets shorter than an hour, from events and hops themselves; the columns mean what the roll-ups' mean. */
export const tokenTimelineRaw = defineQuery({
  name: 'token-timeline-raw',
  params: z.object({ ...windowParams, token_uid: text, bucket_s: z.number().int() }),
  row: timelineRow,
  sql: `
SELECT
  rows.start AS bucket,${timelineSums}
FROM
(
  SELECT
    ${bucketOf} AS start,
    ${linesOf('count()', `countIf(${ISSUER_REFUSAL})`, 'uniqCombined64State(12)(toString(target_service))', 'uniqCombined64State(12)(toString(client_address))')}
  FROM ${eventsOfToken}
  GROUP BY start
  UNION ALL
  SELECT
    ${bucketOf} AS start,
    ${hopsOf(`countIf(${own}) AS requests, countIf(${own} AND seen_from = 'caller') AS caller_only, countIf(token_lent) AS lent,
    countIf(${own} AND raw.callee_told) AS callee_told, countIf(${own} AND outcome = 'failure') AS failures, sumIf(raw.request_bytes, ${own}) AS request_bytes,
    sumIf(raw.response_bytes, ${own}) AS response_bytes`)}
  FROM hops AS raw FINAL
  WHERE is_hop AND token_uid = {token_uid:String} AND ${hopWindow}
  GROUP BY start
) AS rows
GROUP BY bucket
ORDER BY bucket`,
});
