-- In which minutes of an hour of event time a source spoke, a bit each (the lowest is the first). `silence` begins with it where it
-- has no state of the sources (detectors/silence), so what speaks, and when, is as in detectors/core/hand-over.ts: any line but those of
-- drills, at its collector's time where its own clock is far ahead.
CREATE TABLE IF NOT EXISTS {local:source_hours} {on_cluster}
(
    hour DateTime('UTC'),
    source_product LowCardinality(String),
    source_instance LowCardinality(String),
    minutes SimpleAggregateFunction(groupBitOr, UInt64)
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY (hour, source_product, source_instance)
SETTINGS {settings};

{distributed:source_hours:toUnixTimestamp(hour)};

CREATE MATERIALIZED VIEW IF NOT EXISTS source_hours_feed {on_cluster} TO {local:source_hours} AS
WITH if(time > observed_time + INTERVAL 5 MINUTE, observed_time, time) AS at
SELECT
    toDateTime(toStartOfHour(at), 'UTC') AS hour,
    source_product,
    source_instance,
    groupBitOr(bitShiftLeft(toUInt64(1), toMinute(at, 'UTC'))) AS minutes
FROM {local:token_events} AS token_events
WHERE source_instance != 'tourniquet-drill'
GROUP BY hour, source_product, source_instance;

-- Events of the last month that were stored before. Whatever is filled twice is the same once more.
INSERT INTO source_hours
SELECT
    toDateTime(toStartOfHour(at), 'UTC') AS hour,
    source_product,
    source_instance,
    groupBitOr(bitShiftLeft(toUInt64(1), toMinute(at, 'UTC'))) AS minutes
FROM
(
    SELECT source_product, source_instance, if(time > observed_time + INTERVAL 5 MINUTE, observed_time, time) AS at
    FROM token_events
    WHERE source_instance != 'tourniquet-drill' AND time >= now('UTC') - INTERVAL 31 DAY AND toDate(time) >= toDate(now('UTC')) - 31
)
GROUP BY hour, source_product, source_instance
SETTINGS max_bytes_before_external_group_by = 500000000;
