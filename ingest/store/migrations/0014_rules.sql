-- How many events there are in each minute of event time (since the epoch), and when the last came: what the evaluation of
-- rules is held against, so that late events are noticed wherever they fall.
CREATE TABLE IF NOT EXISTS {local:event_minutes} {on_cluster}
(
    minute Int32,
    lines SimpleAggregateFunction(sum, UInt64),
    touched SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY minute
SETTINGS {settings};

{distributed:event_minutes:minute};

-- Events that were stored before this table was: nobody asks for them unless more come to their minute.
INSERT INTO event_minutes
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 60000)) AS minute, count() AS lines, toDateTime(0, 'UTC') AS touched
FROM token_events
WHERE (SELECT count() FROM event_minutes) = 0
GROUP BY minute;

CREATE MATERIALIZED VIEW IF NOT EXISTS event_minutes_feed {on_cluster} TO {local:event_minutes} AS
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 60000)) AS minute, count() AS lines, now('UTC') AS touched
FROM {local:token_events} AS token_events
GROUP BY minute;

-- How many events of a minute a rule (its id and a hash of what it counts) was evaluated with, at least.
CREATE TABLE IF NOT EXISTS {local:rule_minutes} {on_cluster}
(
    rule LowCardinality(String),
    minute Int32,
    lines UInt64,
    evaluated DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = {engine:ReplacingMergeTree:lines}
ORDER BY (rule, minute)
TTL evaluated + INTERVAL 60 DAY
SETTINGS {settings};

{distributed:rule_minutes:cityHash64(minute)};
