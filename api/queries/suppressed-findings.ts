import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts } from './columns.js';

/** Which of these findings are suppressed, by what and why. */
export const suppressedFindings = defineQuery({
  name: 'suppressed-findings',
  params: z.object({ finding_uids: texts }),
  row: z.object({ finding_uid: text, suppression: text, reason: text }),
  sql: `
SELECT toString(finding_uid) AS finding_uid, suppression, reason
FROM suppressed_findings FINAL
WHERE finding_uid IN (SELECT arrayJoin(arrayMap(uid -> toUUIDOrZero(uid), {finding_uids:Array(String)})))`,
});
