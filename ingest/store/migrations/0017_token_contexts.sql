-- From where, by what and to what a token was used counts requests (hops), not lines, as its chart and the map do. So a hop
-- knows what its line tells of the client and of the source, and whether the callee's own log names the token: that is what
-- the stream detectors count, which see lines by token. On a cluster the second statement changes the distributed table.
ALTER TABLE {local:hops} {on_cluster}
    ADD COLUMN IF NOT EXISTS client_country LowCardinality(String),
    ADD COLUMN IF NOT EXISTS user_agent LowCardinality(String),
    ADD COLUMN IF NOT EXISTS source LowCardinality(String),
    ADD COLUMN IF NOT EXISTS callee_told Bool DEFAULT token_uid != '' AND NOT token_lent AND seen_from != 'caller';

ALTER TABLE hops {on_cluster}
    ADD COLUMN IF NOT EXISTS client_country LowCardinality(String),
    ADD COLUMN IF NOT EXISTS user_agent LowCardinality(String),
    ADD COLUMN IF NOT EXISTS source LowCardinality(String),
    ADD COLUMN IF NOT EXISTS callee_told Bool DEFAULT token_uid != '' AND NOT token_lent AND seen_from != 'caller';

-- Hops that were found before, as far as their lines are still there. An equal version that is written later counts, and a
-- hop that was written once is not written again: what a kill cut off goes on.
INSERT INTO hops
    (minute, line, version, is_hop, time, caller_service, target_service, target_method, target_route, direction, seen_from,
     token_uid, token_lent, principal_uid, client_address, client_asn, outcome, target_status, request_bytes, response_bytes,
     duration_ms, transport, evaluated, reason, client_country, user_agent, source, callee_told)
SELECT
    known.minute, known.line, known.version, known.is_hop, known.time, known.caller_service, known.target_service,
    known.target_method, known.target_route, known.direction, known.seen_from, known.token_uid, known.token_lent,
    known.principal_uid, known.client_address, known.client_asn, known.outcome, known.target_status, known.request_bytes,
    known.response_bytes, known.duration_ms, known.transport, known.evaluated, known.reason, raw.client_country,
    raw.user_agent, concat(raw.source_product, ' ', raw.source_instance), known.callee_told
FROM (SELECT * FROM hops FINAL WHERE is_hop AND token_uid != '' AND source = '') AS known
INNER JOIN
(
    SELECT cityHash64(event_uid) AS line, client_country, user_agent, source_product, source_instance
    FROM token_events
    WHERE action = 'use'
) AS raw ON known.line = raw.line
SETTINGS join_algorithm = 'grace_hash', distributed_product_mode = 'global';

-- Of the requests of an hour, those of which the callee's own log names the token.
ALTER TABLE {local:token_hours} {on_cluster}
    ADD COLUMN IF NOT EXISTS callee_told UInt64 DEFAULT requests - caller_only CODEC(T64, ZSTD(1));

ALTER TABLE token_hours {on_cluster}
    ADD COLUMN IF NOT EXISTS callee_told UInt64 DEFAULT requests - caller_only;

-- Requests of a token in one hour by what they came with (context: hash of the columns after it), made from `hops` once the
-- hour is over: their sums over any one column are the requests of the hour. A row without a token marks that its hour was
-- made. Days first, so that an hour that is made anew reads a day and no more.
CREATE TABLE IF NOT EXISTS {local:token_contexts} {on_cluster}
(
    token_uid String,
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    context UInt64,
    version UInt64 CODEC(ZSTD(1)),
    client_address LowCardinality(String),
    client_asn UInt32 CODEC(ZSTD(1)),
    client_country LowCardinality(String),
    user_agent LowCardinality(String),
    caller_service LowCardinality(String),
    target_service LowCardinality(String),
    target_method LowCardinality(String),
    target_route LowCardinality(String),
    source LowCardinality(String),
    requests UInt64 CODEC(T64, ZSTD(1)),
    failures UInt64 CODEC(T64, ZSTD(1)),
    first_time DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    last_time DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree:version}
PARTITION BY toYYYYMM(hour)
ORDER BY (toDate(hour), token_uid, hour, context)
SETTINGS {settings};

{distributed:token_contexts:cityHash64(token_uid)};

