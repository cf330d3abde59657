import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, namedNetworkOf, text, time, windowParams } from './columns.js';

const ms = z.number().int();
const at = (param: string): string => `fromUnixTimestamp64Milli({${param}:Int64}, 'UTC')`;
const hourAt = (param: string): string => `toDateTime(intDiv({${param}:Int64}, 1000), 'UTC')`;
const minuteAt = (param: string): string => `toInt32(floor({${param}:Int64} / 60000))`;

/** Columns that name what a request came with, the same of the roll-up and of single hops. */
const pairs = `
      [
        ('network', ${namedNetworkOf}),
        ('client_address', toString(client_address)),
        ('client_country', toString(client_country)),
        ('user_agent', toString(user_agent)),
        ('caller_service', toString(caller_service)),
        ('target_service', toString(target_service)),
        ('target_route', if(target_route = '', '', concat(target_method, ' ', target_route))),
        ('source', toString(source))
      ] AS pairs`;

/**
 * What the requests of a token came with in a window, beside how often in the time before it: the most frequent values of
 * each dimension, of the window and of the time before. Whole hours come from the roll-up by token: those of [`since_ms`,
 * `first_ms`) before the window, those of [`whole_ms`, `last_ms`) within it. What lies between `first_ms` and `whole_ms`, and
 * after `last_ms`, is read from the hops themselves. Sums are those of the token's timeline.
 */
export const tokenFacets = defineQuery({
  name: 'token-facets',
  params: z.object({
    ...windowParams,
    since_ms: ms,
    first_ms: ms,
    whole_ms: ms,
    last_ms: ms,
    token_uid: text,
    values_max: z.number().int(),
  }),
  row: z.object({
    dimension: text,
    value: text,
    now_requests: count,
    now_failures: count,
    before_requests: count,
    first_time: time,
    last_time: time,
  }),
  sql: `
SELECT dimension, value, now_requests, now_failures, before_requests, value_first AS first_time, value_last AS last_time
FROM
(
  SELECT
    pair.1 AS dimension,
    pair.2 AS value,
    sumIf(context_requests, is_now) AS now_requests,
    sumIf(context_failures, is_now) AS now_failures,
    sumIf(context_requests, NOT is_now) AS before_requests,
    min(context_first) AS value_first,
    max(context_last) AS value_last,
    row_number() OVER (PARTITION BY dimension ORDER BY now_requests DESC, before_requests DESC, value) AS now_rank,
    row_number() OVER (PARTITION BY dimension ORDER BY before_requests DESC, now_requests DESC, value) AS before_rank
  FROM
  (
    SELECT
      hour >= ${hourAt('whole_ms')} AS is_now, requests AS context_requests, failures AS context_failures,
      first_time AS context_first, last_time AS context_last,${pairs}
    FROM token_contexts FINAL
    WHERE token_uid = {token_uid:String} AND requests > 0
      AND toDate(hour) >= toDate(${hourAt('since_ms')}) AND toDate(hour) <= toDate(${hourAt('last_ms')})
      AND hour >= ${hourAt('since_ms')}
      AND (hour < ${hourAt('first_ms')} OR (hour >= ${hourAt('whole_ms')} AND hour < ${hourAt('last_ms')}))
    UNION ALL
    SELECT
      time >= ${at('from_ms')} AS is_now, toUInt64(1) AS context_requests, toUInt64(outcome = 'failure') AS context_failures,
      time AS context_first, time AS context_last,${pairs}
    FROM hops FINAL
    WHERE is_hop AND token_uid = {token_uid:String} AND NOT token_lent
      AND ((minute >= ${minuteAt('first_ms')} AND minute < ${minuteAt('whole_ms')})
        OR (minute >= ${minuteAt('last_ms')} AND minute <= ${minuteAt('to_ms')}))
      AND time < ${at('to_ms')}
      AND NOT (time >= ${at('whole_ms')} AND time < ${at('last_ms')})
  )
  ARRAY JOIN pairs AS pair
  WHERE pair.2 != ''
  GROUP BY dimension, value
)
WHERE now_rank <= {values_max:UInt32} OR before_rank <= {values_max:UInt32}
ORDER BY dimension, now_requests DESC, before_requests DESC, value`,
});
