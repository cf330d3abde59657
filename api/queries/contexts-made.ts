import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, windowParams } from './columns.js';

/** Start of the latest hour of a window for which contexts of tokens were made, milliseconds since the epoch; 0 for none. */
export const contextsMade = defineQuery({
  name: 'contexts-made',
  params: z.object(windowParams),
  row: z.object({ made_ms: count }),
  sql: `
SELECT toInt64(max(toUnixTimestamp(hour))) * 1000 AS made_ms
FROM token_contexts
WHERE token_uid = ''
  AND toDate(hour) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
  AND toDate(hour) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
  AND hour >= toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AND hour < toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')`,
});
