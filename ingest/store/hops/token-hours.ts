import { defineDerivation } from '../query.js';
import { markableHours, markHours, versionOfHour } from './rolled-hours.js';

/**
 * What each token did in whole hours, from their hops, and why it failed. A hop to which a token was lent is counted apart: it
 * is a request of the token on its way to the hop that lends. What an evaluation before had and this one has not gets zeros;
 * a row without a token marks that its hour was made, if wanted.
 */
export const rollUpTokenHours = defineDerivation({
  name: 'roll-up-token-hours',
  table: 'token_hours',
  columns: [
    'token_uid', 'hour', 'version', 'requests', 'failures', 'caller_only', 'callee_told', 'lent', 'request_bytes',
    'response_bytes', 'reasons',
  ], // prettier-ignore
  params: markableHours,
  sql: `
SELECT
  token_uid,
  toDateTime(hour_number * 3600, 'UTC') AS hour,
  ${versionOfHour},
  sum(own),
  sum(own AND failed),
  sum(own AND seen_from = 'caller'),
  sum(own AND callee_told),
  sum(is_hop AND NOT own),
  sumIf(request_bytes, own),
  sumIf(response_bytes, own),
  sumMapIf(map(reason, toUInt64(1)), own AND failed)
FROM
(
  SELECT
    toInt32(floor(minute / 60)) AS hour_number, token_uid, is_hop, is_hop AND NOT token_lent AS own, outcome = 'failure' AS failed,
    seen_from, callee_told, request_bytes, response_bytes, reason
  FROM hops FINAL
  WHERE minute >= {from_minute:Int32} AND minute < {to_minute:Int32} AND is_hop AND token_uid != ''
  UNION ALL
  SELECT DISTINCT toInt32(intDiv(toUnixTimestamp(hour), 3600)), token_uid, false, false, false, '', false, 0, 0, ''
  FROM token_hours
  WHERE hour >= toDateTime({from_minute:Int32} * 60, 'UTC') AND hour < toDateTime({to_minute:Int32} * 60, 'UTC')
  UNION ALL
  SELECT arrayJoin({hours:Array(Int32)}), '', false, false, false, '', false, 0, 0, ''
  WHERE {marked:UInt8} = 1
)
WHERE hour_number IN {hours:Array(Int32)}
GROUP BY hour_number, token_uid`,
});

export const markTokenHours = markHours('token_hours');
