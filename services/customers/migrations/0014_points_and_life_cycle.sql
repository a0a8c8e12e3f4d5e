-- Points of customers: a ledger that is only added to, and what is left of each gain. Their life cycle, and who may leave.

CREATE TABLE point_account (
    customer_id uuid PRIMARY KEY REFERENCES customer (id) ON DELETE CASCADE,
    -- The sum of the entries.
    balance bigint NOT NULL DEFAULT 0
);

CREATE TABLE point_entry (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- As numbered in the contract: 1 earned, 2 spent, 3 adjusted, 4 expired, 5 reversed.
    kind smallint NOT NULL,
    amount bigint NOT NULL CONSTRAINT point_entry_amount CHECK (amount <> 0),
    -- After it; the trigger below writes it.
    balance bigint NOT NULL DEFAULT 0,
    below_zero bool NOT NULL DEFAULT false,
    -- What it comes from, such as an order; once for each kind.
    source text NOT NULL,
    reason text NOT NULL DEFAULT '',
    reverses_id uuid CONSTRAINT point_entry_reversed UNIQUE REFERENCES point_entry (id) ON DELETE CASCADE,
    -- Of what was earned.
    expire_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT point_entry_source UNIQUE (customer_id, kind, source),
    CONSTRAINT point_entry_balance CHECK (balance >= 0 OR amount > 0 OR below_zero)
);
CREATE INDEX point_entry_customer ON point_entry (customer_id, create_time DESC, id DESC);
SELECT keep_authors('point_entry', NULL, NULL);

