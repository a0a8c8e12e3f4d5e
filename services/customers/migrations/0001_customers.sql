-- Customers and what belongs to them.

CREATE TABLE dictionary (
    code text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    tree bool NOT NULL DEFAULT false,
    -- Comes with the product: columns of records hold its codes.
    built_in bool NOT NULL DEFAULT false
);

CREATE TABLE dictionary_entry (
    dictionary text NOT NULL REFERENCES dictionary (code),
    code text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    parent_code text NOT NULL DEFAULT '',
    position int NOT NULL DEFAULT 0,
    retired bool NOT NULL DEFAULT false,
    color text NOT NULL DEFAULT '',
    revision bigint NOT NULL DEFAULT 1,
    CONSTRAINT dictionary_entry_key PRIMARY KEY (dictionary, code)
);
CREATE INDEX dictionary_entry_order ON dictionary_entry (dictionary, parent_code, position, code);

CREATE TABLE field (
    key text CONSTRAINT field_key PRIMARY KEY,
    -- As numbered in the contract.
    type int NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL DEFAULT '',
    required bool NOT NULL DEFAULT false,
    is_unique bool NOT NULL DEFAULT false,
    dictionary text REFERENCES dictionary (code),
    -- As in `customer.custom_fields`.
    default_value jsonb,
    position int NOT NULL DEFAULT 0,
    retired bool NOT NULL DEFAULT false,
    personal_data int NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);

-- Grows with every change of a field or dictionary, so that caches of schemas know when to look again.
CREATE TABLE schema_revision (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL DEFAULT 1
);
INSERT INTO schema_revision DEFAULT VALUES;

CREATE SEQUENCE customer_number;

CREATE TABLE customer (
    id uuid PRIMARY KEY,
    -- 1 person, 2 organisation
    kind smallint NOT NULL,
    number text NOT NULL CONSTRAINT customer_number_key UNIQUE,
    name text NOT NULL,
    region text NOT NULL DEFAULT '',
    industry text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    level text NOT NULL DEFAULT '',
    grade text NOT NULL DEFAULT '',
    credit text NOT NULL DEFAULT '',
    satisfaction smallint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    -- Digits alone, for finding duplicates.
    phone_digits text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    website text NOT NULL DEFAULT '',
    -- [{"label", "region", "street", "postal_code"}]
    addresses jsonb NOT NULL DEFAULT '[]',
    id_number text NOT NULL DEFAULT '',
    legal_representative text NOT NULL DEFAULT '',
    bank_name text NOT NULL DEFAULT '',
    bank_account text NOT NULL DEFAULT '',
    gender smallint NOT NULL DEFAULT 0,
    birthday date,
    remark text NOT NULL DEFAULT '',
    -- By field key: strings, numbers, booleans, decimals and times as strings, arrays of codes.
    custom_fields jsonb NOT NULL DEFAULT '{}',
    owner_id uuid,
    group_id uuid,
    -- Since when the owner has it, from which the public pool counts.
    owner_time timestamptz NOT NULL DEFAULT now(),
    -- 1 active, 2 invalid
    state smallint NOT NULL DEFAULT 1,
    last_contact_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    create_user_id uuid,
    update_user_id uuid,
    revision bigint NOT NULL DEFAULT 1
);
-- The list's default order, and the order within one owner or group.
CREATE INDEX customer_create_time ON customer (create_time DESC, id DESC);
CREATE INDEX customer_update_time ON customer (update_time DESC, id DESC);
CREATE INDEX customer_owner ON customer (owner_id, create_time DESC, id DESC);
CREATE INDEX customer_group ON customer (group_id, create_time DESC, id DESC);
CREATE INDEX customer_level ON customer (level, create_time DESC, id DESC);
CREATE INDEX customer_region ON customer (region text_pattern_ops, create_time DESC, id DESC);
-- As filters and orderings compare names; duplicates are found by it too.
CREATE INDEX customer_name ON customer (lower(name COLLATE "C"), id);
CREATE INDEX customer_phone ON customer (phone_digits) WHERE phone_digits <> '';
CREATE INDEX customer_id_number ON customer (id_number) WHERE id_number <> '';
CREATE INDEX customer_custom_fields ON customer USING gin (custom_fields jsonb_path_ops);

-- Values of custom fields that must be unique.
CREATE TABLE customer_unique_value (
    field_key text NOT NULL REFERENCES field (key),
    value text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    CONSTRAINT customer_unique_value_key PRIMARY KEY (field_key, value)
);
CREATE INDEX customer_unique_value_customer ON customer_unique_value (customer_id);

