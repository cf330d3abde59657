import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { deliveryColumns, deliveryRow } from './delivery-columns.js';

/** The outbox, oldest first. */
export const pendingDeliveries = defineQuery({
  name: 'pending-deliveries',
  params: z.object({ rows: z.number().int() }),
  row: deliveryRow,
  sql: `
SELECT ${deliveryColumns}
FROM deliveries FINAL
WHERE state = 'pending'
ORDER BY created_time, toString(delivery_uid)
LIMIT {rows:UInt32}`,
});
