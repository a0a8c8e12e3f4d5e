-- Tags, grades by rule, their history, and what tells that a customer has to be judged again.

-- The dictionary's entries are grades of a scheme, the best first.
ALTER TABLE dictionary ADD COLUMN graded bool NOT NULL DEFAULT false;
UPDATE dictionary SET graded = true WHERE code IN ('level', 'grade', 'credit');
INSERT INTO dictionary (code, name_zh, name_en, tree, built_in, graded) VALUES
    ('tag', '客户标签', 'Tags', true, true, false),
    ('current_value', '当前价值', 'Current value', false, true, true),
    ('potential_value', '潜在价值', 'Potential value', false, true, true)
ON CONFLICT (code) DO UPDATE SET tree = excluded.tree, built_in = true, graded = excluded.graded;
INSERT INTO dictionary_entry (dictionary, code, name_zh, name_en, position, color) VALUES
    ('current_value', 'high', '高', 'High', 10, 'red'),
    ('current_value', 'medium', '中', 'Medium', 20, 'orange'),
    ('current_value', 'low', '低', 'Low', 30, 'default'),
    ('potential_value', 'high', '高', 'High', 10, 'red'),
    ('potential_value', 'medium', '中', 'Medium', 20, 'orange'),
    ('potential_value', 'low', '低', 'Low', 30, 'default')
ON CONFLICT (dictionary, code) DO NOTHING;
-- One colour each, for whoever has not chosen any.
UPDATE dictionary_entry SET color = CASE code
    WHEN 'AAA' THEN 'green' WHEN 'AA' THEN 'cyan' WHEN 'A' THEN 'blue' WHEN 'B' THEN 'orange' ELSE 'red' END
WHERE dictionary = 'credit' AND code IN ('AAA', 'AA', 'A', 'B', 'C') AND color = '';
UPDATE schema_revision SET revision = revision + 1;

-- An entry of the dictionary `tag` on a customer. One that has run out is as good as gone.
CREATE TABLE customer_tag (
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    tag text NOT NULL,
    expire_time timestamptz,
    reason text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, tag)
);
CREATE INDEX customer_tag_tag ON customer_tag (tag, customer_id);
CREATE INDEX customer_tag_expire ON customer_tag (expire_time) WHERE expire_time IS NOT NULL;
SELECT keep_authors('customer_tag', NULL, NULL);

-- What puts a tag on by itself, and takes it off.
CREATE TABLE tag_rule (
    tag text CONSTRAINT tag_rule_key PRIMARY KEY,
    filter text NOT NULL,
    job_id uuid,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
SELECT keep_authors('tag_rule', 'revision', NULL);

-- Grades of schemes that have no column of their own: {"SCHEME": "CODE"}.
ALTER TABLE customer ADD COLUMN grades jsonb NOT NULL DEFAULT '{}';
CREATE INDEX customer_grades ON customer USING gin (grades jsonb_path_ops) WHERE grades <> '{}';

-- A scheme is a dictionary whose codes customers hold, and the rules that give them.
CREATE TABLE grade_scheme (
    code text PRIMARY KEY REFERENCES dictionary (code),
    -- {"rules": [{"code", "filter"}], "default_code"}
    draft jsonb NOT NULL DEFAULT '{"rules": [], "default_code": ""}',
    -- Of the rules in force; 0 while nothing was published.
    version int NOT NULL DEFAULT 0,
    -- What brought the customers to that version, or does.
    job_id uuid,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
SELECT keep_authors('grade_scheme', 'revision', NULL);
INSERT INTO grade_scheme (code) SELECT code FROM dictionary WHERE graded;

CREATE TABLE grade_version (
    scheme text NOT NULL REFERENCES grade_scheme (code),
    version int NOT NULL,
    -- As `grade_scheme.draft`.
    rules jsonb NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scheme, version)
);
SELECT keep_authors('grade_version', NULL, NULL);

-- What somebody said in place of the rules; only where a scheme has some.
CREATE TABLE grade_override (
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    scheme text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL DEFAULT '',
    expire_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, scheme)
);
CREATE INDEX grade_override_expire ON grade_override (expire_time) WHERE expire_time IS NOT NULL;
SELECT keep_authors('grade_override', NULL, NULL);

