-- Attachments, and where a visit checked in.

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- What it hangs on; neither: the customer itself.
    contact_id uuid REFERENCES contact (id) ON DELETE CASCADE,
    interaction_id uuid REFERENCES interaction (id) ON DELETE CASCADE,
    -- Where the content is kept.
    object_id uuid NOT NULL,
    -- 1 file, 2 recording
    kind smallint NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    content_type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    -- 1 scanning, 2 clean, 3 refused
    state smallint NOT NULL,
    finding text NOT NULL DEFAULT '',
    duration_seconds int NOT NULL DEFAULT 0,
    employee_id uuid NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    CONSTRAINT attachment_parent CHECK (contact_id IS NULL OR interaction_id IS NULL)
);
CREATE INDEX attachment_customer ON attachment (customer_id, id DESC);
CREATE INDEX attachment_contact ON attachment (contact_id, id DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX attachment_interaction ON attachment (interaction_id, id DESC) WHERE interaction_id IS NOT NULL;
CREATE INDEX attachment_scanning ON attachment (create_time) WHERE state = 1;

-- Objects that no attachment holds: on their way in, or on their way out. Removed when they are due.
CREATE TABLE loose_object (
    id uuid PRIMARY KEY,
    due_time timestamptz NOT NULL
);
CREATE INDEX loose_object_due ON loose_object (due_time);

-- However an attachment goes, its object follows.
CREATE FUNCTION attachment_object_loosen() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO loose_object (id, due_time) VALUES (OLD.object_id, now()) ON CONFLICT DO NOTHING;
    RETURN OLD;
END $$;
CREATE TRIGGER attachment_object_loosen AFTER DELETE ON attachment
    FOR EACH ROW EXECUTE FUNCTION attachment_object_loosen();

ALTER TABLE interaction ADD COLUMN accuracy_meters double precision, ADD COLUMN check_in_time timestamptz;
