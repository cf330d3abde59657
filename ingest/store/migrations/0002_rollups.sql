-- Roll-ups that the map, the inventory and the detectors read instead of raw rows. Each is fed by a view at insert
-- time and carries its own deduplication window, so that a repeated block counts once here too.
--
-- `requests` counts uses (action = 'use') where the callee or the edge logged them: an outbound line is its peer's
-- inbound line seen from the other side, so it is counted in `outbound_requests` only.

-- Usage of a token in one hour of event time.
CREATE TABLE IF NOT EXISTS {local:token_usage_hourly} {on_cluster}
(
    token_uid String,
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    events SimpleAggregateFunction(sum, UInt64),
    requests SimpleAggregateFunction(sum, UInt64),
    outbound_requests SimpleAggregateFunction(sum, UInt64),
    failures SimpleAggregateFunction(sum, UInt64),
    request_bytes SimpleAggregateFunction(sum, UInt64),
    response_bytes SimpleAggregateFunction(sum, UInt64),
    targets AggregateFunction(uniqCombined64(12), String),
    clients AggregateFunction(uniqCombined64(12), String)
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYear(hour)
ORDER BY (token_uid, hour)
SETTINGS {settings};

{distributed:token_usage_hourly:cityHash64(token_uid)};

CREATE MATERIALIZED VIEW IF NOT EXISTS token_usage_hourly_feed {on_cluster} TO {local:token_usage_hourly} AS
SELECT
    token_uid,
    toDateTime(toStartOfHour(time), 'UTC') AS hour,
    count() AS events,
    countIf(action = 'use' AND direction != 'outbound') AS requests,
    countIf(action = 'use' AND direction = 'outbound') AS outbound_requests,
    countIf(action = 'use' AND direction != 'outbound' AND outcome = 'failure') AS failures,
    sum(ifNull(token_events.request_bytes, 0)) AS request_bytes,
    sum(ifNull(token_events.response_bytes, 0)) AS response_bytes,
    uniqCombined64State(12)(toString(target_service)) AS targets,
    uniqCombined64State(12)(toString(client_address)) AS clients
FROM {local:token_events} AS token_events
WHERE token_uid != ''
GROUP BY token_uid, hour;

-- One hop of the map in one hour: who called what. caller_service is '' when the caller is outside or unknown.
CREATE TABLE IF NOT EXISTS {local:edges_hourly} {on_cluster}
(
    hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    caller_service LowCardinality(String),
    target_service LowCardinality(String),
    target_method LowCardinality(String),
    target_route LowCardinality(String),
    direction LowCardinality(String),
    requests SimpleAggregateFunction(sum, UInt64),
    failures SimpleAggregateFunction(sum, UInt64),
    request_bytes SimpleAggregateFunction(sum, UInt64),
    response_bytes SimpleAggregateFunction(sum, UInt64),
    duration_ms_sum SimpleAggregateFunction(sum, Float64),
    duration_ms_max SimpleAggregateFunction(max, Float64),
    duration_count SimpleAggregateFunction(sum, UInt64),
    plaintext_requests SimpleAggregateFunction(sum, UInt64),
    anonymous_requests SimpleAggregateFunction(sum, UInt64),
    tokens AggregateFunction(uniqCombined64(12), String),
    first_time SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_time SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYear(hour)
ORDER BY (hour, caller_service, target_service, target_method, target_route, direction)
SETTINGS {settings};

{distributed:edges_hourly:cityHash64(caller_service, target_service)};

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_hourly_feed {on_cluster} TO {local:edges_hourly} AS
SELECT
    toDateTime(toStartOfHour(time), 'UTC') AS hour,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    count() AS requests,
    countIf(outcome = 'failure') AS failures,
    sum(ifNull(token_events.request_bytes, 0)) AS request_bytes,
    sum(ifNull(token_events.response_bytes, 0)) AS response_bytes,
    sum(ifNull(duration_ms, 0)) AS duration_ms_sum,
    max(ifNull(duration_ms, 0)) AS duration_ms_max,
    count(duration_ms) AS duration_count,
    countIf(transport = 'plaintext') AS plaintext_requests,
    countIf(token_uid = '') AS anonymous_requests,
    uniqCombined64StateIf(12)(token_uid, token_uid != '') AS tokens,
    min(time) AS first_time,
    max(time) AS last_time
FROM {local:token_events} AS token_events
WHERE action = 'use'
GROUP BY hour, caller_service, target_service, target_method, target_route, direction;

-- What a token or principal was seen with, first and last. Only accepted events teach (accepted_events), so that a
-- refused forgery does not make an attacker's network familiar.
CREATE TABLE IF NOT EXISTS {local:first_seen} {on_cluster}
(
    token_uid String,
    principal_uid String,
    dimension LowCardinality(String),
    value String,
    first_time SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_time SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    events SimpleAggregateFunction(sum, UInt64),
    accepted_events SimpleAggregateFunction(sum, UInt64)
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY (token_uid, dimension, value, principal_uid)
SETTINGS {settings};

{distributed:first_seen:cityHash64(token_uid)};

-- The inner grouping comes first: it shrinks a block to its distinct combinations before they are unfolded.
CREATE MATERIALIZED VIEW IF NOT EXISTS first_seen_feed {on_cluster} TO {local:first_seen} AS
SELECT
    token_uid,
    principal_uid,
    pair.1 AS dimension,
    pair.2 AS value,
    min(combination_first) AS first_time,
    max(combination_last) AS last_time,
    sum(combination_events) AS events,
    sum(combination_accepted) AS accepted_events
FROM
(
    SELECT
        token_uid,
        toString(token_events.principal_uid) AS principal_uid,
        client_address,
        client_country,
        client_asn,
        user_agent,
        caller_service,
        target_service,
        target_method,
        target_route,
        min(time) AS combination_first,
        max(time) AS combination_last,
        count() AS combination_events,
        countIf(outcome = 'success') AS combination_accepted
    FROM {local:token_events} AS token_events
    WHERE token_uid != ''
    GROUP BY
        token_uid, token_events.principal_uid, client_address, client_country, client_asn, user_agent, caller_service,
        target_service, target_method, target_route
)
ARRAY JOIN
    [
        ('client_address', toString(client_address)),
        ('client_country', toString(client_country)),
        ('client_asn', if(client_asn = 0, '', toString(client_asn))),
        ('user_agent', toString(user_agent)),
        ('caller_service', toString(caller_service)),
        ('target_service', toString(target_service)),
        ('target_route', if(target_route = '', '', concat(target_method, ' ', target_route)))
    ] AS pair
WHERE pair.2 != ''
GROUP BY token_uid, principal_uid, dimension, value;

-- Inventory: what is known of each token. Times of 1970-01-01 mean "not known".
CREATE TABLE IF NOT EXISTS {local:tokens} {on_cluster}
(
    token_uid String,
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    last_use SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    last_failure SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    revoked_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    issued_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    expires_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    events SimpleAggregateFunction(sum, UInt64),
    uses SimpleAggregateFunction(sum, UInt64),
    failures SimpleAggregateFunction(sum, UInt64),
    kinds SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    identities SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    sources SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    issuers SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    scopes SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    audience SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    aliases SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(String, String))),
    parents SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(String, String))),
    name SimpleAggregateFunction(max, Tuple(UInt8, DateTime64(3, 'UTC'), String)),
    key_id SimpleAggregateFunction(max, Tuple(UInt8, DateTime64(3, 'UTC'), String)),
    principal SimpleAggregateFunction(max, Tuple(UInt8, DateTime64(3, 'UTC'), String, String, String, String)),
    secrets AggregateFunction(uniqCombined64(12), String)
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY token_uid
SETTINGS {settings};

