-- Usage of a principal in one hour of event time, over all of its tokens and what it does without one, such as a
-- refused password. `requests` and `failures` are those of the detectors (detectors/core/observation.ts): what the callee
-- saw, failures at an issuer included, outages not.
CREATE TABLE IF NOT EXISTS {local:principal_usage_hourly} {on_cluster}
(
    principal_uid String,
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    events SimpleAggregateFunction(sum, UInt64),
    requests SimpleAggregateFunction(sum, UInt64),
    failures SimpleAggregateFunction(sum, UInt64)
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYear(hour)
ORDER BY (principal_uid, hour)
SETTINGS {settings};

{distributed:principal_usage_hourly:cityHash64(principal_uid)};

CREATE MATERIALIZED VIEW IF NOT EXISTS principal_usage_hourly_feed {on_cluster} TO {local:principal_usage_hourly} AS
WITH
    outcome = 'failure'
        AND reason NOT IN ('server_error', 'temporarily_unavailable', 'upstream_error')
        AND target_status < 500 AS failed,
    direction != 'outbound' AND (action = 'use' OR (source_kind = 'issuer' AND failed)) AS request
SELECT
    toString(token_events.principal_uid) AS principal_uid,
    toDateTime(toStartOfHour(time), 'UTC') AS hour,
    count() AS events,
    countIf(request) AS requests,
    countIf(request AND failed) AS failures
FROM {local:token_events} AS token_events
WHERE token_events.principal_uid != ''
GROUP BY token_events.principal_uid, hour;

CREATE OR REPLACE VIEW principal_usage_v1 {on_cluster} AS
SELECT
    principal_uid,
    hour,
    sum(principal_usage_hourly.events) AS events,
    sum(principal_usage_hourly.requests) AS requests,
    sum(principal_usage_hourly.failures) AS failures
FROM principal_usage_hourly
GROUP BY principal_uid, hour;
