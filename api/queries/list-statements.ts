import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time } from './columns.js';

/** The audit record of analysts' statements, newest first. */
export const listStatements = defineQuery({
  name: 'list-statements',
  params: z.object({ before_ms: z.number().int(), before_uid: text, rows: z.number().int() }),
  row: z.object({
    statement_uid: text,
    time,
    actor: text,
    statement: text,
    outcome: text,
    detail: text,
    rows_read: count,
    rows_returned: count,
    duration_ms: count,
  }),
  sql: `
SELECT toString(statement_uid) AS statement_uid, time, actor, statement, outcome, detail, rows_read, rows_returned, duration_ms
FROM sql_statements_v1 AS s
WHERE {before_uid:String} = ''
  OR s.time < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
  OR (s.time = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') AND toString(s.statement_uid) > {before_uid:String})
ORDER BY s.time DESC, toString(s.statement_uid)
LIMIT {rows:UInt32}`,
});
