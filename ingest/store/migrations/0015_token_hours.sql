-- What a token did in an hour counts requests (hops), not lines: a request that several proxies logged, or one proxy in two
-- formats, is one. And a hop knows why it failed. On a cluster the second statement changes the distributed table; hops found
-- before have no reason.
ALTER TABLE {local:hops} {on_cluster}
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String);

ALTER TABLE hops {on_cluster}
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String);

-- Hops of a token in one hour, made from `hops` with edge_hours and just before it. Those to which a token was lent (proxies
-- in front, which knew none) are the same requests seen earlier on their way, so they are counted apart.
CREATE TABLE IF NOT EXISTS {local:token_hours} {on_cluster}
(
    token_uid String,
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    version UInt64 CODEC(ZSTD(1)),
    requests UInt64 CODEC(T64, ZSTD(1)),
    failures UInt64 CODEC(T64, ZSTD(1)),
    caller_only UInt64 CODEC(T64, ZSTD(1)),
    lent UInt64 CODEC(T64, ZSTD(1)),
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    reasons Map(LowCardinality(String), UInt64)
)
ENGINE = {engine:ReplacingMergeTree:version}
PARTITION BY toYear(hour)
ORDER BY (token_uid, hour)
SETTINGS {settings};

{distributed:token_hours:cityHash64(token_uid)};

-- Hops that were found before this table was; an hour that is made anew has a higher version, and what a kill cut off is
-- simply written again.
INSERT INTO token_hours
    (token_uid, hour, version, requests, failures, caller_only, lent, request_bytes, response_bytes, reasons)
SELECT
    token_uid,
    toDateTime(toStartOfHour(time), 'UTC') AS hour,
    0 AS version,
    countIf(NOT token_lent),
    countIf(NOT token_lent AND outcome = 'failure'),
    countIf(NOT token_lent AND seen_from = 'caller'),
    countIf(token_lent),
    sumIf(hops.request_bytes, NOT token_lent),
    sumIf(hops.response_bytes, NOT token_lent),
    sumMapIf(map(reason, toUInt64(1)), NOT token_lent AND outcome = 'failure')
FROM hops FINAL
WHERE is_hop AND token_uid != ''
GROUP BY token_uid, hour;

CREATE OR REPLACE VIEW hops_v1 {on_cluster} AS
SELECT
    time,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    seen_from,
    token_uid,
    token_lent,
    principal_uid,
    client_address,
    client_asn,
    outcome,
    target_status,
    request_bytes,
    response_bytes,
    duration_ms,
    transport,
    minute,
    reason
FROM hops FINAL
WHERE is_hop;

-- Events of any action come from the lines, requests from the hops.
CREATE OR REPLACE VIEW token_usage_v1 {on_cluster} AS
SELECT
    token_uid,
    hour,
    sum(both.events) AS events,
    sum(both.requests) AS requests,
    sum(both.caller_only) AS outbound_requests,
    sum(both.failures) AS failures,
    sum(both.request_bytes) AS request_bytes,
    sum(both.response_bytes) AS response_bytes,
    uniqCombined64Merge(12)(both.targets) AS targets,
    uniqCombined64Merge(12)(both.clients) AS clients,
    sum(both.lent) AS lent_requests
FROM
(
    SELECT
        token_uid, hour, events, toUInt64(0) AS requests, toUInt64(0) AS caller_only, toUInt64(0) AS failures,
        toUInt64(0) AS request_bytes, toUInt64(0) AS response_bytes, targets, clients, toUInt64(0) AS lent
    FROM token_usage_hourly
    UNION ALL
    SELECT
        token_uid, hour, 0, requests, caller_only, failures, request_bytes, response_bytes,
        arrayReduce('uniqCombined64State(12)', CAST([], 'Array(String)')),
        arrayReduce('uniqCombined64State(12)', CAST([], 'Array(String)')), lent
    FROM token_hours FINAL
    WHERE requests + lent > 0
) AS both
GROUP BY token_uid, hour;
