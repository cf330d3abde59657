import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { alertRow, selectAlerts } from './alert-columns.js';
import { text } from './columns.js';

/** One alert with its whole history, or nothing. */
export const getAlert = defineQuery({
  name: 'get-alert',
  params: z.object({ alert_uid: text }),
  row: alertRow,
  sql: selectAlerts('alert_uid = toUUIDOrZero({alert_uid:String})'),
});

/** Up to 500 alerts with their histories. */
export const getAlerts = defineQuery({
  name: 'get-alerts',
  params: z.object({ alert_uids: z.array(text).max(500) }),
  row: alertRow,
  sql: selectAlerts('alert_uid IN (SELECT toUUIDOrZero(arrayJoin({alert_uids:Array(String)})))'),
});
