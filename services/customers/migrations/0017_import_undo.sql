-- What the real runs of imports did, so that it can be taken back.

CREATE TABLE import_effect (
    import_id uuid NOT NULL REFERENCES import (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    -- Of the customer as the run left it.
    revision bigint NOT NULL,
    -- The customer of before, as the contract encodes it, and its custom fields; NULL: the run made it.
    before bytea,
    before_custom jsonb,
    -- Why it could not be taken back: 1 changed since, 2 records were added, 3 out of scope, 4 its values are taken.
    -- 0: not tried yet. What was taken back is removed.
    kept smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (import_id, customer_id)
);

ALTER TABLE import
    ADD COLUMN undo_time timestamptz,
    -- {"removed", "restored", "kept", "total"}
    ADD COLUMN undone jsonb NOT NULL DEFAULT '{}';
