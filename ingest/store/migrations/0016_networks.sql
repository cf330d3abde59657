-- Who a client is beside its address and its text: the operator's name and the kind of its network, the family of its program.
ALTER TABLE {local:token_events} {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String) CODEC(ZSTD(3)) AFTER client_as_name,
    ADD COLUMN IF NOT EXISTS client_network_kind LowCardinality(String) CODEC(ZSTD(3)) AFTER client_network_name,
    ADD COLUMN IF NOT EXISTS user_agent_family LowCardinality(String) CODEC(ZSTD(3)) AFTER user_agent;

ALTER TABLE token_events {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String) AFTER client_as_name,
    ADD COLUMN IF NOT EXISTS client_network_kind LowCardinality(String) AFTER client_network_name,
    ADD COLUMN IF NOT EXISTS user_agent_family LowCardinality(String) AFTER user_agent;

-- A view has the columns of the day on which it was made.
CREATE OR REPLACE VIEW events_v1 {on_cluster} AS
SELECT * FROM token_events;
