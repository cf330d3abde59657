import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, real, text } from './columns.js';
import { riskByKind, riskParams } from './risk-sql.js';

/** What adds to the risk of a token and of its principal, by kind of finding, most first. */
export const tokenRisk = defineQuery({
  name: 'token-risk',
  params: z.object({ ...riskParams, token_uid: text, principal_uid: text }),
  row: z.object({
    of: z.enum(['token', 'principal']),
    detector: text,
    measure: text,
    findings: count,
    risk: real,
  }),
  sql: `
SELECT of, detector, measure, findings, risk FROM
(
  SELECT 'token' AS of, * FROM (${riskByKind('token_uid', 'token_uid = {token_uid:String}')})
  UNION ALL
  SELECT 'principal' AS of, * FROM (${riskByKind('principal_uid', "principal_uid = {principal_uid:String} AND principal_uid != ''")})
)
ORDER BY risk DESC, detector, measure`,
});
