import { z } from 'zod';
import { defineDerivation } from '../query.js';
import { windowOf } from './event-window.js';

/** Requests of more hops lend no tokens to the proxies in front. */
const LENDING_MAX = 64;

const inWindow = windowOf('time');

/** A step of the query that gives hops of a proxy in front (`from`, their tokens `known`) the token of a hop behind it. */
const lending = (from: string, known: string, lent: string): string => `
(
  SELECT
    request, repeated, hop, anchor, both, caller, token,
    arrayMap((x, front, callee) -> if(x.1 != '' OR NOT front, x, arrayFirst(l -> l.2 = callee, lenders).3),
      ${known}, hop.8, hop.6) AS ${lent}
  FROM (
    SELECT
      *,
      if(request = 0 OR length(hop) > ${LENDING_MAX}, [],
        arraySort(arrayFilter(x -> x.3.1 != '' AND x.2 != '', arrayZip(hop.3, caller, ${known})))) AS lenders
    FROM ${from}
  )
)`;

/**
 * Hops of whole minutes, from all lines of uses in the minutes and {@link JOIN_MS} around them. Lines of one request are those
 * with its request id (x-request-id, else the trace id). Of a hop the callee's line stands for it, at the callee's time; lines
 * in several formats of one proxy (product, instance and side; formats differ by record type) are one.
 *
 * Many lines with one request id, sent by whom we do not know, make as many hops as the side that logged most of them: an id
 * that is used again makes nothing vanish.
 *
 * `versions` are counts of the lines that each of the `minutes` was made from, at least. `shards` and `shard` part the
 * requests where they are too many for one statement.
 */
