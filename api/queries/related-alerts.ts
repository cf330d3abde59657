import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { alertRow, selectAlerts } from './alert-columns.js';
import { texts } from './columns.js';

/** What the grouper needs: the last alerts of each token and principal, and every alert that holds one of the findings. */
export const relatedAlerts = defineQuery({
  name: 'related-alerts',
  params: z.object({ uids: texts, finding_uids: texts, alerts_per_entity: z.number().int() }),
  row: alertRow,
  sql: `
${selectAlerts(`
  entity_uid IN {uids:Array(String)}
  OR principal_uid IN {uids:Array(String)}
  OR token_uid IN {uids:Array(String)}
  OR hasAny(token_uids, {uids:Array(String)})
  OR hasAny(finding_uids, arrayMap(uid -> toUUIDOrZero(uid), {finding_uids:Array(String)}))`)}
ORDER BY a.last_time DESC, toString(a.alert_uid)
LIMIT {alerts_per_entity:UInt32} BY a.entity_uid, hasAny(a.finding_uids, arrayMap(uid -> toUUIDOrZero(uid), {finding_uids:Array(String)}))`,
});
