import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { hopWindow, namedNetworkOf, text, texts, windowParams } from './columns.js';

/**
 * The hops that open alerts are about, as the map names their ends: token and time of each alert (arrays of equal
 * length), from the addresses and to the services that the alerts name.
 */
export const alertingUses = defineQuery({
  name: 'alerting-uses',
  params: z.object({
    ...windowParams,
    token_uids: texts,
    severities: texts,
    since_ms: z.array(z.number().int()),
    until_ms: z.array(z.number().int()),
    addresses: texts,
    services: texts,
  }),
  row: z.object({ severity: text, caller: text, service: text, token_uid: text, route: text, network: text }),
  sql: `
SELECT DISTINCT
  alerts.severity AS severity,
  toString(caller_service) AS caller,
  toString(target_service) AS service,
  raw.token_uid AS token_uid,
  concat(target_service, ' ', target_method, ' ', target_route) AS route,
  ${namedNetworkOf} AS network
FROM hops AS raw FINAL
INNER JOIN
(
  SELECT alert.1 AS token_uid, alert.2 AS severity, alert.3 AS since, alert.4 AS until
  FROM (
    SELECT arrayJoin(arrayZip(
      {token_uids:Array(String)}, {severities:Array(String)}, {since_ms:Array(Int64)}, {until_ms:Array(Int64)})) AS alert
  )
) AS alerts ON raw.token_uid = alerts.token_uid
WHERE is_hop
  AND raw.token_uid IN {token_uids:Array(String)}
  AND ${hopWindow}
  AND toUnixTimestamp64Milli(time) BETWEEN alerts.since AND alerts.until
  AND (empty({addresses:Array(String)}) OR has({addresses:Array(String)}, toString(client_address)))
  AND (empty({services:Array(String)}) OR has({services:Array(String)}, toString(target_service)))
LIMIT 2000`,
});
