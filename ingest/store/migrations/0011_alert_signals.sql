-- An alert is of a subject: it names all of its tokens, keeps its signals (detector and measure, with the strongest finding of
-- each) and the highest risk that raised it. On a cluster the second statement changes the distributed table.
ALTER TABLE {local:alerts} {on_cluster}
    ADD COLUMN IF NOT EXISTS token_uids Array(String),
    ADD COLUMN IF NOT EXISTS signals String,
    ADD COLUMN IF NOT EXISTS risk Float64;

ALTER TABLE alerts {on_cluster}
    ADD COLUMN IF NOT EXISTS token_uids Array(String),
    ADD COLUMN IF NOT EXISTS signals String,
    ADD COLUMN IF NOT EXISTS risk Float64;

CREATE OR REPLACE VIEW alerts_v1 {on_cluster} AS
SELECT * FROM alerts FINAL;