-- What is left of a gain. Together as much as the balance, unless that is below zero.
CREATE TABLE point_lot (
    entry_id uuid PRIMARY KEY REFERENCES point_entry (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    remaining bigint NOT NULL CHECK (remaining >= 0),
    expire_time timestamptz
);
CREATE INDEX point_lot_customer ON point_lot (customer_id, expire_time, entry_id) WHERE remaining > 0;
CREATE INDEX point_lot_expire ON point_lot (expire_time) WHERE remaining > 0 AND expire_time IS NOT NULL;

-- The account's row makes entries of one customer take turns, whoever writes them.
CREATE FUNCTION point_entry_count() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO point_account AS a (customer_id, balance) VALUES (NEW.customer_id, NEW.amount)
    ON CONFLICT (customer_id) DO UPDATE SET balance = a.balance + NEW.amount
    RETURNING a.balance INTO NEW.balance;
    RETURN NEW;
END $$;
CREATE TRIGGER point_entry_count BEFORE INSERT ON point_entry FOR EACH ROW EXECUTE FUNCTION point_entry_count();

-- A gain first makes good what is below zero; a loss takes what runs out first.
CREATE FUNCTION point_entry_allot() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.amount > 0 THEN
        INSERT INTO point_lot (entry_id, customer_id, remaining, expire_time)
        VALUES (NEW.id, NEW.customer_id, LEAST(NEW.amount, GREATEST(NEW.balance, 0)), NEW.expire_time);
    ELSE
        UPDATE point_lot AS l SET remaining = l.remaining - LEAST(l.remaining, -NEW.amount - o.before)
        FROM (SELECT entry_id,
                     sum(remaining) OVER (ORDER BY expire_time NULLS LAST, entry_id)::bigint - remaining AS before
              FROM point_lot WHERE customer_id = NEW.customer_id AND remaining > 0) AS o
        WHERE l.entry_id = o.entry_id AND o.before < -NEW.amount;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER point_entry_allot AFTER INSERT ON point_entry FOR EACH ROW EXECUTE FUNCTION point_entry_allot();

-- What is written stays; only with its customer does it go.
CREATE FUNCTION point_entry_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM customer WHERE id = OLD.customer_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of the ledger of points stay as they are';
END $$;
CREATE TRIGGER point_entry_keep BEFORE UPDATE OR DELETE ON point_entry FOR EACH ROW EXECUTE FUNCTION point_entry_keep();

CREATE TRIGGER evaluation_added AFTER INSERT ON point_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();

-- Where a customer stands with us: 1 to be won, 2 kept, 3 ended, 4 to be won back.
ALTER TABLE customer ADD COLUMN stage smallint NOT NULL DEFAULT 1;

CREATE TABLE stage_change (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    before smallint NOT NULL,
    after smallint NOT NULL,
    reason text NOT NULL DEFAULT '',
    author_id uuid,
    change_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stage_change_customer ON stage_change (customer_id, change_time DESC, id DESC);

INSERT INTO dictionary (code, name_zh, name_en, tree, built_in) VALUES
    ('loss_reason', '流失原因', 'Reason for leaving', false, true)
ON CONFLICT (code) DO UPDATE SET built_in = true;
INSERT INTO dictionary_entry (dictionary, code, name_zh, name_en, position) VALUES
    ('loss_reason', 'price', '价格', 'Price', 10),
    ('loss_reason', 'competitor', '转向竞争对手', 'Went to a competitor', 20),
    ('loss_reason', 'service', '服务不满意', 'Unhappy with the service', 30),
    ('loss_reason', 'product', '产品不合适', 'The product does not fit', 40),
    ('loss_reason', 'no_need', '不再需要', 'No need any more', 50),
    ('loss_reason', 'closed', '停业或注销', 'Out of business', 60),
    ('loss_reason', 'other', '其他', 'Other', 70)
ON CONFLICT (dictionary, code) DO NOTHING;
UPDATE schema_revision SET revision = revision + 1;

-- What warns that a customer may leave.
CREATE TABLE churn_rule (
    id uuid PRIMARY KEY,
    label text NOT NULL CONSTRAINT churn_rule_label UNIQUE,
    filter text NOT NULL,
    -- For what comes first, from the warning on.
    due_days int NOT NULL,
    -- After a case has ended no new one is opened for so long.
    quiet_days int NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
SELECT keep_authors('churn_rule', 'revision', 'churn_rule');

CREATE TABLE churn_case (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- As numbered in the contract: 1 warned, 2 reprieved, 3 lost, 4 saved.
    state smallint NOT NULL,
    -- NULL when somebody opened it.
    rule_id uuid,
    cause text NOT NULL,
    owner_id uuid NOT NULL,
    due_date date NOT NULL,
    measures text NOT NULL DEFAULT '',
    loss_code text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz,
    revision bigint NOT NULL DEFAULT 1,
    CONSTRAINT churn_case_ended CHECK ((state IN (3, 4)) = (end_time IS NOT NULL))
);
SELECT keep_authors('churn_case', 'revision', 'churn_case');
CREATE UNIQUE INDEX churn_case_open ON churn_case (customer_id) WHERE state IN (1, 2);
CREATE INDEX churn_case_customer ON churn_case (customer_id, due_date, id);
CREATE INDEX churn_case_due ON churn_case (due_date, id);

CREATE TABLE churn_step (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES churn_case (id) ON DELETE CASCADE,
    -- That it led to.
    state smallint NOT NULL,
    owner_id uuid NOT NULL,
    due_date date NOT NULL,
    note text NOT NULL DEFAULT '',
    author_id uuid,
    step_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX churn_step_case ON churn_step (case_id, step_time, id);

CREATE OR REPLACE FUNCTION evaluation_mark() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- What the rules themselves have written does not call for them again.
    IF current_setting('changke.evaluating', true) = 'on'
       OR NOT (EXISTS (SELECT FROM tag_rule) OR EXISTS (SELECT FROM churn_rule)
               OR EXISTS (SELECT FROM grade_scheme WHERE version > 0)) THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'customer' THEN
        INSERT INTO evaluation_due (customer_id) SELECT id FROM changed;
    ELSE
        INSERT INTO evaluation_due (customer_id) SELECT DISTINCT customer_id FROM changed;
    END IF;
    RETURN NULL;
END $$;