CREATE TABLE contact (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    name text NOT NULL,
    post text NOT NULL DEFAULT '',
    decision_role smallint NOT NULL DEFAULT 0,
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    wechat text NOT NULL DEFAULT '',
    hobby text NOT NULL DEFAULT '',
    birthday date,
    relationship_strength smallint NOT NULL DEFAULT 0,
    is_primary bool NOT NULL DEFAULT false,
    remark text NOT NULL DEFAULT '',
    invalid bool NOT NULL DEFAULT false,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
CREATE INDEX contact_customer ON contact (customer_id, is_primary DESC, id);
CREATE UNIQUE INDEX contact_primary ON contact (customer_id) WHERE is_primary AND NOT invalid;

-- What a customer is found by: one row for the customer itself and one for each contact. All text is normalised.
CREATE TABLE search_document (
    -- The customer or the contact.
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    of_contact bool NOT NULL,
    name text NOT NULL,
    number text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    -- Pinyin and initials in every way to read the name, divided by U+001F.
    reading text NOT NULL DEFAULT '',
    -- Hashes of each part's substrings of one and of two characters.
    grams int[] NOT NULL
);
-- Newest first, customers apart from contacts; also the documents of one customer.
CREATE INDEX search_document_newest ON search_document (customer_id DESC, of_contact, id);
-- A long pending list makes every search slow.
CREATE INDEX search_document_grams ON search_document USING gin (grams) WITH (gin_pending_list_limit = 256);

-- `related_id` is, say, the agent of `customer_id`.
CREATE TABLE relation (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    related_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    type smallint NOT NULL,
    remark text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT relation_pair UNIQUE (customer_id, related_id, type),
    CONSTRAINT relation_not_self CHECK (customer_id <> related_id)
);
CREATE INDEX relation_related ON relation (related_id);

CREATE TABLE interaction (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    type smallint NOT NULL,
    -- 1 planned, 2 done, 3 cancelled
    state smallint NOT NULL,
    subject text NOT NULL,
    content text NOT NULL DEFAULT '',
    occur_time timestamptz NOT NULL,
    duration_minutes int NOT NULL DEFAULT 0,
    contact_ids uuid[] NOT NULL DEFAULT '{}',
    employee_id uuid NOT NULL,
    next_step text NOT NULL DEFAULT '',
    next_step_time timestamptz,
    place text NOT NULL DEFAULT '',
    latitude double precision,
    longitude double precision,
    cancel_reason text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
CREATE INDEX interaction_customer ON interaction (customer_id, occur_time DESC, id DESC);
CREATE INDEX interaction_employee ON interaction (employee_id, state, occur_time DESC, id DESC);
CREATE INDEX interaction_occur_time ON interaction (occur_time DESC, id DESC);
CREATE INDEX interaction_next_step ON interaction (employee_id, next_step_time) WHERE next_step_time IS NOT NULL;

CREATE TABLE customer_share (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    employee_id uuid,
    group_id uuid,
    expire_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customer_share_subject CHECK ((employee_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT customer_share_key UNIQUE NULLS NOT DISTINCT (record_id, employee_id, group_id)
);
CREATE INDEX customer_share_employee ON customer_share (employee_id, record_id);
CREATE INDEX customer_share_group ON customer_share (group_id, record_id);

CREATE TABLE pool_rule (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    max_owned int NOT NULL DEFAULT 0,
    max_claims_per_day int NOT NULL DEFAULT 0,
    recycle_after_days int NOT NULL DEFAULT 0,
    revision bigint NOT NULL DEFAULT 1
);
INSERT INTO pool_rule DEFAULT VALUES;

CREATE TABLE pool_claim (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- Group whose pool it was in.
    group_id uuid,
    claim_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pool_claim_employee ON pool_claim (employee_id, claim_time);
CREATE INDEX pool_claim_customer ON pool_claim (customer_id, claim_time);

CREATE TABLE view (
    id uuid PRIMARY KEY,
    author_id uuid NOT NULL,
    name text NOT NULL,
    filter text NOT NULL DEFAULT '',
    order_by text NOT NULL DEFAULT '',
    columns text[] NOT NULL DEFAULT '{}',
    shared bool NOT NULL DEFAULT false,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    CONSTRAINT view_name UNIQUE (author_id, name)
);

-- Dictionaries that columns of customers refer to; packs and administrators fill them.
INSERT INTO dictionary (code, name_zh, name_en, tree, built_in) VALUES
    ('region', '地区', 'Region', true, true),
    ('industry', '行业', 'Industry', false, true),
    ('source', '来源', 'Source', false, true),
    ('level', '客户级别', 'Level', false, true),
    ('grade', '客户等级', 'Grade', false, true),
    ('credit', '信用等级', 'Credit', false, true),
    ('customer_status', '客户状态', 'Status', false, true);
