-- Relations have a time in which they hold, and change.
ALTER TABLE relation
    ADD COLUMN valid_from date,
    ADD COLUMN valid_until date,
    ADD COLUMN update_time timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN revision bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT relation_period CHECK (valid_from <= valid_until);

-- Two customers stand in a relation once without an end, and as often as they like with one.
ALTER TABLE relation DROP CONSTRAINT relation_pair;
CREATE UNIQUE INDEX relation_pair ON relation (customer_id, related_id, type) WHERE valid_until IS NULL;
CREATE INDEX relation_customer ON relation (customer_id);
