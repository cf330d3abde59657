import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, texts } from './columns.js';

/** What was found and stands in none of these alerts, by kind; the most frequent first. */
export const quietFindings = defineQuery({
  name: 'quiet-findings',
  params: z.object({ finding_uids: texts, rows: z.number().int() }),
  row: z.object({ detector: text, measure: text, severity: z.enum(severities), findings: count, example: text }),
  sql: `
SELECT detector, measure, severity, count() AS findings, argMin(summary, (time, toString(finding_uid))) AS example
FROM findings FINAL
WHERE NOT has({finding_uids:Array(String)}, toString(finding_uid))
GROUP BY detector, measure, severity
ORDER BY findings DESC, detector, measure, severity
LIMIT {rows:UInt32}`,
});
