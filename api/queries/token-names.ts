import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts } from './columns.js';

/** Names for people of the given tokens. */
export const tokenNames = defineQuery({
  name: 'token-names',
  params: z.object({ token_uids: texts }),
  row: z.object({ token_uid: text, name: text, principal_name: text, principal_id: text, principal_kind: text }),
  sql: `SELECT token_uid, name, principal_name, principal_id, principal_kind FROM token_facts WHERE token_uid IN {token_uids:Array(String)}`,
});
