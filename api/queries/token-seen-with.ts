import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time } from './columns.js';

/** What a token was seen with, the most used values of each dimension. */
export const tokenSeenWith = defineQuery({
  name: 'token-seen-with',
  params: z.object({ token_uid: text, values_max: z.number().int() }),
  row: z.object({
    dimension: text,
    value: text,
    first_time: time,
    last_time: time,
    events: count,
    accepted_events: count,
    /** Distinct values of the dimension, shown or not. */
    distinct_values: count,
  }),
  sql: `
SELECT dimension, value, value_first AS first_time, value_last AS last_time, value_events AS events,
  value_accepted AS accepted_events, distinct_values
FROM
(
  SELECT
    dimension,
    value,
    min(first_seen.first_time) AS value_first,
    max(first_seen.last_time) AS value_last,
    sum(first_seen.events) AS value_events,
    sum(first_seen.accepted_events) AS value_accepted,
    row_number() OVER (PARTITION BY dimension ORDER BY sum(first_seen.events) DESC, value) AS rank,
    count() OVER (PARTITION BY dimension) AS distinct_values
  FROM first_seen
  WHERE token_uid = {token_uid:String}
  GROUP BY dimension, value
)
WHERE rank <= {values_max:UInt32}
ORDER BY dimension, rank`,
});
