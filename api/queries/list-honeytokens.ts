import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, timeOrNull } from './columns.js';

/** Registered decoys, newest first, removed ones included. Empty text means "no filter". */
export const listHoneytokens = defineQuery({
  name: 'list-honeytokens',
  params: z.object({ token_uid: text, rows: z.number().int() }),
  row: z
    .object({
      token_uid: text,
      version: count,
      secret_fp: text,
      fp_key_id: text,
      format: text,
      name: text,
      planted: text,
      note: text,
      created_time: time,
      created_by: text,
      removed_time: timeOrNull,
    })
    .transform(({ created_time, removed_time, ...row }) => ({
      ...row,
      created_at: created_time,
      removed_at: removed_time,
    })),
  sql: `
SELECT token_uid, version, secret_fp, fp_key_id, format, name, planted, note, created_time, created_by, removed_time
FROM honeytokens FINAL
WHERE {token_uid:String} = '' OR token_uid = {token_uid:String}
ORDER BY created_time DESC, token_uid
LIMIT {rows:UInt32}`,
});
