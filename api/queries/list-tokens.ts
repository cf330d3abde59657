import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text } from './columns.js';
import { tokenColumns, tokenRow } from './token-columns.js';

/** Newest seen first. Empty text and 0 mean "no filter"; the cursor is the last row of the page before. */
export const listTokens = defineQuery({
  name: 'list-tokens',
  params: z.object({
    principal_uid: text,
    kind: text,
    issuer: text,
    source: text,
    scope: text,
    search: text,
    seen_since_ms: z.number().int(),
    before_ms: z.number().int(),
    before_uid: text,
    rows: z.number().int(),
  }),
  row: tokenRow,
  sql: `
SELECT ${tokenColumns}
FROM tokens_v1
WHERE ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
  AND ({kind:String} = '' OR has(kinds, {kind:String}))
  AND ({issuer:String} = '' OR has(issuers, {issuer:String}))
  AND ({source:String} = '' OR has(sources, {source:String}))
  AND ({scope:String} = '' OR has(scopes, {scope:String}))
  AND ({search:String} = '' OR positionCaseInsensitiveUTF8(
    concat(token_uid, '\\n', name, '\\n', key_id, '\\n', principal_uid, '\\n', principal_name), {search:String}) > 0)
  AND last_seen >= fromUnixTimestamp64Milli({seen_since_ms:Int64}, 'UTC')
  AND ({before_uid:String} = ''
    OR last_seen < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    OR (last_seen = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') AND token_uid > {before_uid:String}))
ORDER BY last_seen DESC, token_uid
LIMIT {rows:UInt32}`,
});