CREATE TABLE grade_change (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    scheme text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    -- As numbered in the contract: 1 by hand, 2 rules, 3 the end of what was said by hand.
    cause smallint NOT NULL,
    version int NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    expire_time timestamptz,
    author_id uuid,
    change_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX grade_change_customer ON grade_change (customer_id, change_time DESC, id DESC);

-- A trigger, so that forms, imports and the version before write the history too. Who moves customers by rule says so in
-- `changke.grade_cause`: {"cause", "version", "reason", "expire_time"}. Where nothing is said it was by hand, and holds
-- against the rules until the field is emptied.
CREATE FUNCTION grade_note() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    why jsonb := nullif(current_setting('changke.grade_cause', true), '')::jsonb;
    author uuid := nullif(current_setting('changke.author', true), '')::uuid;
    moved record;
BEGIN
    FOR moved IN
        SELECT m.scheme, m.before, m.after FROM (
            VALUES ('level', OLD.level, NEW.level), ('grade', OLD.grade, NEW.grade), ('credit', OLD.credit, NEW.credit)
            UNION ALL
            SELECT k.key, coalesce(OLD.grades ->> k.key, ''), coalesce(NEW.grades ->> k.key, '')
            FROM jsonb_object_keys(OLD.grades || NEW.grades) AS k (key)
        ) AS m (scheme, before, after)
        WHERE m.before <> m.after
    LOOP
        INSERT INTO grade_change (id, customer_id, scheme, before, after, cause, version, reason, expire_time, author_id)
        VALUES (gen_random_uuid(), NEW.id, moved.scheme, moved.before, moved.after,
                coalesce((why ->> 'cause')::smallint, 1), coalesce((why ->> 'version')::int, 0),
                coalesce(why ->> 'reason', ''), (why ->> 'expire_time')::timestamptz, author);
        IF why IS NULL AND moved.after = '' THEN
            DELETE FROM grade_override WHERE customer_id = NEW.id AND scheme = moved.scheme;
        ELSIF why IS NULL THEN
            INSERT INTO grade_override (customer_id, scheme, code)
            SELECT NEW.id, s.code, moved.after FROM grade_scheme AS s WHERE s.code = moved.scheme AND s.version > 0
            ON CONFLICT (customer_id, scheme) DO UPDATE SET
                code = excluded.code, reason = '', expire_time = NULL, create_time = now(),
                create_user_id = excluded.create_user_id;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER customer_graded AFTER UPDATE OF level, grade, credit, grades ON customer FOR EACH ROW
    WHEN ((OLD.level, OLD.grade, OLD.credit, OLD.grades) IS DISTINCT FROM (NEW.level, NEW.grade, NEW.credit, NEW.grades))
    EXECUTE FUNCTION grade_note();

-- A new customer that comes with a grade has it by hand too.
CREATE FUNCTION grade_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO grade_override (customer_id, scheme, code)
    SELECT n.id, s.code, m.code
    FROM grade_scheme AS s CROSS JOIN added AS n
    CROSS JOIN LATERAL (SELECT CASE s.code WHEN 'level' THEN n.level WHEN 'grade' THEN n.grade WHEN 'credit' THEN n.credit
                               END AS code) AS m
    WHERE s.version > 0 AND m.code <> '';
    RETURN NULL;
END $$;
CREATE TRIGGER customer_grade_kept AFTER INSERT ON customer REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION grade_keep();

-- Customers to be judged again: whatever a rule can ask about has changed. Rows are only added, so that nobody waits and
-- each is seen no sooner than the change itself.
CREATE TABLE evaluation_due (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL
);

CREATE FUNCTION evaluation_mark() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- What the rules themselves have written does not call for them again.
    IF current_setting('changke.evaluating', true) = 'on'
       OR NOT (EXISTS (SELECT FROM tag_rule) OR EXISTS (SELECT FROM grade_scheme WHERE version > 0)) THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'customer' THEN
        INSERT INTO evaluation_due (customer_id) SELECT id FROM changed;
    ELSE
        INSERT INTO evaluation_due (customer_id) SELECT DISTINCT customer_id FROM changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER evaluation_added AFTER INSERT ON customer REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_changed AFTER UPDATE ON customer REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_added AFTER INSERT ON contact REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_changed AFTER UPDATE ON contact REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_removed AFTER DELETE ON contact REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_added AFTER INSERT ON interaction REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_changed AFTER UPDATE ON interaction REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
CREATE TRIGGER evaluation_removed AFTER DELETE ON interaction REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evaluation_mark();
