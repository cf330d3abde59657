import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, networkOf, text, time, windowParams } from './columns.js';

/**
 * What a token was seen with in a window, beside how often in the time before it: the most frequent values of each
 * dimension, of the window and of the time before. Reads one token's rows only.
 */
export const tokenFacets = defineQuery({
  name: 'token-facets',
  params: z.object({ ...windowParams, since_ms: z.number().int(), token_uid: text, values_max: z.number().int() }),
  row: z.object({
    dimension: text,
    value: text,
    now_events: count,
    now_failures: count,
    before_events: count,
    first_time: time,
    last_time: time,
  }),
  sql: `
SELECT dimension, value, now_events, now_failures, before_events, value_first AS first_time, value_last AS last_time
FROM
(
  SELECT
    pair.1 AS dimension,
    pair.2 AS value,
    countIf(use_now) AS now_events,
    countIf(use_now AND failed) AS now_failures,
    countIf(NOT use_now) AS before_events,
    min(time) AS value_first,
    max(time) AS value_last,
    row_number() OVER (PARTITION BY dimension ORDER BY now_events DESC, before_events DESC, value) AS now_rank,
    row_number() OVER (PARTITION BY dimension ORDER BY before_events DESC, now_events DESC, value) AS before_rank
  FROM
  (
    SELECT
      time,
      time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS use_now,
      outcome = 'failure' AS failed,
      [
        ('network', ${networkOf}),
        ('client_address', toString(client_address)),
        ('client_country', toString(client_country)),
        ('user_agent', toString(user_agent)),
        ('caller_service', toString(caller_service)),
        ('target_service', toString(target_service)),
        ('target_route', if(target_route = '', '', concat(target_method, ' ', target_route))),
        ('source', concat(source_product, ' ', source_instance))
      ] AS pairs
    FROM token_events
    WHERE token_uid = {token_uid:String}
      AND action = 'use'
      AND direction != 'outbound'
      AND toDate(time) >= toDate(fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC'))
      AND toDate(time) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
      AND time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
      AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  )
  ARRAY JOIN pairs AS pair
  WHERE pair.2 != ''
  GROUP BY dimension, value
)
WHERE now_rank <= {values_max:UInt32} OR before_rank <= {values_max:UInt32}
ORDER BY dimension, now_events DESC, before_events DESC, value`,
});
