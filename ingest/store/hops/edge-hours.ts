import { defineDerivation } from '../query.js';
import { rolledHours, versionOfHour } from './rolled-hours.js';

const key = ['hour', 'caller_service', 'target_service', 'target_method', 'target_route', 'direction'];

/**
 * The roll-up of whole hours (since the epoch) from their hops. What was there in an evaluation before and is no more gets
 * zeros, so that the new rows replace all of the old ones.
 */
export const rollUpHours = defineDerivation({
  name: 'roll-up-hours',
  table: 'edge_hours',
  columns: [
    ...key, 'version', 'requests', 'failures', 'caller_seen', 'callee_seen', 'request_bytes', 'response_bytes',
    'duration_ms_sum', 'duration_ms_max', 'duration_count', 'plaintext_requests', 'anonymous_requests', 'tokens', 'first_time',
    'last_time',
  ], // prettier-ignore
  params: rolledHours,
  sql: `
SELECT
  toDateTime(hour_number * 3600, 'UTC') AS hour,
  caller_service,
  target_service,
  target_method,
  target_route,
  direction,
  ${versionOfHour},
  sum(is_hop),
  countIf(is_hop AND outcome = 'failure'),
  countIf(seen_from IN ('both', 'caller')),
  countIf(seen_from IN ('both', 'callee')),
  sum(request_bytes),
  sum(response_bytes),
  sum(ifNull(duration_ms, 0)),
  max(ifNull(duration_ms, 0)),
  count(duration_ms),
  countIf(transport = 'plaintext'),
  countIf(is_hop AND token_uid = ''),
  uniqCombined64StateIf(12)(token_uid, token_uid != ''),
  minIf(time, is_hop),
  maxIf(time, is_hop)
FROM
(
  SELECT
    toInt32(floor(minute / 60)) AS hour_number, caller_service, target_service, target_method, target_route, direction,
    is_hop, outcome, seen_from, request_bytes, response_bytes, duration_ms, transport, token_uid, time
  FROM hops FINAL
  WHERE minute >= {from_minute:Int32} AND minute < {to_minute:Int32} AND is_hop
  UNION ALL
  SELECT DISTINCT
    toInt32(intDiv(toUnixTimestamp(hour), 3600)), caller_service, target_service, target_method, target_route, direction,
    false, '', '', 0, 0, CAST(NULL AS Nullable(Float64)), '', '', toDateTime64(0, 3, 'UTC')
  FROM edge_hours
  WHERE hour >= toDateTime({from_minute:Int32} * 60, 'UTC') AND hour < toDateTime({to_minute:Int32} * 60, 'UTC')
)
WHERE hour_number IN {hours:Array(Int32)}
GROUP BY hour_number, caller_service, target_service, target_method, target_route, direction`,
});
