import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text } from './columns.js';
import { tokenColumns, tokenRow } from './token-columns.js';

/** One token of the inventory, or nothing. */
export const getToken = defineQuery({
  name: 'get-token',
  params: z.object({ token_uid: text }),
  row: tokenRow,
  sql: `SELECT ${tokenColumns} FROM tokens_v1 WHERE token_uid = {token_uid:String}`,
});
