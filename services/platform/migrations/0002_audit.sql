-- The audit trail as a hash chain: who appends, who checks and who prunes it stands in `audit` of the platform.

-- 0 the system itself, 1 employee, 2 service account, 3 another service
ALTER TABLE audit_entry ADD COLUMN actor_kind smallint NOT NULL DEFAULT 0;
UPDATE audit_entry SET actor_kind = 1 WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entry_time ON audit_entry (time DESC, id DESC);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, time DESC, id DESC);
CREATE INDEX audit_entry_record ON audit_entry (record_id, time DESC, id DESC);

-- Entries on their way into the chain. Written in the transaction of the entry, gone within moments; without an index,
-- so that it costs the transaction next to nothing.
CREATE TABLE audit_pending (
    entry_id uuid NOT NULL,
    -- SHA-256 of the entry in its fixed encoding.
    leaf bytea NOT NULL,
    -- HMAC of the leaf under the service's key: nobody else can write an entry.
    mac bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);

-- The chain: a place for each entry, without gaps.
CREATE TABLE audit_link (
    sequence bigint PRIMARY KEY,
    entry_id uuid NOT NULL,
    -- SHA-256 of the digest before, the sequence, the entry's id, its leaf and the flaw.
    digest bytea NOT NULL,
    -- What was wrong when the entry was taken in; 0 nothing, 1 its MAC, 2 the seal of the chain before it
    flaw smallint NOT NULL DEFAULT 0
);
CREATE INDEX audit_link_flaw ON audit_link (sequence) WHERE flaw <> 0;

-- Both ends of the chain. What lies before the start was pruned.
CREATE TABLE audit_chain (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    start_sequence bigint NOT NULL,
    start_digest bytea NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    -- HMAC of both ends under the service's key: who has the database alone can't rewrite the chain.
    seal bytea NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now()
);

-- Keeps accidents and plain statements from changing history; what gets round it, the chain finds.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('changke.audit', true) = 'prune' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit trail only grows' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- What it takes to let the event take effect later.
ALTER TABLE inbox_dead_letter
    ADD COLUMN aggregate text NOT NULL DEFAULT '',
    ADD COLUMN aggregate_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN event_time timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN stream_sequence bigint NOT NULL DEFAULT 0;
