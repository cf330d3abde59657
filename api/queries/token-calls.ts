import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, windowParams } from './columns.js';

/** What is known of each event of one token, newest first; the cursor is the last row of the page before. */
export const tokenCalls = defineQuery({
  name: 'token-calls',
  params: z.object({
    ...windowParams,
    token_uid: text,
    before_ms: z.number().int(),
    before_uid: text,
    rows: z.number().int(),
  }),
  row: z.object({
    event_uid: text,
    time,
    source: text,
    action: text,
    direction: text,
    outcome: text,
    reason: text,
    client_address: text,
    user_agent: text,
    caller_service: text,
    target_service: text,
    target_method: text,
    target_route: text,
    target_status: count,
    response_bytes: count.nullable(),
    duration_ms: count.nullable(),
  }),
  sql: `
SELECT
  toString(raw.event_uid) AS event_uid, raw.time AS time, concat(source_product, ' ', source_instance) AS source,
  action, direction, outcome, reason, client_address, user_agent, caller_service, target_service, target_method,
  target_route, target_status, response_bytes, duration_ms
FROM token_events AS raw
WHERE token_uid = {token_uid:String}
  AND toDate(raw.time) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
  AND toDate(raw.time) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
  AND raw.time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND raw.time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND ({before_uid:String} = ''
    OR raw.time < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    OR (raw.time = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
      AND toString(raw.event_uid) > {before_uid:String}))
ORDER BY raw.time DESC, toString(raw.event_uid)
LIMIT {rows:UInt32}`,
});
