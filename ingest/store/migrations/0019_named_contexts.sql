-- What a token's requests came with names the network as the map does. Hours that were made before have no name.
ALTER TABLE {local:token_contexts} {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String);

ALTER TABLE token_contexts {on_cluster}
    ADD COLUMN IF NOT EXISTS client_network_name LowCardinality(String);
