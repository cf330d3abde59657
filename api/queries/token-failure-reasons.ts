import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, windowParams } from './columns.js';

/** Why a token's requests failed in whole hours, most first; they add up to the failures of its timeline. */
export const tokenFailureReasons = defineQuery({
  name: 'token-failure-reasons',
  params: z.object({ ...windowParams, token_uid: text }),
  row: z.object({ reason: text, failures: count }),
  sql: `
SELECT toString(told.1) AS reason, sum(told.2) AS failures
FROM token_hours FINAL
ARRAY JOIN CAST(reasons, 'Array(Tuple(String, UInt64))') AS told
WHERE token_uid = {token_uid:String}
  AND hour >= toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AND hour < toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
GROUP BY reason
ORDER BY failures DESC, reason`,
});
