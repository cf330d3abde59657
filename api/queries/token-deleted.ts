import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts, timeOrNull } from './columns.js';

/** Kinds of credentials that are kept until somebody deletes them. */
const kept = `('api_key', 'personal_access_token', 'access_key', 'service_token', 'basic', 'client_certificate')`;
/** Most calls that delete something at a cloud tell of the key that asked; these tell of the one that is gone. */
const keyDeleted =
  '(?:^|[.])Delete(?:Bucket)?(?:AccessKey|ServiceSpecificCredential|SSHPublicKey|SigningCertificate|ServiceAccountKey)$';

/** When the last of these tokens was deleted, between two days. */
export const tokenDeleted = defineQuery({
  name: 'token-deleted',
  params: z.object({ token_uids: texts, from: text, to: text }),
  row: z.object({ deleted_at: timeOrNull }),
  sql: `
SELECT if(count() = 0, NULL, max(raw.time)) AS deleted_at
FROM token_events AS raw
WHERE token_uid IN {token_uids:Array(String)}
  AND toDate(raw.time) >= toDate(parseDateTime64BestEffort({from:String}, 3, 'UTC'))
  AND toDate(raw.time) <= toDate(parseDateTime64BestEffort({to:String}, 3, 'UTC'))
  AND action = 'delete' AND outcome = 'success' AND token_kind IN ${kept}
  AND (source_kind = 'issuer' OR match(target_method, '${keyDeleted}'))`,
});
