-- What detectors said, and what became of it. Rows are versions: read with FINAL, or through the *_v1 views.

CREATE TABLE IF NOT EXISTS {local:findings} {on_cluster}
(
    finding_uid UUID,
    detector LowCardinality(String),
    detector_version UInt32,
    entity_kind LowCardinality(String),
    entity_uid String,
    token_uid String,
    token_name String,
    principal_uid String,
    principal_name String,
    severity LowCardinality(String),
    fidelity LowCardinality(String),
    summary String,
    techniques Array(String),
    score_value Float64,
    measure LowCardinality(String),
    unit LowCardinality(String),
    observed Float64,
    expected Float64,
    spread Float64,
    sample_count UInt64,
    warmed_up Bool,
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    time DateTime64(3, 'UTC'),
    client_address String,
    target_service LowCardinality(String),
    evidence Array(UUID),
    sql String,
    stored_time DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX time_index time TYPE minmax GRANULARITY 1,
    INDEX entity_uid_index entity_uid TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY finding_uid
SETTINGS {settings};

{distributed:findings:cityHash64(finding_uid)};

-- One row per version of an alert; the highest version is the alert.
CREATE TABLE IF NOT EXISTS {local:alerts} {on_cluster}
(
    alert_uid UUID,
    version UInt64,
    dedup_key String,
    state LowCardinality(String),
    severity LowCardinality(String),
    fidelity LowCardinality(String),
    entity_kind LowCardinality(String),
    entity_uid String,
    token_uid String,
    token_name String,
    principal_uid String,
    principal_name String,
    title String,
    summary String,
    detectors Array(String),
    techniques Array(String),
    first_time DateTime64(3, 'UTC'),
    last_time DateTime64(3, 'UTC'),
    findings_count UInt64,
    finding_uids Array(UUID),
    client_addresses Array(String),
    target_services Array(String),
    evidence Array(UUID),
    reading String,
    created_time DateTime64(3, 'UTC'),
    updated_time DateTime64(3, 'UTC'),
    resolved_time Nullable(DateTime64(3, 'UTC')),
    suppressed_until Nullable(DateTime64(3, 'UTC')),
    note String
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY alert_uid
SETTINGS {settings};

{distributed:alerts:cityHash64(alert_uid)};

-- Who changed an alert, when and why; one row per change, never replaced.
CREATE TABLE IF NOT EXISTS {local:alert_history} {on_cluster}
(
    alert_uid UUID,
    version UInt64,
    time DateTime64(3, 'UTC'),
    actor String,
    change LowCardinality(String),
    state_before LowCardinality(String),
    state_after LowCardinality(String),
    suppressed_until Nullable(DateTime64(3, 'UTC')),
    note String
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY (alert_uid, version)
SETTINGS {settings};

{distributed:alert_history:cityHash64(alert_uid)};

-- Outbox: a delivery is stored before its first attempt, and each attempt is a version.
CREATE TABLE IF NOT EXISTS {local:deliveries} {on_cluster}
(
    delivery_uid UUID,
    version UInt64,
    alert_uid UUID,
    alert_version UInt64,
    destination LowCardinality(String),
    kind LowCardinality(String),
    state LowCardinality(String),
    attempt UInt32,
    payload String,
    next_attempt_time DateTime64(3, 'UTC'),
    created_time DateTime64(3, 'UTC'),
    updated_time DateTime64(3, 'UTC'),
    last_status UInt16,
    last_error String
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY delivery_uid
SETTINGS {settings};

{distributed:deliveries:cityHash64(delivery_uid)};
