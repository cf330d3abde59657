import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { deliveryColumns, deliveryRow } from './delivery-columns.js';
import { text } from './columns.js';

/** One delivery in its newest version, or nothing. */
export const getDelivery = defineQuery({
  name: 'get-delivery',
  params: z.object({ delivery_uid: text }),
  row: deliveryRow,
  sql: `
SELECT ${deliveryColumns}
FROM deliveries FINAL
WHERE delivery_uid = toUUIDOrZero({delivery_uid:String})`,
});
