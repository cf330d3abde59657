-- edges_v1 counts hops, not lines: a request that both sides logged, or one proxy in two formats, is one. Nothing reads the
-- roll-up of lines any more, so its view at insert time goes. Its table stays for processes of the version before, with the
-- hours that it has: lines whose events retention has let go cannot be made into hops.
DROP VIEW IF EXISTS edges_hourly_feed {on_cluster} SYNC;

CREATE OR REPLACE VIEW edges_v1 {on_cluster} AS
SELECT
    hour,
    caller_service,
    target_service,
    target_method,
    target_route,
    direction,
    requests,
    failures,
    request_bytes,
    response_bytes,
    duration_ms_sum,
    duration_ms_max,
    duration_count,
    plaintext_requests,
    anonymous_requests,
    finalizeAggregation(edge_hours.tokens) AS tokens,
    first_time,
    last_time,
    caller_seen,
    callee_seen
FROM edge_hours FINAL
WHERE requests > 0;

DROP VIEW IF EXISTS hop_edges_v1 {on_cluster} SYNC;

-- Rows lie in the order of `minute`, so whoever asks for a span of time can say it in the order's own words.
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
    minute
FROM hops FINAL
WHERE is_hop;
