import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { defineQuery } from '../../ingest/store/query.js';
import type { Suppression } from '../schemas/suppressions.js';
import { count, text, time, windowParams } from './columns.js';

const row = z
  .object({
    suppression_uid: text,
    version: count,
    detector: text,
    measure: text,
    token_uid: text,
    principal_uid: text,
    address: text,
    service: text,
    severity_max: z.enum(severities),
    from_time: time,
    until_time: time,
    reason: text,
    created_time: time,
    created_by: text,
  })
  .transform(({ version, from_time, until_time, created_time, ...rest }): { version: number; row: Suppression } => ({
    version,
    row: { ...rest, from: from_time, until: until_time, created_at: created_time },
  }));

/** Suppressions made through the API in their newest version, newest first. */
const select = (where: string): string => `
SELECT suppression_uid, version, detector, measure, token_uid, principal_uid, address, service, severity_max,
  from_time, until_time, reason, created_time, created_by
FROM suppressions FINAL
WHERE ${where}
ORDER BY created_time DESC, toString(suppression_uid)`;

/** Ended ones included. Empty text means "no filter". */
export const listSuppressions = defineQuery({
  name: 'list-suppressions',
  params: z.object({ suppression_uid: text, rows: z.number().int() }),
  row,
  sql: `${select(`{suppression_uid:String} = '' OR suppression_uid = toUUIDOrZero({suppression_uid:String})`)}
LIMIT {rows:UInt32}`,
});

/** All that hold at some time of a span of event time, its end included: none may be left out, so there is no limit. */
export const suppressionsWithin = defineQuery({
  name: 'suppressions-within',
  params: z.object(windowParams),
  row,
  sql: select(`from_time <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND until_time > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')`),
});
