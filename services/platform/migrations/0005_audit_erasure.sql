-- Values of audit entries can be erased and the chain holds: it is made over salted commitments to them.

ALTER TABLE audit_entry
    -- Of the commitment; NULL once the values are erased.
    ADD COLUMN salt bytea,
    -- SHA-256 of the salt and the changes; NULL for entries of before, which are chained by their values.
    ADD COLUMN commitment bytea,
    -- Of an entry of before whose values are erased: its digest.
    ADD COLUMN leaf bytea;

CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('changke.audit', true) = 'prune' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_entry' AND current_setting('changke.audit', true) = 'erase' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit trail only grows' USING ERRCODE = 'insufficient_privilege';
END $$;
