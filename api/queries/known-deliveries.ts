import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts } from './columns.js';

/** Which of the given deliveries are stored, in any state. */
export const knownDeliveries = defineQuery({
  name: 'known-deliveries',
  params: z.object({ delivery_uids: texts }),
  row: z.object({ delivery_uid: text }),
  sql: `
SELECT DISTINCT delivery_uid
FROM deliveries
WHERE delivery_uid IN (SELECT arrayJoin(arrayMap(uid -> toUUIDOrZero(uid), {delivery_uids:Array(String)})))`,
});
