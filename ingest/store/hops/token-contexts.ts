import { defineDerivation } from '../query.js';
import { markableHours, markHours, versionOfHour } from './rolled-hours.js';

const facts = [
  'client_address', 'client_asn', 'client_country', 'user_agent', 'caller_service', 'target_service', 'target_method',
  'target_route', 'source', 'client_network_name',
]; // prettier-ignore

/**
 * What the requests of each token in whole hours came with, from their hops; those to which a token was lent left out, so
 * that they add up to the `requests` of `token_hours`. What an evaluation before had and this one has not gets zeros; if wanted, a row
 * without a token marks that its hour was made.
 */
export const rollUpTokenContexts = defineDerivation({
  name: 'roll-up-token-contexts',
  table: 'token_contexts',
  columns: ['token_uid', 'hour', 'context', 'version', ...facts, 'requests', 'failures', 'first_time', 'last_time'],
  params: markableHours,
  sql: `
SELECT
  token_uid,
  toDateTime(hour_number * 3600, 'UTC') AS hour,
  context,
  ${versionOfHour},
  ${facts.map((fact) => `anyIf(${fact}, own)`).join(', ')},
  sum(own),
  sum(own AND failed),
  minIf(time, own),
  maxIf(time, own)
FROM
(
  SELECT
    toInt32(floor(minute / 60)) AS hour_number, token_uid, cityHash64(${facts.join(', ')}) AS context, ${facts.join(', ')},
    is_hop AS own, outcome = 'failure' AS failed, time
  FROM hops FINAL
  WHERE minute >= {from_minute:Int32} AND minute < {to_minute:Int32} AND is_hop AND token_uid != '' AND NOT token_lent
  UNION ALL
  SELECT DISTINCT
    toInt32(intDiv(toUnixTimestamp(hour), 3600)), token_uid, context, '', 0, '', '', '', '', '', '', '', '', false, false,
    toDateTime64(0, 3, 'UTC')
  FROM token_contexts
  WHERE hour >= toDateTime({from_minute:Int32} * 60, 'UTC') AND hour < toDateTime({to_minute:Int32} * 60, 'UTC')
    AND toDate(hour) >= toDate(toDateTime({from_minute:Int32} * 60, 'UTC'))
    AND toDate(hour) <= toDate(toDateTime({to_minute:Int32} * 60, 'UTC'))
  UNION ALL
  SELECT
    arrayJoin({hours:Array(Int32)}), '', 0, '', 0, '', '', '', '', '', '', '', '', false, false, toDateTime64(0, 3, 'UTC')
  WHERE {marked:UInt8} = 1
)
WHERE hour_number IN {hours:Array(Int32)}
GROUP BY hour_number, token_uid, context`,
});

export const markTokenContexts = markHours('token_contexts');
