-- The star schema that events feed.

-- Customers as they were and are: a row for each span of time in which nothing that is counted by changed (type 2 slowly
-- changing dimension).
CREATE TABLE dim_customer (
    customer_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL,
    -- Of the last event that the row has seen.
    revision bigint NOT NULL,
    kind smallint NOT NULL,
    region text NOT NULL,
    industry text NOT NULL,
    source text NOT NULL,
    level text NOT NULL,
    grade text NOT NULL,
    status text NOT NULL,
    -- 1 active, 2 invalid
    state smallint NOT NULL,
    owner_id uuid,
    group_id uuid,
    create_time timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    -- NULL: still so
    valid_to timestamptz
);
CREATE UNIQUE INDEX dim_customer_current ON dim_customer (customer_id) WHERE valid_to IS NULL;
CREATE INDEX dim_customer_history ON dim_customer (customer_id, valid_from);
CREATE INDEX dim_customer_owner ON dim_customer (owner_id) WHERE valid_to IS NULL;

-- Who else sees which customer, for the row predicate.
CREATE TABLE customer_share (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL,
    employee_id uuid,
    group_id uuid,
    expire_time timestamptz
);
CREATE INDEX customer_share_employee ON customer_share (employee_id, record_id);
CREATE INDEX customer_share_group ON customer_share (group_id, record_id);

-- How far the star schema has come.
CREATE TABLE feed (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    last_event_time timestamptz,
    -- The feed starts again from the first event until it has seen what was pending then.
    rebuilding bool NOT NULL DEFAULT false
);
INSERT INTO feed DEFAULT VALUES;
