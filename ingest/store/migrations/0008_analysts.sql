-- Who ran which statement. Written when it begins and again when it ends (a higher version), so that one that took the
-- process down is known as well.
CREATE TABLE IF NOT EXISTS {local:sql_statements} {on_cluster}
(
    statement_uid UUID,
    version UInt8,
    time DateTime64(3, 'UTC'),
    actor String,
    statement String CODEC(ZSTD(3)),
    outcome LowCardinality(String),
    detail String,
    rows_read UInt64,
    rows_returned UInt64,
    duration_ms UInt64
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY (toDate(time), time, statement_uid)
SETTINGS {settings};

{distributed:sql_statements:cityHash64(statement_uid)};

CREATE OR REPLACE VIEW sql_statements_v1 {on_cluster} AS
SELECT * FROM sql_statements FINAL;

-- Principals by the tokens of which they are the latest known owner.
CREATE OR REPLACE VIEW principals_v1 {on_cluster} AS
SELECT
    principal_uid,
    argMax(tokens_v1.principal_kind, tokens_v1.last_seen) AS kind,
    argMax(tokens_v1.principal_id, tokens_v1.last_seen) AS id,
    argMax(tokens_v1.principal_name, tokens_v1.last_seen) AS name,
    min(tokens_v1.first_seen) AS first_seen,
    max(tokens_v1.last_seen) AS last_seen,
    sum(tokens_v1.events) AS events,
    sum(tokens_v1.uses) AS requests,
    sum(tokens_v1.failures) AS failures,
    count() AS tokens
FROM tokens_v1
WHERE principal_uid != ''
GROUP BY principal_uid;