export const evaluateHops = defineDerivation({
  name: 'evaluate-hops',
  table: 'hops',
  columns: [
    'minute', 'line', 'version', 'is_hop', 'time', 'caller_service', 'target_service', 'target_method', 'target_route',
    'direction', 'seen_from', 'token_uid', 'token_lent', 'principal_uid', 'client_address', 'client_asn', 'outcome',
    'target_status', 'request_bytes', 'response_bytes', 'duration_ms', 'transport', 'reason', 'client_country', 'user_agent',
    'source', 'callee_told', 'client_network_name', 'client_network_kind',
  ], // prettier-ignore
  params: z.object({
    from_ms: z.number().int(),
    to_ms: z.number().int(),
    minutes: z.array(z.number().int()),
    versions: z.array(z.number().int()),
    shards: z.number().int().min(1).max(255),
    shard: z.number().int().min(0),
  }),
  sql: `
WITH
lines AS
(
  SELECT
    toUnixTimestamp64Milli(time) AS t,
    cityHash64(event_uid) AS u,
    multiIf(request_id != '', cityHash64('r', request_id), trace_id != '', cityHash64('t', trace_id), 0) AS key,
    toUInt8(direction = 'outbound') AS side,
    cityHash64(target_service, target_method, target_path) AS asked,
    toString(caller_service) AS caller,
    toString(target_service) AS callee,
    if(token_uid = '', ('', ''), (token_uid, toString(principal_uid))) AS token,
    toUInt8(direction NOT IN ('inbound', 'outbound')) AS front,
    cityHash64(record_type) AS format,
    cityHash64(source_product, source_instance, side, asked, if(key = 0, cityHash64(target_status, floor(t / 1000)), 0)) AS place
  FROM token_events
  WHERE action = 'use'
    AND ${inWindow}
    AND if(key = 0, asked, key) % {shards:UInt8} = {shard:UInt8}
),
-- All lines of a request, in the order of time. Lines without a request id stand together by what they ask for.
requests AS
(
  SELECT
    any(key) AS request,
    arraySort(groupArray((t, u, asked, side, caller, callee, token, front, format, place))) AS found
  FROM lines
  GROUP BY if(key = 0, asked, key)
),
-- The n-th line of a place in one format is its n-th line in another: the same line, told twice. What only one of them knows
-- goes to the first (seen); the others are repetitions.
sorted_lines AS
(
  SELECT
    request,
    arraySort(arrayMap(
      (line, nth) -> (line.10, nth, line.1 % 1000 = 0, line.1, line.2, line.3, line.4, line.5, line.6, line.7, line.8),
      found, arrayEnumerateUniq(found.10, found.9))) AS sorted
  FROM requests
),
told AS
(
  SELECT request, sorted, arrayEnumerateUniq(sorted.1, sorted.2) AS nth_told
  FROM sorted_lines
),
filled AS
(
  SELECT
    request, sorted, nth_told,
    arrayReverseFill((x, last) -> x != '' OR last, sorted.8, last_told) AS caller_told,
    arrayReverseFill((x, last) -> x.1 != '' OR last, sorted.10, last_told) AS token_told
  FROM (SELECT *, arrayPushBack(arrayPopFront(arrayMap(n -> n = 1, nth_told)), 1) AS last_told FROM told)
),
once AS
(
  SELECT
    request,
    arrayMap(line -> (line.5, line.4), arrayFilter((line, n) -> n > 1, sorted, nth_told)) AS repeated,
    arraySort(arrayFilter(
      (line, n) -> n = 1,
      arrayMap(
        (line, caller, token) -> (line.4, line.5, line.6, line.7, caller, line.9, token, line.11),
        sorted, caller_told, token_told),
      nth_told)) AS seen
  FROM filled
),
-- The n-th time that a caller's side tells of a caller is the n-th time that the callee's side does. What is left is paired
-- whatever the caller is called, since a side may not know it; without a request id only if the callee does not know it.
ranked AS
(
  SELECT *, arrayEnumerateUniq(seen.3, seen.5, seen.4) AS rank FROM once
),
matched_lines AS
(
  SELECT
    *,
    arrayMap((a, b) -> a + b = 3, arrayEnumerateUniq(seen.3, seen.5, rank),
      arrayReverse(arrayEnumerateUniq(arrayReverse(seen.3), arrayReverse(seen.5), arrayReverse(rank)))) AS matched
  FROM ranked
),
classed AS
(
  SELECT
    *,
    arrayMap((line, m) -> multiIf(m, 0, request = 0 AND line.4 = 0 AND line.5 != '', 2, 1), seen, matched) AS class
  FROM matched_lines
),
paired AS
(
  SELECT
    request,
    repeated,
    arraySort(arrayMap((line, r, c, l) -> (
        multiIf(c = 0, cityHash64(line.3, line.5, r), c = 1, cityHash64(line.3, l), line.2),
        line.4, line.1, line.2, line.5, line.6, line.7, line.8),
      seen, rank, class, arrayEnumerateUniq(seen.3, seen.4, class))) AS hop
  FROM classed
),
-- Both sides of a hop lie beside each other, the callee's first: it stands for the hop, and takes what only the other knows.
beside AS
(
  SELECT
    request,
    repeated,
    hop,
    arrayMap((h, before) -> h != before, hop.1, arrayPushFront(arrayPopBack(hop.1), 0)) AS anchor,
    arrayMap((h, after) -> h = after, hop.1, arrayPushBack(arrayPopFront(hop.1), 0)) AS both
  FROM paired
),
joined AS
(
  SELECT
    *,
    arrayMap((x, both, after) -> if(x != '' OR NOT both, x, after),
      hop.5, both, arrayPushBack(arrayPopFront(hop.5), '')) AS caller,
    arrayMap((x, both, after) -> if(x.1 != '' OR NOT both, x, after),
      hop.7, both, arrayPushBack(arrayPopFront(hop.7), ('', ''))) AS token
  FROM beside
),
-- A proxy in front knows no token: its hop takes that of the first hop of the request that leaves the proxy. Twice, for two
-- such proxies in a row. Not for a request of many hops, where looking through all of them for each would cost too much.
lent_once AS${lending('joined', 'token', 'token1')},
lent_twice AS${lending('lent_once', 'token1', 'token2')},
-- Which lines stand for a hop. A line of the caller's side that found no other does, unless the callee logs lines among which
-- the other may be (without a request id), or, if itself has no request id, logs at all.
decided AS
(
  SELECT
    one.1 AS u,
    toInt32(floor(one.2 / 60000)) AS minute,
    one.3 AND NOT (one.5 = 1 AND NOT one.4 AND one.9 != '' AND if(request = 0, logs, keyless)) AS is_hop,
    multiIf(one.4, 'both', one.5 = 1, 'caller', 'callee') AS seen_from,
    one.6 AS caller, one.7 AS token, one.8 AS lent, one.10 AS told
  FROM (
    SELECT
      request,
      one,
      one.9 IN (
        SELECT toString(target_service) FROM token_events
        WHERE action = 'use' AND direction != 'outbound'
          AND ${inWindow}
      ) AS logs,
      one.9 IN (
        SELECT toString(target_service) FROM token_events
        WHERE action = 'use' AND direction != 'outbound' AND request_id = '' AND trace_id = ''
          AND ${inWindow}
      ) AS keyless
    FROM lent_twice
    ARRAY JOIN arrayConcat(
      arrayMap(
        (line, anchor, both, caller, token, own) ->
          (line.4, line.3, anchor, both, line.2, caller, token, own.1 = '' AND token.1 != '', line.6,
            line.2 = 0 AND line.7.1 != ''),
        hop, anchor, both, caller, token2, token),
      arrayMap(line -> (line.1, line.2, 0, 0, 0, '', ('', ''), 0, '', 0), repeated)
    ) AS one
  )
  WHERE minute IN {minutes:Array(Int32)}
)
SELECT
  decided.minute,
  u,
  transform(decided.minute, {minutes:Array(Int32)}, {versions:Array(UInt64)}, toUInt64(0)),
  is_hop,
  if(is_hop, raw.time, toDateTime64(0, 3, 'UTC')),
  if(is_hop, caller, ''),
  if(is_hop, raw.target_service, ''),
  if(is_hop, raw.target_method, ''),
  if(is_hop, raw.target_route, ''),
  if(is_hop, raw.direction, ''),
  if(is_hop, seen_from, ''),
  if(is_hop, token.1, ''),
  is_hop AND lent,
  if(is_hop, token.2, ''),
  if(is_hop, raw.client_address, ''),
  if(is_hop, raw.client_asn, 0),
  if(is_hop, raw.outcome, ''),
  if(is_hop, raw.target_status, 0),
  if(is_hop, ifNull(raw.request_bytes, 0), 0),
  if(is_hop, ifNull(raw.response_bytes, 0), 0),
  if(is_hop, raw.duration_ms, NULL),
  if(is_hop, raw.transport, ''),
  if(is_hop, raw.reason, ''),
  if(is_hop, raw.client_country, ''),
  if(is_hop, raw.user_agent, ''),
  if(is_hop, concat(raw.source_product, ' ', raw.source_instance), ''),
  is_hop AND told,
  if(is_hop, raw.client_network_name, ''),
  if(is_hop, raw.client_network_kind, '')
FROM token_events AS raw
INNER JOIN decided ON decided.u = cityHash64(raw.event_uid)
WHERE raw.action = 'use' AND ${windowOf('raw.time')}`,
});
