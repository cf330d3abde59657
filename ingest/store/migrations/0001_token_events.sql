-- One row per event, flat. Absent text is '', absent numbers are NULL or (status, asn) 0.
--
-- ORDER BY: day, then token, then time. Timelines and blast radius read one token (a few granules per day); rules read
-- closed windows of minutes over all tokens (one day, not a month). Inside a day equal tokens lie together, and with
-- them the same addresses, agents and scopes, which is what makes the row small.
-- PARTITION BY month: late rows of years back touch few partitions, and retention drops whole parts.
-- Deduplication windows make a repeated block (same insert_deduplication_token) a no-op; see docs/adr/0003.
CREATE TABLE IF NOT EXISTS {local:token_events} {on_cluster}
(
    event_uid UUID CODEC(NONE),
    time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(3)),
    observed_time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(3)),
    log_partition UInt16 CODEC(ZSTD(3)),
    log_offset UInt64 CODEC(Delta(8), ZSTD(3)),
    source_product LowCardinality(String) CODEC(ZSTD(3)),
    source_instance LowCardinality(String) CODEC(ZSTD(3)),
    source_kind LowCardinality(String) CODEC(ZSTD(3)),
    record_type LowCardinality(String) CODEC(ZSTD(3)),
    action LowCardinality(String) CODEC(ZSTD(3)),
    outcome LowCardinality(String) CODEC(ZSTD(3)),
    reason LowCardinality(String) CODEC(ZSTD(3)),
    reason_detail LowCardinality(String) CODEC(ZSTD(3)),
    token_uid String CODEC(ZSTD(3)),
    secret_fp String CODEC(ZSTD(3)),
    fp_key_id LowCardinality(String) CODEC(ZSTD(3)),
    token_identity LowCardinality(String) CODEC(ZSTD(3)),
    token_kind LowCardinality(String) CODEC(ZSTD(3)),
    key_id LowCardinality(String) CODEC(ZSTD(3)),
    issuer LowCardinality(String) CODEC(ZSTD(3)),
    jti String CODEC(ZSTD(3)),
    audience Array(String) CODEC(ZSTD(3)),
    scopes Array(String) CODEC(ZSTD(3)),
    issued_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(3)),
    not_before Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(3)),
    expires_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(3)),
    algorithm LowCardinality(String) CODEC(ZSTD(3)),
    binding_method LowCardinality(String) CODEC(ZSTD(3)),
    binding_value String CODEC(ZSTD(3)),
    token_name LowCardinality(String) CODEC(ZSTD(3)),
    alias_kinds Array(String) CODEC(ZSTD(3)),
    alias_values Array(String) CODEC(ZSTD(3)),
    parent_kind LowCardinality(String) CODEC(ZSTD(3)),
    parent_value String CODEC(ZSTD(3)),
    principal_uid LowCardinality(String) CODEC(ZSTD(3)),
    principal_kind LowCardinality(String) CODEC(ZSTD(3)),
    principal_id LowCardinality(String) CODEC(ZSTD(3)),
    principal_name LowCardinality(String) CODEC(ZSTD(3)),
    client_id LowCardinality(String) CODEC(ZSTD(3)),
    client_address LowCardinality(String) CODEC(ZSTD(3)),
    client_port Nullable(UInt16) CODEC(ZSTD(3)),
    client_country LowCardinality(String) CODEC(ZSTD(3)),
    client_city LowCardinality(String) CODEC(ZSTD(3)),
    client_latitude Nullable(Float64) CODEC(ZSTD(3)),
    client_longitude Nullable(Float64) CODEC(ZSTD(3)),
    client_asn UInt32 CODEC(ZSTD(3)),
    client_as_name LowCardinality(String) CODEC(ZSTD(3)),
    user_agent LowCardinality(String) CODEC(ZSTD(3)),
    caller_service LowCardinality(String) CODEC(ZSTD(3)),
    caller_namespace LowCardinality(String) CODEC(ZSTD(3)),
    caller_spiffe_id LowCardinality(String) CODEC(ZSTD(3)),
    target_service LowCardinality(String) CODEC(ZSTD(3)),
    target_namespace LowCardinality(String) CODEC(ZSTD(3)),
    target_address LowCardinality(String) CODEC(ZSTD(3)),
    target_method LowCardinality(String) CODEC(ZSTD(3)),
    target_path String CODEC(ZSTD(3)),
    target_route LowCardinality(String) CODEC(ZSTD(3)),
    target_status UInt16 CODEC(ZSTD(3)),
    request_bytes Nullable(UInt64) CODEC(T64, ZSTD(3)),
    response_bytes Nullable(UInt64) CODEC(T64, ZSTD(3)),
    duration_ms Nullable(Float64) CODEC(ZSTD(3)),
    session_uid String CODEC(ZSTD(3)),
    trace_id String CODEC(ZSTD(3)),
    request_id String CODEC(ZSTD(3)),
    direction LowCardinality(String) CODEC(ZSTD(3)),
    transport LowCardinality(String) CODEC(ZSTD(3)),
    exposures Array(String) CODEC(ZSTD(3)),
    attributes Map(String, String) CODEC(ZSTD(3)),
    INDEX event_uid_index event_uid TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX principal_uid_index principal_uid TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX client_address_index client_address TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(time)
ORDER BY (toDate(time), token_uid, time)
SETTINGS {settings};

{distributed:token_events:cityHash64(token_uid)};
