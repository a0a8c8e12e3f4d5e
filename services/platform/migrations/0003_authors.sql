-- Who created a record and who changed it last, where a table of the service asks for it by `keep_authors`.

-- The transaction says whose work it is; a job of the system's own says nothing.
CREATE FUNCTION note_author() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    author uuid := nullif(current_setting('changke.author', true), '')::uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.create_user_id := coalesce(NEW.create_user_id, author);
        NEW.update_user_id := coalesce(NEW.update_user_id, author);
    ELSE
        NEW.update_user_id := author;
    END IF;
    RETURN NEW;
END $$;

-- Triggers, so that no statement forgets it. `changes` is the column whose new value makes an update a change of the
-- record; `kind` is what the audit trail, which knows the authors of what is there already, calls the record.
CREATE FUNCTION keep_authors(records text, changes text, kind text) RETURNS void LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ADD COLUMN create_user_id uuid, ADD COLUMN update_user_id uuid', records);
    IF kind IS NOT NULL THEN
        EXECUTE format(
            'UPDATE %I AS r SET create_user_id = e.actor_id, update_user_id = e.actor_id
             FROM audit_entry AS e
             WHERE e.record_id = r.id AND e.record_kind = %L AND e.action = %L AND e.actor_id IS NOT NULL',
            records, kind, kind || '.created');
        EXECUTE format(
            'UPDATE %I AS r SET update_user_id = e.actor_id
             FROM (SELECT DISTINCT ON (record_id) record_id, actor_id FROM audit_entry
                   WHERE record_kind = %L AND action = %L ORDER BY record_id, time DESC, id DESC) AS e
             WHERE e.record_id = r.id',
            records, kind, kind || '.updated');
    END IF;
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION note_author()',
        records || '_created', records);
    IF changes IS NOT NULL THEN
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.%I IS DISTINCT FROM NEW.%I)
             EXECUTE FUNCTION note_author()',
            records || '_updated', records, changes, changes);
    END IF;
END $$;
