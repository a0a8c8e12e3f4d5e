-- Custom fields of contacts and interactions, by role, with rules and a time in which they are asked for.

ALTER TABLE field
    -- As numbered in the contract: 1 customer, 2 contact, 3 interaction.
    ADD COLUMN record_kind smallint NOT NULL DEFAULT 1,
    -- Empty stands for all roles.
    ADD COLUMN read_role_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN write_role_ids uuid[] NOT NULL DEFAULT '{}',
    -- {"min", "max", "min_length", "max_length", "pattern", "pattern_hint", "max_decimals"}; values as in `custom_fields`.
    ADD COLUMN rules jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN valid_from date,
    ADD COLUMN valid_until date,
    -- An index is wanted; it is called `custom_field_KEY`.
    ADD COLUMN indexed bool NOT NULL DEFAULT false,
    ADD COLUMN index_failed bool NOT NULL DEFAULT false;

-- As in `customer`.
ALTER TABLE contact ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}';
ALTER TABLE interaction ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}';
CREATE INDEX contact_custom_fields ON contact USING gin (custom_fields jsonb_path_ops)
    WHERE custom_fields <> '{}';
CREATE INDEX interaction_custom_fields ON interaction USING gin (custom_fields jsonb_path_ops)
    WHERE custom_fields <> '{}';

-- No longer of customers alone: `customer_id` holds the record, of whichever kind the field is of.
ALTER TABLE customer_unique_value DROP CONSTRAINT customer_unique_value_customer_id_fkey;