-- Counts of stored events whose filling a kill cut off in 0009 and 0014: what has no row at all is counted again. Not of the
-- last hour, since blocks may be under way.
INSERT INTO hop_buckets
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 15000)) AS bucket, count() AS lines, now('UTC') AS touched
FROM token_events
WHERE action = 'use'
GROUP BY bucket
HAVING max(observed_time) < now('UTC') - INTERVAL 1 HOUR AND bucket NOT IN (SELECT bucket FROM hop_buckets)
SETTINGS distributed_product_mode = 'global';

INSERT INTO event_minutes
SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 60000)) AS minute, count() AS lines, toDateTime(0, 'UTC') AS touched
FROM token_events
GROUP BY minute
HAVING max(observed_time) < now('UTC') - INTERVAL 1 HOUR AND minute NOT IN (SELECT minute FROM event_minutes)
SETTINGS distributed_product_mode = 'global';

-- What is known of each token, without what it did.
CREATE OR REPLACE VIEW token_facts {on_cluster} AS
SELECT
    token_uid,
    min(tokens.first_seen) AS first_seen,
    max(tokens.last_seen) AS last_seen,
    nullIf(max(tokens.last_use), toDateTime64(0, 3, 'UTC')) AS last_use,
    nullIf(max(tokens.last_failure), toDateTime64(0, 3, 'UTC')) AS last_failure,
    nullIf(max(tokens.revoked_at), toDateTime64(0, 3, 'UTC')) AS revoked_at,
    nullIf(max(tokens.issued_at), toDateTime64(0, 3, 'UTC')) AS issued_at,
    nullIf(max(tokens.expires_at), toDateTime64(0, 3, 'UTC')) AS expires_at,
    sum(tokens.events) AS events,
    arraySort(groupUniqArrayArray(tokens.kinds)) AS kinds,
    arraySort(groupUniqArrayArray(tokens.identities)) AS identities,
    arraySort(groupUniqArrayArray(tokens.sources)) AS sources,
    arraySort(groupUniqArrayArray(tokens.issuers)) AS issuers,
    arraySort(groupUniqArrayArray(tokens.scopes)) AS scopes,
    arraySort(groupUniqArrayArray(tokens.audience)) AS audience,
    arraySort(groupUniqArrayArray(tokens.aliases)) AS aliases,
    arraySort(groupUniqArrayArray(tokens.parents)) AS parents,
    max(tokens.name).3 AS name,
    max(tokens.key_id).3 AS key_id,
    max(tokens.principal).3 AS principal_uid,
    max(tokens.principal).4 AS principal_kind,
    max(tokens.principal).5 AS principal_id,
    max(tokens.principal).6 AS principal_name,
    uniqCombined64Merge(12)(tokens.secrets) AS secrets
FROM tokens
GROUP BY token_uid;

-- `uses` and `failures` are those of token_usage_v1, over all hours that the roll-up holds.
CREATE OR REPLACE VIEW tokens_v1 {on_cluster} AS
SELECT
    facts.token_uid AS token_uid,
    facts.first_seen AS first_seen,
    facts.last_seen AS last_seen,
    facts.last_use AS last_use,
    facts.last_failure AS last_failure,
    facts.revoked_at AS revoked_at,
    facts.issued_at AS issued_at,
    facts.expires_at AS expires_at,
    facts.events AS events,
    used.uses AS uses,
    used.failures AS failures,
    facts.kinds AS kinds,
    facts.identities AS identities,
    facts.sources AS sources,
    facts.issuers AS issuers,
    facts.scopes AS scopes,
    facts.audience AS audience,
    facts.aliases AS aliases,
    facts.parents AS parents,
    facts.name AS name,
    facts.key_id AS key_id,
    facts.principal_uid AS principal_uid,
    facts.principal_kind AS principal_kind,
    facts.principal_id AS principal_id,
    facts.principal_name AS principal_name,
    facts.secrets AS secrets
FROM token_facts AS facts
LEFT JOIN
(
    SELECT token_uid, sum(token_hours.requests) AS uses, sum(token_hours.failures) AS failures
    FROM token_hours FINAL
    GROUP BY token_uid
) AS used ON facts.token_uid = used.token_uid;
