import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { count, text, time, timeOrNull, windowParams } from './columns.js';

/** One connection between two neighbouring lanes of the map. */
export const hopRow = z.object({
  layer: z.enum(['caller_service', 'service_leaf', 'leaf_network']),
  source: text,
  target: text,
  requests: count,
  failures: count,
  caller_only: count,
  callee_only: count,
  first_time: time,
  last_time: time,
  first_seen: timeOrNull,
  /** How many connections this row stands for: 1, or more in the row that folds what is beyond the limit. */
  hops: count,
});

export type HopRow = z.output<typeof hopRow>;

/**
 * Callers, services and routes from the hourly roll-up of hops; whole hours only. Reads all hours up to the end, so that
 * each connection tells when it was first seen at all. Rows beyond `hops_max` of a layer are folded into one with empty ends.
 */
export const mapHops = defineQuery({
  name: 'map-hops',
  params: z.object({ ...windowParams, hops_max: z.number().int(), service: text }),
  row: hopRow,
  sql: `
WITH
  toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC') AS from_hour,
  toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC') AS to_hour
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
  toNullable(min(hop_first_seen)) AS first_seen,
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
      sumIf(edges.requests, hour >= from_hour) AS hop_requests,
      sumIf(edges.failures, hour >= from_hour) AS hop_failures,
      sumIf(edges.requests - edges.callee_seen, hour >= from_hour) AS hop_caller_only,
      sumIf(edges.requests - edges.caller_seen, hour >= from_hour) AS hop_callee_only,
      minIf(edges.first_time, hour >= from_hour) AS hop_first,
      maxIf(edges.last_time, hour >= from_hour) AS hop_last,
      min(edges.first_time) AS hop_first_seen
    FROM edge_hours AS edges FINAL
    ARRAY JOIN [
      ('caller_service', toString(caller_service), toString(target_service)),
      ('service_leaf', toString(target_service), concat(target_service, ' ', target_method, ' ', target_route))
    ] AS hop
    WHERE hour < to_hour AND edges.requests > 0
      AND ({service:String} = '' OR target_service = {service:String} OR caller_service = {service:String})
    GROUP BY hop
    HAVING hop_requests > 0
  )
)
GROUP BY layer, source, target, rank <= {hops_max:UInt32}
ORDER BY layer, requests DESC, source, target`,
});
