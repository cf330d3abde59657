import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, real, text } from './columns.js';
import { riskByKind, riskParams } from './risk-sql.js';
import { factsColumns, factsRow } from './token-columns.js';

/**
 * Newest seen first, or highest risk. Empty text and 0 mean "no filter"; the cursor is the last row of the page before. All
 * risk fades alike, so log2(risk) + time / half-life is a place that stays while pages are turned. Uses are asked for the
 * tokens of the page alone: their sums over all tokens would cost ten times the rest.
 */
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
    sort: z.enum(['last_seen', 'risk']),
    ...riskParams,
    rows: z.number().int(),
  }),
  row: factsRow.extend({ risk: real, place: count }),
  sql: `
SELECT
  ${factsColumns}, scores.risk AS risk,
  if({sort:String} = 'risk',
    if(risk > 0, toInt64(round(1000 * (log2(risk) + {at_ms:Int64} / {half_life_ms:Int64}))), 0),
    toUnixTimestamp64Milli(last_seen)) AS place
FROM token_facts
LEFT JOIN
(
  SELECT uid, sum(risk) AS risk FROM (${riskByKind('token_uid', "token_uid != ''")}) GROUP BY uid
) AS scores ON token_facts.token_uid = scores.uid
WHERE ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
  AND ({kind:String} = '' OR has(kinds, {kind:String}))
  AND ({issuer:String} = '' OR has(issuers, {issuer:String}))
  AND ({source:String} = '' OR has(sources, {source:String}))
  AND ({scope:String} = '' OR has(scopes, {scope:String}))
  AND ({search:String} = '' OR positionCaseInsensitiveUTF8(
    concat(token_uid, '\\n', name, '\\n', key_id, '\\n', principal_uid, '\\n', principal_name), {search:String}) > 0)
  AND last_seen >= fromUnixTimestamp64Milli({seen_since_ms:Int64}, 'UTC')
  AND ({before_uid:String} = ''
    OR place < {before_ms:Int64}
    OR (place = {before_ms:Int64} AND token_uid > {before_uid:String}))
ORDER BY place DESC, token_uid
LIMIT {rows:UInt32}`,
});
