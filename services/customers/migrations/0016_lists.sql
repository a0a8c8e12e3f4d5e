-- Views of every list, in other layouts than rows.
ALTER TABLE view
    -- 1 customer, 2 contact, 3 interaction
    ADD COLUMN record_kind smallint NOT NULL DEFAULT 1,
    -- 1 table, 2 board, 3 calendar
    ADD COLUMN layout smallint NOT NULL DEFAULT 1,
    ADD COLUMN layout_field text NOT NULL DEFAULT '';
ALTER TABLE view DROP CONSTRAINT view_name;
ALTER TABLE view ADD CONSTRAINT view_name UNIQUE (author_id, record_kind, name);

-- The order of contacts over all customers.
CREATE INDEX contact_create_time ON contact (create_time DESC, id DESC);
-- Birthdays in a calendar.
CREATE INDEX customer_birthday ON customer
    (((extract(month FROM birthday) * 100 + extract(day FROM birthday))::int));

-- Fields of many customers changed at once, and taken back within a day.
CREATE TABLE bulk_change (
    id uuid PRIMARY KEY,
    create_user_id uuid NOT NULL,
    -- {"level": "vip", "custom_fields.budget": null}; null takes a value away.
    new_values jsonb NOT NULL,
    -- Those that were named; none where the filter, or everything, was meant.
    customer_ids uuid[] NOT NULL DEFAULT '{}',
    filter text NOT NULL DEFAULT '',
    -- 1 running, 2 completed, 3 undoing, 4 undone, 5 failed
    state smallint NOT NULL,
    -- Id of the reason.
    failure text NOT NULL DEFAULT '',
    expected_count bigint NOT NULL,
    -- The last customer that the run has come to, in the order of ids.
    after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    changed_count bigint NOT NULL DEFAULT 0,
    unchanged_count bigint NOT NULL DEFAULT 0,
    refused_count bigint NOT NULL DEFAULT 0,
    restored_count bigint NOT NULL DEFAULT 0,
    kept_count bigint NOT NULL DEFAULT 0,
    job_id uuid NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz
);
CREATE INDEX bulk_change_create_user ON bulk_change (create_user_id, id DESC);
CREATE INDEX bulk_change_create_time ON bulk_change (create_time);
-- One at a time of everybody.
CREATE UNIQUE INDEX bulk_change_running ON bulk_change (create_user_id) WHERE state IN (1, 3);

CREATE TABLE bulk_change_item (
    bulk_change_id uuid NOT NULL REFERENCES bulk_change (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    -- 1 changed, 2 refused, 3 restored, 4 kept when it was undone
    state smallint NOT NULL,
    -- As `new_values`, from before; null of what was refused.
    old_values jsonb,
    -- Id of the reason why it was refused or kept.
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (bulk_change_id, customer_id)
);
-- What an undoing has before it, and what the report tells of.
CREATE INDEX bulk_change_item_changed ON bulk_change_item (bulk_change_id, customer_id) WHERE state = 1;
CREATE INDEX bulk_change_item_refused ON bulk_change_item (bulk_change_id, customer_id) WHERE state IN (2, 4);
