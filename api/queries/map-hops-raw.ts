import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { hopWindow, namedNetworkOf, text, windowParams } from './columns.js';
import { hopRow } from './map-hops.js';

/**
 * All three layers from the hops themselves in one scan: what the roll-up does not hold (tokens, networks) and what filters
 * need. `leaf` is `tokens` or `routes`.
 */
export const mapHopsRaw = defineQuery({
  name: 'map-hops-raw',
  params: z.object({
    ...windowParams,
    hops_max: z.number().int(),
    leaf: z.enum(['tokens', 'routes']),
    service: text,
    token_uid: text,
    principal_uid: text,
  }),
  row: hopRow,
  sql: `
SELECT
  layer,
  if(rank <= {hops_max:UInt32}, hop_source, '') AS source,
  if(rank <= {hops_max:UInt32}, hop_target, '') AS target,
  sum(hop_requests) AS requests,
  sum(hop_failures) AS failures,
  sum(hop_caller_only) AS caller_only,
  sum(hop_callee_only) AS callee_only,
  min(hop_first) AS first_time,
  max(hop_last) AS last_time,
  CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS first_seen,
  count() AS hops
FROM
(
  SELECT
    *,
    row_number() OVER (PARTITION BY layer ORDER BY hop_requests DESC, hop_source, hop_target) AS rank
  FROM
  (
    SELECT
      hop.1 AS layer,
      hop.2 AS hop_source,
      hop.3 AS hop_target,
      sum(use_requests) AS hop_requests,
      sum(use_failures) AS hop_failures,
      sum(use_caller_only) AS hop_caller_only,
      sum(use_callee_only) AS hop_callee_only,
      min(use_first) AS hop_first,
      max(use_last) AS hop_last
    FROM
    (
      SELECT
        toString(caller_service) AS caller,
        toString(target_service) AS service,
        if({leaf:String} = 'tokens', token_uid, concat(target_service, ' ', target_method, ' ', target_route)) AS leaf,
        ${namedNetworkOf} AS network,
        count() AS use_requests,
        countIf(outcome = 'failure') AS use_failures,
        countIf(seen_from = 'caller') AS use_caller_only,
        countIf(seen_from = 'callee') AS use_callee_only,
        min(time) AS use_first,
        max(time) AS use_last
      FROM hops FINAL
      WHERE is_hop AND ${hopWindow}
        AND ({service:String} = '' OR target_service = {service:String} OR caller_service = {service:String})
        AND ({token_uid:String} = '' OR token_uid = {token_uid:String})
        AND ({principal_uid:String} = '' OR principal_uid = {principal_uid:String})
      GROUP BY caller, service, leaf, network
    )
    ARRAY JOIN [
      ('caller_service', caller, service),
      ('service_leaf', service, leaf),
      ('leaf_network', leaf, network)
    ] AS hop
    GROUP BY hop
  )
)
GROUP BY layer, source, target, rank <= {hops_max:UInt32}
ORDER BY layer, requests DESC, source, target`,
});
