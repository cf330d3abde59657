import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { defineQuery } from '../../ingest/store/query.js';
import { count, real, text, texts, time, windowParams } from './columns.js';

export const findingRow = z.object({
  finding_uid: text,
  detector: text,
  detector_version: count,
  entity_kind: text,
  entity_uid: text,
  token_uid: text,
  token_name: text,
  principal_uid: text,
  principal_name: text,
  severity: z.enum(severities),
  fidelity: text,
  summary: text,
  techniques: texts,
  score_value: real,
  measure: text,
  unit: text,
  observed: real,
  expected: real,
  spread: real,
  sample_count: count,
  window_start: time,
  window_end: time,
  time,
  client_address: text,
  target_service: text,
  evidence: texts,
  sql: text,
});

/** Newest first. Empty text means "no filter"; `suppressed` is `true` or `false`. */
export const listFindings = defineQuery({
  name: 'list-findings',
  params: z.object({
    ...windowParams,
    detector: text,
    token_uid: text,
    principal_uid: text,
    entity_uid: text,
    severities: texts,
    suppressed: z.enum(['', 'true', 'false']),
    before_ms: z.number().int(),
    before_uid: text,
    rows: z.number().int(),
  }),
  row: findingRow,
  sql: `
SELECT ${Object.keys(findingRow.shape).join(', ')}
FROM findings FINAL
WHERE time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND ({detector:String} = '' OR detector = {detector:String})
  AND ({token_uid:String} = '' OR token_uid = {token_uid:String})
  AND ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
  AND ({entity_uid:String} = '' OR entity_uid = {entity_uid:String})
  AND (empty({severities:Array(String)}) OR has({severities:Array(String)}, severity))
  AND ({suppressed:String} = ''
    OR ({suppressed:String} = 'true') = (finding_uid GLOBAL IN (SELECT finding_uid FROM suppressed_findings)))
  AND ({before_uid:String} = ''
    OR time < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    OR (time = fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') AND toString(finding_uid) > {before_uid:String}))
ORDER BY time DESC, toString(finding_uid)
LIMIT {rows:UInt32}`,
});
