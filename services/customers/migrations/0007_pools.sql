-- Public pools as records, who owned a customer when, and handovers.

CREATE TABLE pool (
    id uuid PRIMARY KEY,
    name_zh text NOT NULL CONSTRAINT pool_name_zh UNIQUE,
    name_en text NOT NULL DEFAULT '',
    takes_rest bool NOT NULL DEFAULT false,
    group_ids uuid[] NOT NULL DEFAULT '{}',
    regions text[] NOT NULL DEFAULT '{}',
    manager_ids uuid[] NOT NULL DEFAULT '{}',
    max_owned int NOT NULL DEFAULT 0,
    max_claims_per_day int NOT NULL DEFAULT 0,
    protection_days int NOT NULL DEFAULT 0,
    cool_down_days int NOT NULL DEFAULT 0,
    -- [{"label", "after_days", "filter"}]
    recycling_rules jsonb NOT NULL DEFAULT '[]',
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX pool_takes_rest ON pool (takes_rest) WHERE takes_rest;

INSERT INTO pool (id, name_zh, name_en, takes_rest, max_owned, max_claims_per_day, recycling_rules, revision)
SELECT '01980000-0000-7000-8000-000000000000', '公海', 'Public pool', true, max_owned, max_claims_per_day,
       CASE WHEN recycle_after_days > 0
            THEN jsonb_build_array(jsonb_build_object('label', '', 'after_days', recycle_after_days, 'filter', ''))
            ELSE '[]' END,
       revision
FROM pool_rule;

-- The pool that takes the rest, as the version before knows it, which serves beside this one during an upgrade.
DROP TABLE pool_rule;
CREATE VIEW pool_rule AS
SELECT max_owned, max_claims_per_day,
       coalesce((SELECT min((rule ->> 'after_days')::int) FROM jsonb_array_elements(recycling_rules) AS rule
                 WHERE rule ->> 'filter' = ''), 0) AS recycle_after_days,
       revision
FROM pool WHERE takes_rest;

CREATE FUNCTION pool_rule_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE pool SET
        max_owned = NEW.max_owned, max_claims_per_day = NEW.max_claims_per_day, revision = NEW.revision,
        update_time = now(),
        recycling_rules = CASE
            WHEN NEW.recycle_after_days = OLD.recycle_after_days THEN recycling_rules
            ELSE CASE WHEN NEW.recycle_after_days > 0
                      THEN jsonb_build_array(
                          jsonb_build_object('label', '', 'after_days', NEW.recycle_after_days, 'filter', ''))
                      ELSE '[]' END
                 || (SELECT coalesce(jsonb_agg(rule), '[]') FROM jsonb_array_elements(recycling_rules) AS rule
                     WHERE rule ->> 'filter' <> '')
        END
    WHERE takes_rest;
    RETURN NEW;
END $$;
CREATE TRIGGER pool_rule_update INSTEAD OF UPDATE ON pool_rule FOR EACH ROW EXECUTE FUNCTION pool_rule_update();

-- Claims of the version before have none, and count against every pool.
ALTER TABLE pool_claim ADD COLUMN pool_id uuid;

-- How the present owner came to be, or how the customer came into the pool:
-- {"id", "reason", "actor_id", "code", "note", "pool_id", "handover_id"}
ALTER TABLE customer ADD COLUMN owner_cause jsonb;

-- The periods that are over; the present one stands with the customer. So a customer that never changes hands costs nothing.
CREATE TABLE ownership (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- NULL in a pool.
    owner_id uuid,
    group_id uuid,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    -- As `customer.owner_cause`.
    cause jsonb
);
CREATE INDEX ownership_customer ON ownership (customer_id, end_time DESC, id DESC);

-- A trigger, so that the version before writes the history too.
CREATE FUNCTION ownership_end() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO ownership (id, customer_id, owner_id, group_id, start_time, end_time, cause)
    VALUES (gen_random_uuid(), OLD.id, OLD.owner_id, OLD.group_id, OLD.owner_time, NEW.owner_time, OLD.owner_cause);
    -- Left as it was by who knows of no causes.
    IF NEW.owner_cause IS NOT DISTINCT FROM OLD.owner_cause THEN
        NEW.owner_cause := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_ownership BEFORE UPDATE OF owner_id ON customer FOR EACH ROW
    WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id) EXECUTE FUNCTION ownership_end();

CREATE TABLE handover (
    id uuid PRIMARY KEY,
    from_employee_id uuid NOT NULL,
    -- Of that employee when it began, by which others than the actor see it.
    group_id uuid,
    -- Who asked for what runs or ran last.
    actor_id uuid NOT NULL,
    create_user_id uuid NOT NULL,
    -- [{"employee_id", "share", "regions"}]
    receivers jsonb NOT NULL,
    filter text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    -- 1 running, 2 completed, 3 undoing, 4 undone, 5 failed
    state smallint NOT NULL,
    -- Id of the reason.
    failure text NOT NULL DEFAULT '',
    expected_count bigint NOT NULL,
    job_id uuid NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz
);
CREATE INDEX handover_create_user ON handover (create_user_id, id DESC);
-- Two that run at once would take customers from each other.
CREATE UNIQUE INDEX handover_running ON handover (from_employee_id) WHERE state IN (1, 3);

CREATE TABLE handover_line (
    handover_id uuid NOT NULL REFERENCES handover (id) ON DELETE CASCADE,
    kind text NOT NULL,
    employee_id uuid NOT NULL,
    moved_count bigint NOT NULL DEFAULT 0,
    returned_count bigint NOT NULL DEFAULT 0,
    kept_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (handover_id, kind, employee_id)
);

CREATE TABLE handover_item (
    handover_id uuid NOT NULL REFERENCES handover (id) ON DELETE CASCADE,
    -- The customer itself, or what was planned with it.
    record_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    employee_id uuid NOT NULL,
    -- 1 moved, 2 given back, 3 kept by whoever has it now
    state smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (handover_id, record_id)
);
-- What an undoing has before it.
CREATE INDEX handover_item_moved ON handover_item (handover_id, customer_id) WHERE state = 1;

INSERT INTO dictionary (code, name_zh, name_en, tree, built_in) VALUES
    ('return_reason', '退回原因', 'Reason for returning', false, true)
ON CONFLICT (code) DO NOTHING;
INSERT INTO dictionary_entry (dictionary, code, name_zh, name_en, position) VALUES
    ('return_reason', 'no_need', '没有需求', 'No need', 10),
    ('return_reason', 'unreachable', '联系不上', 'Not reachable', 20),
    ('return_reason', 'chose_competitor', '选择了竞争对手', 'Chose a competitor', 30),
    ('return_reason', 'out_of_area', '不在负责范围', 'Outside my area', 40),
    ('return_reason', 'no_capacity', '精力不足', 'No capacity', 50),
    ('return_reason', 'wrong_data', '资料有误', 'Wrong data', 60),
    ('return_reason', 'other', '其他', 'Other', 70)
ON CONFLICT (dictionary, code) DO NOTHING;
UPDATE schema_revision SET revision = revision + 1;
