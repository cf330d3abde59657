import { z } from 'zod';
import { fidelities } from '../../detectors/core/detector.js';
import { entityKinds, type Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import { defineQuery } from '../../ingest/store/query.js';
import { count, texts, windowParams } from './columns.js';
import { findingRow } from './list-findings.js';

const DRILL = '[DRILL] ';

const storedFinding = findingRow
  .extend({
    entity_kind: z.enum(entityKinds),
    fidelity: z.enum(fidelities),
    sample_count: count,
  })
  .transform(
    ({ score_value, measure, unit, observed, expected, spread, sample_count, window_start, window_end, ...row }): Finding => ({
      ...row,
      ...(row.summary.startsWith(DRILL) && { drill: true as const }),
      score: {
        value: score_value,
        measure,
        unit,
        observed,
        expected,
        spread,
        sampleCount: sample_count,
        warmedUp: true,
        windowStartMs: parseTime(window_start),
        windowEndMs: parseTime(window_end),
      },
    }),
  ); // prettier-ignore

/** Findings that name one of these tokens, principals or other entities and are not suppressed, of each subject the newest. */
export const subjectFindings = defineQuery({
  name: 'subject-findings',
  params: z.object({ ...windowParams, uids: texts, rows: z.number().int() }),
  row: storedFinding,
  sql: `
SELECT ${Object.keys(findingRow.shape).join(', ')}
FROM findings FINAL
WHERE time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND time <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND (principal_uid IN {uids:Array(String)} OR token_uid IN {uids:Array(String)} OR entity_uid IN {uids:Array(String)})
  AND finding_uid GLOBAL NOT IN (SELECT finding_uid FROM suppressed_findings)
ORDER BY time DESC, toString(finding_uid)
LIMIT {rows:UInt32} BY multiIf(principal_uid != '', principal_uid, token_uid != '', token_uid, entity_uid)`,
});
