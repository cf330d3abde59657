import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { alertRow, selectAlerts } from './alert-columns.js';
import { text, texts, windowParams } from './columns.js';

/** Latest finding first. Empty lists and text mean "no filter". */
export const listAlerts = defineQuery({
  name: 'list-alerts',
  params: z.object({
    ...windowParams,
    states: texts,
    severities: texts,
    token_uid: text,
    principal_uid: text,
    before_ms: z.number().int(),
    before_uid: text,
    rows: z.number().int(),
  }),
  row: alertRow,
  sql: `${selectAlerts(
    `
      last_time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND first_time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND (empty({severities:Array(String)}) OR has({severities:Array(String)}, severity))
  AND ({token_uid:String} = '' OR token_uid = {token_uid:String} OR has(token_uids, {token_uid:String}))
  AND ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
  AND ({before_uid:String} = ''
    OR last_time < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    OR (last_time = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
      AND toString(alert_uid) > {before_uid:String}))`,
    'empty({states:Array(String)}) OR has({states:Array(String)}, current_state)',
  )}
ORDER BY a.last_time DESC, toString(a.alert_uid)
LIMIT {rows:UInt32}`,
});
