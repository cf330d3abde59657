import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text } from './columns.js';

/** Which fingerprint key the newest tokens were named with, and how many events name one. */
export const newestKeyId = defineQuery({
  name: 'newest-key-id',
  params: z.object({}),
  row: z.object({ fp_key_id: text, events: count }),
  sql: `
SELECT toString(argMax(raw.fp_key_id, raw.observed_time)) AS fp_key_id, count() AS events
FROM token_events AS raw
WHERE raw.fp_key_id != ''`,
});
