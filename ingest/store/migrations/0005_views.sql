-- The stable surface for people and dashboards (docs/tables.md). Tables may change with a migration; a view keeps its
-- columns and their meaning for as long as its _v1 name lives.

CREATE OR REPLACE VIEW events_v1 {on_cluster} AS
SELECT * FROM token_events;

CREATE OR REPLACE VIEW token_usage_v1 {on_cluster} AS
SELECT
    token_uid,
    hour,
    sum(token_usage_hourly.events) AS events,
    sum(token_usage_hourly.requests) AS requests,
    sum(token_usage_hourly.outbound_requests) AS outbound_requests,
    sum(token_usage_hourly.failures) AS failures,
    sum(token_usage_hourly.request_bytes) AS request_bytes,
    sum(token_usage_hourly.response_bytes) AS response_bytes,
    uniqCombined64Merge(12)(token_usage_hourly.targets) AS targets,
    uniqCombined64Merge(12)(token_usage_hourly.clients) AS clients
FROM token_usage_hourly
GROUP BY token_uid, hour;

CREATE OR REPLACE VIEW edges_v1 {on_cluster} AS
SELECT
    hour,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    sum(edges_hourly.requests) AS requests,
    sum(edges_hourly.failures) AS failures,
    sum(edges_hourly.request_bytes) AS request_bytes,
    sum(edges_hourly.response_bytes) AS response_bytes,
    sum(edges_hourly.duration_ms_sum) AS duration_ms_sum,
    max(edges_hourly.duration_ms_max) AS duration_ms_max,
    sum(edges_hourly.duration_count) AS duration_count,
    sum(edges_hourly.plaintext_requests) AS plaintext_requests,
    sum(edges_hourly.anonymous_requests) AS anonymous_requests,
    uniqCombined64Merge(12)(edges_hourly.tokens) AS tokens,
    min(edges_hourly.first_time) AS first_time,
    max(edges_hourly.last_time) AS last_time
FROM edges_hourly
GROUP BY hour, caller_service, target_service, target_method, target_route, direction;

CREATE OR REPLACE VIEW first_seen_v1 {on_cluster} AS
SELECT
    token_uid,
    principal_uid,
    dimension,
    value,
    min(first_seen.first_time) AS first_time,
    max(first_seen.last_time) AS last_time,
    sum(first_seen.events) AS events,
    sum(first_seen.accepted_events) AS accepted_events
FROM first_seen
GROUP BY token_uid, principal_uid, dimension, value;

CREATE OR REPLACE VIEW tokens_v1 {on_cluster} AS
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
    sum(tokens.uses) AS uses,
    sum(tokens.failures) AS failures,
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

CREATE OR REPLACE VIEW token_aliases_v1 {on_cluster} AS
SELECT
    alias_kind,
    alias,
    token_uid,
    min(token_aliases.first_seen) AS first_seen,
    max(token_aliases.last_seen) AS last_seen,
    sum(token_aliases.events) AS events
FROM token_aliases
GROUP BY alias_kind, alias, token_uid;

CREATE OR REPLACE VIEW findings_v1 {on_cluster} AS
SELECT * FROM findings FINAL;

CREATE OR REPLACE VIEW alerts_v1 {on_cluster} AS
SELECT * FROM alerts FINAL;

CREATE OR REPLACE VIEW alert_history_v1 {on_cluster} AS
SELECT * FROM alert_history FINAL;

CREATE OR REPLACE VIEW deliveries_v1 {on_cluster} AS
SELECT * FROM deliveries FINAL;
