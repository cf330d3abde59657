-- Hops: one request from a caller to a callee, however many proxies logged it and in how many formats. They are found from
-- token_events by a worker, some seconds after the lines are stored (ingest/store/hops, docs/adr/0010), never by a view at
-- insert time: the lines of one request come in different blocks.

-- How many lines of uses there are in each 15 seconds of event time (bucket: 15 s since the epoch): what an evaluation is
-- held against, so that late lines are noticed wherever they fall.
CREATE TABLE IF NOT EXISTS {local:hop_buckets} {on_cluster}
(
    bucket Int32,
    lines SimpleAggregateFunction(sum, UInt64),
    touched SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY bucket
SETTINGS {settings};

{distributed:hop_buckets:bucket};

-- Events that were stored before this table was.
INSERT INTO hop_buckets
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 15000)) AS bucket, count() AS lines, now('UTC') AS touched
FROM token_events
WHERE action = 'use' AND (SELECT count() FROM hop_buckets) = 0
GROUP BY bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS hop_buckets_feed {on_cluster} TO {local:hop_buckets} AS
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 15000)) AS bucket, count() AS lines, now('UTC') AS touched
FROM {local:token_events} AS token_events
WHERE action = 'use'
GROUP BY bucket;

-- One row per line of a use (minute: since the epoch, line: hash of its event_uid), so that an evaluation overwrites the one
-- before it whole: the row of the line that stands for a hop (is_hop) tells all of it, the other lines' rows are empty. The
-- evaluation that knew more lines has the higher version and wins; an insert holds whole minutes, so a reader with FINAL
-- sees the one or the other, never half of it.
CREATE TABLE IF NOT EXISTS {local:hops} {on_cluster}
(
    minute Int32 CODEC(Delta(4), ZSTD(1)),
    line UInt64 CODEC(NONE),
    version UInt64 CODEC(ZSTD(1)),
    is_hop Bool,
    time DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    caller_service LowCardinality(String),
    target_service LowCardinality(String),
    target_method LowCardinality(String),
    target_route LowCardinality(String),
    direction LowCardinality(String),
    seen_from LowCardinality(String),
    token_uid String CODEC(ZSTD(1)),
    token_lent Bool,
    principal_uid LowCardinality(String),
    client_address LowCardinality(String),
    client_asn UInt32 CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    target_status UInt16 CODEC(ZSTD(1)),
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    duration_ms Nullable(Float64) CODEC(ZSTD(1)),
    transport LowCardinality(String),
    evaluated DateTime('UTC') DEFAULT now('UTC') CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree:version}
PARTITION BY toYYYYMM(toDateTime64(minute * 60, 0, 'UTC'))
ORDER BY (minute, line)
SETTINGS {settings};

{distributed:hops:minute};

-- Hops of one hour by what they connect, made from the table above whenever one of its minutes was evaluated anew.
CREATE TABLE IF NOT EXISTS {local:edge_hours} {on_cluster}
(
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    caller_service LowCardinality(String),
    target_service LowCardinality(String),
    target_method LowCardinality(String),
    target_route LowCardinality(String),
    direction LowCardinality(String),
    version UInt64,
    requests UInt64,
    failures UInt64,
    caller_seen UInt64,
    callee_seen UInt64,
    request_bytes UInt64,
    response_bytes UInt64,
    duration_ms_sum Float64,
    duration_ms_max Float64,
    duration_count UInt64,
    plaintext_requests UInt64,
    anonymous_requests UInt64,
    tokens AggregateFunction(uniqCombined64(12), String),
    first_time DateTime64(3, 'UTC'),
    last_time DateTime64(3, 'UTC')
)
ENGINE = {engine:ReplacingMergeTree:version}
PARTITION BY toYear(hour)
ORDER BY (hour, caller_service, target_service, target_method, target_route, direction)
SETTINGS {settings};

{distributed:edge_hours:cityHash64(caller_service, target_service)};

CREATE OR REPLACE VIEW hop_edges_v1 {on_cluster} AS
SELECT
    hour,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    requests,
    failures,
    request_bytes,
    response_bytes,
    duration_ms_sum,
    duration_ms_max,
    duration_count,
    plaintext_requests,
    anonymous_requests,
    finalizeAggregation(edge_hours.tokens) AS tokens,
    first_time,
    last_time,
    caller_seen,
    callee_seen
FROM edge_hours FINAL
WHERE requests > 0;

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
    transport
FROM hops FINAL
WHERE is_hop;
