-- Registered decoys: fingerprints, never secrets. The highest version of a token_uid is its state; a removed decoy stays,
-- since events from before its removal may still come.
CREATE TABLE IF NOT EXISTS {local:honeytokens} {on_cluster}
(
    token_uid String,
    version UInt64,
    secret_fp String,
    fp_key_id LowCardinality(String),
    format LowCardinality(String),
    name String,
    note String,
    planted String,
    created_time DateTime64(3, 'UTC'),
    created_by String,
    removed_time Nullable(DateTime64(3, 'UTC'))
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY token_uid
SETTINGS {settings};

{distributed:honeytokens:cityHash64(token_uid)};
