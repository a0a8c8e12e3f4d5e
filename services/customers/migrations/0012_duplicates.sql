-- Duplicates: customers that may be one and the same, and customers that were made one.

-- Who took the customer over, which is out of use since.
ALTER TABLE customer
    ADD COLUMN merged_into_id uuid CONSTRAINT customer_merged_into_customer REFERENCES customer (id) ON DELETE SET NULL;
CREATE INDEX customer_merged_into ON customer (merged_into_id) WHERE merged_into_id IS NOT NULL;

CREATE TABLE duplicate_search (
    id uuid PRIMARY KEY,
    -- Whoever asked for it, within whose scope it looks.
    employee_id uuid NOT NULL,
    -- 1 running, 2 completed, 3 failed
    state smallint NOT NULL DEFAULT 1,
    job_id uuid NOT NULL,
    customer_count bigint NOT NULL,
    read_count bigint NOT NULL DEFAULT 0,
    -- Comparisons that are done.
    step int NOT NULL DEFAULT 0,
    -- Open pairs at the end, as far as the employee saw what they rest on.
    pair_count bigint NOT NULL DEFAULT 0,
    -- [{"reason", "customer_count", "customer_id"}]
    large_blocks jsonb NOT NULL DEFAULT '[]',
    -- Id of the reason.
    failure text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz
);
CREATE INDEX duplicate_search_employee ON duplicate_search (employee_id, id DESC);
CREATE UNIQUE INDEX duplicate_search_running ON duplicate_search (employee_id) WHERE state = 1;

-- What customers are compared by while a search runs: hashes, so that nothing personal stands here.
CREATE TABLE duplicate_subject (
    search_id uuid NOT NULL REFERENCES duplicate_search (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    kind smallint NOT NULL,
    id_number bigint,
    phone bigint,
    phone_end bigint,
    email bigint,
    name bigint,
    company bigint,
    sound bigint,
    birthday bigint,
    -- Of several together.
    sound_phone_end bigint,
    sound_birthday bigint,
    PRIMARY KEY (search_id, customer_id)
);

CREATE TABLE duplicate_pair (
    id uuid PRIMARY KEY,
    -- The lesser id of the two, and the greater.
    one_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    other_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- A bit for each reason.
    reasons int NOT NULL,
    -- To who sees everything.
    score smallint NOT NULL,
    -- 1 open, 2 dismissed, 3 merged
    state smallint NOT NULL DEFAULT 1,
    find_time timestamptz NOT NULL DEFAULT now(),
    dismiss_user_id uuid,
    dismiss_time timestamptz,
    merge_id uuid,
    CONSTRAINT duplicate_pair_key UNIQUE (one_id, other_id),
    CONSTRAINT duplicate_pair_order CHECK (one_id < other_id)
);
CREATE INDEX duplicate_pair_score ON duplicate_pair (state, score DESC, id DESC);
CREATE INDEX duplicate_pair_other ON duplicate_pair (other_id);
CREATE INDEX duplicate_pair_merge ON duplicate_pair (merge_id) WHERE merge_id IS NOT NULL;

CREATE TABLE customer_merge (
    id uuid PRIMARY KEY,
    survivor_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    merged_ids uuid[] NOT NULL,
    -- {path: [before, after]} of the survivor's fields, as long as it can be undone.
    fields jsonb NOT NULL,
    -- The paths alone, for the history.
    changed_fields text[] NOT NULL,
    -- {kind: count}
    moved jsonb NOT NULL,
    create_user_id uuid NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    undo_user_id uuid,
    undo_time timestamptz,
    returned jsonb NOT NULL DEFAULT '{}',
    kept_fields text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX customer_merge_survivor ON customer_merge (survivor_id, id DESC);
CREATE INDEX customer_merge_time ON customer_merge (create_time) WHERE fields <> '{}';

-- What a merge moved, as long as it can be undone.
CREATE TABLE customer_merge_item (
    merge_id uuid NOT NULL REFERENCES customer_merge (id) ON DELETE CASCADE,
    kind text NOT NULL,
    record_id uuid NOT NULL,
    -- Whom it belonged to.
    customer_id uuid NOT NULL,
    -- What else the move changed of it.
    before jsonb,
    PRIMARY KEY (merge_id, kind, record_id)
);
CREATE INDEX customer_merge_item_customer ON customer_merge_item (customer_id);
