import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, time } from './columns.js';

/** Tokens made from this one: their parent is one of its aliases. */
export const tokenChildren = defineQuery({
  name: 'token-children',
  params: z.object({ token_uid: text, rows: z.number().int() }),
  row: z.object({ token_uid: text, name: text, first_seen: time }),
  sql: `
WITH (SELECT groupArrayArray(aliases) FROM token_facts WHERE token_uid = {token_uid:String}) AS own
SELECT token_uid, name, first_seen
FROM token_facts
WHERE token_uid != {token_uid:String} AND hasAny(parents, own)
ORDER BY first_seen DESC, token_uid
LIMIT {rows:UInt32}`,
});
