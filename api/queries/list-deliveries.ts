import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { deliveryColumns, deliveryRow } from './delivery-columns.js';
import { text } from './columns.js';

/** Newest first, by creation. Empty text means "no filter". */
export const listDeliveries = defineQuery({
  name: 'list-deliveries',
  params: z.object({
    state: text,
    alert_uid: text,
    destination: text,
    before_ms: z.number().int(),
    before_uid: text,
    rows: z.number().int(),
  }),
  row: deliveryRow,
  sql: `
SELECT ${deliveryColumns}
FROM deliveries FINAL
WHERE ({state:String} = '' OR state = {state:String})
  AND ({alert_uid:String} = '' OR alert_uid = toUUIDOrZero({alert_uid:String}))
  AND ({destination:String} = '' OR destination = {destination:String})
  AND ({before_uid:String} = ''
    OR created_time < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    OR (created_time = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
      AND toString(delivery_uid) > {before_uid:String}))
ORDER BY created_time DESC, toString(delivery_uid)
LIMIT {rows:UInt32}`,
});
