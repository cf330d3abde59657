import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, texts } from './columns.js';

/** Requests of tokens and those of them that failed, over all hours that the roll-up holds; none of a token without any. */
export const tokenUses = defineQuery({
  name: 'token-uses',
  params: z.object({ token_uids: texts }),
  row: z.object({ token_uid: text, uses: count, failures: count }),
  sql: `
SELECT token_uid, sum(token_hours.requests) AS uses, sum(token_hours.failures) AS failures
FROM token_hours FINAL
WHERE token_uid IN {token_uids:Array(String)}
GROUP BY token_uid`,
});
