-- Which findings shall raise nothing, until when and why. The highest version of a uid is its state; an ended one stays, since
-- findings of its time may still come.
CREATE TABLE IF NOT EXISTS {local:suppressions} {on_cluster}
(
    suppression_uid UUID,
    version UInt64,
    detector LowCardinality(String),
    measure LowCardinality(String),
    token_uid String,
    principal_uid String,
    address String,
    service String,
    severity_max LowCardinality(String),
    from_time DateTime64(3, 'UTC'),
    until_time DateTime64(3, 'UTC'),
    reason String,
    created_time DateTime64(3, 'UTC'),
    created_by String
)
ENGINE = {engine:ReplacingMergeTree:version}
ORDER BY suppression_uid
SETTINGS {settings};

{distributed:suppressions:cityHash64(suppression_uid)};

-- Findings that one of them silenced: they stay in findings, and count for neither alerts nor risk.
CREATE TABLE IF NOT EXISTS {local:suppressed_findings} {on_cluster}
(
    finding_uid UUID,
    suppression String,
    reason String,
    stored_time DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY finding_uid
SETTINGS {settings};

{distributed:suppressed_findings:cityHash64(finding_uid)};
