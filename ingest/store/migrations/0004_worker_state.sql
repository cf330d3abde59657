-- What a worker needs to go on where another stopped.

-- Snapshot of one key's detector state, with the log position up to which it has been applied. applied_extra lists
-- offsets beyond applied_through that were applied as well.
CREATE TABLE IF NOT EXISTS {local:detector_state} {on_cluster}
(
    stage LowCardinality(String),
    log_partition UInt16,
    entity_uid String,
    version UInt64,
    applied_through UInt64,
    applied_extra Array(UInt64),
    state String CODEC(ZSTD(3)),
    updated_time DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY (stage, log_partition, entity_uid)
SETTINGS {settings};

{distributed:detector_state:cityHash64(entity_uid)};

-- Position and watermark of a stage on a partition.
CREATE TABLE IF NOT EXISTS {local:worker_checkpoints} {on_cluster}
(
    stage LowCardinality(String),
    log_partition UInt16,
    version UInt64,
    applied_through UInt64,
    watermark DateTime64(3, 'UTC'),
    state String CODEC(ZSTD(3)),
    updated_time DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY (stage, log_partition)
SETTINGS {settings};

{distributed:worker_checkpoints:cityHash64(log_partition)};
