-- A browser that breaks a refresh off, by a reload for instance, never gets its next token. For a short while the token
-- before the newest is answered again, with the same successor, which follows from it and the session's key.
ALTER TABLE session
    ADD COLUMN rotation_key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
    ADD COLUMN previous_token_digest bytea,
    ADD COLUMN rotate_time timestamptz;
