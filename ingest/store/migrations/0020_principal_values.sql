-- What a principal was served with on each day of event time, first and last: where from, by what, for what. `novelty` begins with
-- it where it has no state (detectors/novelty, docs/adr/0017), so its dimensions and values are those of detectors/core/dimensions.ts,
-- but for networks without a name or AS and programs without a family, of which `address` and `program` have the text. The row '' has
-- all uses.
CREATE TABLE IF NOT EXISTS {local:principal_values} {on_cluster}
(
    principal_uid String,
    dimension LowCardinality(String),
    value String,
    day Date,
    first_time SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_time SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    uses SimpleAggregateFunction(sum, UInt64)
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (principal_uid, dimension, value, day)
SETTINGS {settings};

{distributed:principal_values:cityHash64(principal_uid)};

-- Events of the last month that were stored before this table was. A principal that a kill cut off stays as it is:
-- counted twice, it would be worse.
INSERT INTO principal_values
SELECT
    principal_uid,
    pair.1 AS dimension,
    pair.2 AS value,
    day,
    min(combination_first) AS first_time,
    max(combination_last) AS last_time,
    sum(combination_uses) AS uses
FROM
(
    SELECT
        toString(token_events.principal_uid) AS principal_uid,
        toDate(time) AS day,
        principal_kind,
        client_network_name,
        client_network_kind,
        client_asn,
        client_address,
        client_country,
        user_agent_family,
        if(user_agent_family IN ('', '{*}'), user_agent, '') AS program,
        match(client_address, '(?i)^(?:10\\.|127\\.|192\\.168\\.|172\\.(?:1[6-9]|2[0-9]|3[01])\\.|169\\.254\\.|100\\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.|f[cd][0-9a-f][0-9a-f]:|fe[89ab][0-9a-f]:|::1$)') AS inside,
        client_network_name != '' AND client_network_kind IN ('egress', 'office', 'vpn', 'proxy') AS own_network,
        caller_service,
        target_service,
        target_method,
        target_route,
        scopes,
        audience,
        min(time) AS combination_first,
        max(time) AS combination_last,
        count() AS combination_uses
    FROM token_events
    WHERE token_events.principal_uid != '' AND direction != 'outbound' AND action = 'use' AND outcome = 'success'
        AND time >= now('UTC') - INTERVAL 31 DAY AND toDate(time) >= toDate(now('UTC')) - 31
        AND token_events.principal_uid NOT IN (SELECT principal_uid FROM principal_values)
    GROUP BY
        token_events.principal_uid, day, principal_kind, client_network_name, client_network_kind, client_asn, client_address,
        client_country, user_agent_family, program, caller_service, target_service, target_method, target_route, scopes, audience
)
ARRAY JOIN
    [
        ('', 'uses'),
        ('network', multiIf(client_network_name != '', toString(client_network_name), client_asn != 0, concat('AS', toString(client_asn)), '')),
        ('address', if(client_network_name = '' AND client_asn = 0, toString(client_address), '')),
        ('country', toString(client_country)),
        ('zone', multiIf(client_address = '' OR principal_kind IN ('', 'user', 'unknown'), '', inside OR own_network, 'inside', 'outside')),
        ('agent', if(user_agent_family = '{*}', '', toString(user_agent_family))),
        ('program', toString(program)),
        ('caller', toString(caller_service)),
        ('target', toString(target_service)),
        ('route', if(target_route = '', '', concat(target_service, ' ', target_method, ' ', target_route))),
        ('method', multiIf(
            target_method IN ('GET', 'HEAD', 'OPTIONS'), 'read', target_method IN ('POST', 'PUT', 'PATCH', 'DELETE'), 'write', '')),
        ('scope', arrayStringConcat(arraySort(scopes), ' ')),
        ('audience', arrayStringConcat(arraySort(audience), ' '))
    ] AS pair
WHERE pair.2 != ''
GROUP BY principal_uid, dimension, value, day
SETTINGS distributed_product_mode = 'global', max_bytes_before_external_group_by = 500000000;

CREATE MATERIALIZED VIEW IF NOT EXISTS principal_values_feed {on_cluster} TO {local:principal_values} AS
SELECT
    principal_uid,
    pair.1 AS dimension,
    pair.2 AS value,
    day,
    min(combination_first) AS first_time,
    max(combination_last) AS last_time,
    sum(combination_uses) AS uses
FROM
(
    SELECT
        toString(token_events.principal_uid) AS principal_uid,
        toDate(time) AS day,
        principal_kind,
        client_network_name,
        client_network_kind,
        client_asn,
        client_address,
        client_country,
        user_agent_family,
        if(user_agent_family IN ('', '{*}'), user_agent, '') AS program,
        match(client_address, '(?i)^(?:10\\.|127\\.|192\\.168\\.|172\\.(?:1[6-9]|2[0-9]|3[01])\\.|169\\.254\\.|100\\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.|f[cd][0-9a-f][0-9a-f]:|fe[89ab][0-9a-f]:|::1$)') AS inside,
        client_network_name != '' AND client_network_kind IN ('egress', 'office', 'vpn', 'proxy') AS own_network,
        caller_service,
        target_service,
        target_method,
        target_route,
        scopes,
        audience,
        min(time) AS combination_first,
        max(time) AS combination_last,
        count() AS combination_uses
    FROM {local:token_events} AS token_events
    WHERE token_events.principal_uid != '' AND direction != 'outbound' AND action = 'use' AND outcome = 'success'
    GROUP BY
        token_events.principal_uid, day, principal_kind, client_network_name, client_network_kind, client_asn, client_address,
        client_country, user_agent_family, program, caller_service, target_service, target_method, target_route, scopes, audience
)
ARRAY JOIN
    [
        ('', 'uses'),
        ('network', multiIf(client_network_name != '', toString(client_network_name), client_asn != 0, concat('AS', toString(client_asn)), '')),
        ('address', if(client_network_name = '' AND client_asn = 0, toString(client_address), '')),
        ('country', toString(client_country)),
        ('zone', multiIf(client_address = '' OR principal_kind IN ('', 'user', 'unknown'), '', inside OR own_network, 'inside', 'outside')),
        ('agent', if(user_agent_family = '{*}', '', toString(user_agent_family))),
        ('program', toString(program)),
        ('caller', toString(caller_service)),
        ('target', toString(target_service)),
        ('route', if(target_route = '', '', concat(target_service, ' ', target_method, ' ', target_route))),
        ('method', multiIf(
            target_method IN ('GET', 'HEAD', 'OPTIONS'), 'read', target_method IN ('POST', 'PUT', 'PATCH', 'DELETE'), 'write', '')),
        ('scope', arrayStringConcat(arraySort(scopes), ' ')),
        ('audience', arrayStringConcat(arraySort(audience), ' '))
    ] AS pair
WHERE pair.2 != ''
GROUP BY principal_uid, dimension, value, day;
