import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, windowParams } from './columns.js';

export const recordTypeRow = z.object({ product: text, record_type: text, action: text, events: count });

/** How often each type of record was read in a window of observed time, and as which action; types that nobody maps are `other`. */
export const sourceRecordTypes = defineQuery({
  name: 'source-record-types',
  params: z.object({ ...windowParams, rows: z.number().int() }),
  row: recordTypeRow,
  sql: `
SELECT source_product AS product, record_type, action, count() AS events
FROM token_events
WHERE observed_time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND observed_time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
GROUP BY product, record_type, action
ORDER BY product, action = 'other' DESC, events DESC, record_type, action
LIMIT {rows:UInt32}`,
});
