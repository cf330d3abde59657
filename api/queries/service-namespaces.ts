import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts, windowParams } from './columns.js';

const inWindow = `action = 'use'
    AND time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND toDate(time) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    AND toDate(time) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))`;

/** The namespace of each of the services, as lines of the window name it; services without one are left out. */
export const serviceNamespaces = defineQuery({
  name: 'service-namespaces',
  params: z.object({ ...windowParams, services: texts }),
  row: z.object({ service: text, namespace: text }),
  sql: `
SELECT service, min(name) AS namespace
FROM
(
  SELECT DISTINCT toString(target_service) AS service, toString(target_namespace) AS name
  FROM token_events
  WHERE ${inWindow} AND target_namespace != '' AND target_service IN {services:Array(String)}
  UNION ALL
  SELECT DISTINCT toString(caller_service), toString(caller_namespace)
  FROM token_events
  WHERE ${inWindow} AND caller_namespace != '' AND caller_service IN {services:Array(String)}
)
GROUP BY service`,
});