{distributed:tokens:cityHash64(token_uid)};

CREATE MATERIALIZED VIEW IF NOT EXISTS tokens_feed {on_cluster} TO {local:tokens} AS
SELECT
    token_uid,
    min(time) AS first_seen,
    max(time) AS last_seen,
    maxIf(time, action = 'use' AND outcome = 'success') AS last_use,
    maxIf(time, outcome = 'failure') AS last_failure,
    maxIf(time, action = 'revoke' AND outcome = 'success') AS revoked_at,
    max(ifNull(token_events.issued_at, toDateTime64(0, 3, 'UTC'))) AS issued_at,
    max(ifNull(token_events.expires_at, toDateTime64(0, 3, 'UTC'))) AS expires_at,
    count() AS events,
    countIf(action = 'use' AND direction != 'outbound') AS uses,
    countIf(action = 'use' AND direction != 'outbound' AND outcome = 'failure') AS failures,
    groupUniqArrayIf(16)(toString(token_kind), token_kind != '') AS kinds,
    groupUniqArrayIf(16)(toString(token_identity), token_identity != '') AS identities,
    groupUniqArray(16)(toString(source_product)) AS sources,
    groupUniqArrayIf(16)(toString(issuer), issuer != '') AS issuers,
    groupUniqArrayArray(64)(token_events.scopes) AS scopes,
    groupUniqArrayArray(64)(token_events.audience) AS audience,
    groupUniqArrayArray(64)(arrayZip(alias_kinds, alias_values)) AS aliases,
    groupUniqArrayIf(16)((toString(parent_kind), parent_value), parent_kind != '') AS parents,
    max((toUInt8(token_name != ''), time, toString(token_name))) AS name,
    max((toUInt8(token_events.key_id != ''), time, toString(token_events.key_id))) AS key_id,
    max((toUInt8(principal_uid != ''), time, toString(principal_uid), toString(principal_kind), toString(principal_id), toString(principal_name))) AS principal,
    uniqCombined64StateIf(12)(secret_fp, secret_fp != '') AS secrets
FROM {local:token_events} AS token_events
WHERE token_uid != ''
GROUP BY token_uid;

-- Other names of a token, looked up by name.
CREATE TABLE IF NOT EXISTS {local:token_aliases} {on_cluster}
(
    alias_kind LowCardinality(String),
    alias String,
    token_uid String,
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    events SimpleAggregateFunction(sum, UInt64)
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY (alias_kind, alias, token_uid)
SETTINGS {settings};

{distributed:token_aliases:cityHash64(alias)};

CREATE MATERIALIZED VIEW IF NOT EXISTS token_aliases_feed {on_cluster} TO {local:token_aliases} AS
SELECT
    pair.1 AS alias_kind,
    pair.2 AS alias,
    token_uid,
    min(time) AS first_seen,
    max(time) AS last_seen,
    count() AS events
FROM {local:token_events} AS token_events
ARRAY JOIN arrayDistinct(arrayConcat(arrayZip(alias_kinds, alias_values), [('jti', jti), ('secret_fp', secret_fp)])) AS pair
WHERE token_uid != '' AND pair.2 != ''
GROUP BY alias_kind, alias, token_uid;
