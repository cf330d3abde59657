-- A hop tells the operator's own name of the network that its client stands in, and what kind of network it is, so that the map
-- can call it by that. Hops found before have none.
ALTER TABLE {local:hops} {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String),
    ADD COLUMN IF NOT EXISTS client_network_kind LowCardinality(String);

ALTER TABLE hops {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String),
    ADD COLUMN IF NOT EXISTS client_network_kind LowCardinality(String);

CREATE OR REPLACE VIEW hops_v1 {on_cluster} AS
SELECT
    time,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    seen_from,
    token_uid,
    token_lent,
    principal_uid,
    client_address,
    client_asn,
    outcome,
    target_status,
    request_bytes,
    response_bytes,
    duration_ms,
    transport,
    minute,
    reason,
    client_network_name,
    client_network_kind
FROM hops FINAL
WHERE is_hop;
