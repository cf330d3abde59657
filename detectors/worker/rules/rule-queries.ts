import { z } from 'zod';
import { defineQuery } from '../../../ingest/store/query.js';

const count = z.coerce.number().nonnegative();
const minute = z.number().int();

/**
 * Minutes (since the epoch) before `before_minute` with events that the evaluation of a rule did not know, oldest first, and
 * the places of these rules in `rules`, from 0. Only minutes that events came to within so many seconds of the store's clock.
 */
export const staleRuleMinutes = defineQuery({
  name: 'stale-rule-minutes',
  params: z.object({
    rules: z.array(z.string()),
    before_minute: minute,
    touched_s: z.number().int().min(0),
    rows: z.number().int(),
  }),
  row: z.object({ minute, lines: count, rules: z.array(z.number().int().nonnegative()) }),
  sql: `
WITH counted AS
(
  SELECT minute, sum(event_minutes.lines) AS lines
  FROM event_minutes
  WHERE minute < {before_minute:Int64}
  GROUP BY minute
  HAVING max(event_minutes.touched) >= now('UTC') - {touched_s:UInt32}
)
SELECT minute, lines, arrayFilter(place -> lines > known[place], range(toUInt32(length({rules:Array(String)})))) AS rules
FROM counted
LEFT JOIN
(
  SELECT minute, maxMap(map(toUInt32(indexOf({rules:Array(String)}, toString(rule)) - 1), rule_minutes.lines)) AS known
  FROM rule_minutes
  WHERE rule IN {rules:Array(String)} AND minute IN (SELECT minute FROM counted)
  GROUP BY minute
) AS done USING (minute)
WHERE notEmpty(rules)
ORDER BY minute
LIMIT {rows:UInt32}`,
});

/** Minutes (since the epoch) of a span with their events, oldest first. */
export const eventMinutes = defineQuery({
  name: 'event-minutes',
  params: z.object({ from_minute: minute, to_minute: minute }),
  row: z.object({ minute, lines: count }),
  sql: `
SELECT minute, sum(event_minutes.lines) AS lines
FROM event_minutes
WHERE minute >= {from_minute:Int64} AND minute < {to_minute:Int64}
GROUP BY minute
ORDER BY minute`,
});
