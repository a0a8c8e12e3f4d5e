-- What every service keeps in its own schema beside its records.

-- Events on their way to the stream, in the order of their transactions for one aggregate.
CREATE TABLE outbox (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    traceparent text,
    create_time timestamptz NOT NULL DEFAULT now()
);

-- Events that have taken effect here.
CREATE TABLE inbox (
    event_id uuid NOT NULL,
    consumer text NOT NULL,
    receive_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, consumer)
);
CREATE INDEX inbox_receive_time ON inbox (receive_time);

-- How far in the stream each consumer has come.
CREATE TABLE inbox_position (
    consumer text PRIMARY KEY,
    -- Which stream the position is in.
    stream_create_time timestamptz NOT NULL,
    stream_sequence bigint NOT NULL,
    -- Grows with each taker of the lease and each reset; work of an earlier epoch can't commit.
    epoch bigint NOT NULL
);

-- Events that could not take effect after all tries; an operator looks into them.
CREATE TABLE inbox_dead_letter (
    event_id uuid NOT NULL,
    consumer text NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    failure text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, consumer)
);

-- Answers to calls that carried an idempotency key.
CREATE TABLE idempotency (
    caller_id uuid NOT NULL,
    method text NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_key PRIMARY KEY (caller_id, method, key)
);
CREATE INDEX idempotency_create_time ON idempotency (create_time);

-- Who did what to which record; append-only.
CREATE TABLE audit_entry (
    id uuid PRIMARY KEY,
    time timestamptz NOT NULL DEFAULT now(),
    actor_id uuid,
    actor_name text NOT NULL DEFAULT '',
    session_id uuid,
    address text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    action text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    -- The record that the changed one belongs to, for its timeline; itself otherwise.
    subject_id uuid NOT NULL,
    -- [{"field", "before", "after"}]
    changes jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX audit_entry_subject ON audit_entry (subject_id, id DESC);

-- Work that outlives a call.
CREATE TABLE job (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    -- pending, leased, done, dead, cancelled
    state text NOT NULL DEFAULT 'pending',
    run_time timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,
    max_attempts int NOT NULL DEFAULT 5,
    lease_owner uuid,
    lease_until timestamptz,
    cancel_requested bool NOT NULL DEFAULT false,
    progress jsonb NOT NULL DEFAULT '{}',
    failure text NOT NULL DEFAULT '',
    -- At most one live job a key.
    unique_key text,
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz
);
CREATE INDEX job_due ON job (run_time) WHERE state IN ('pending', 'leased');
CREATE UNIQUE INDEX job_unique_key ON job (unique_key) WHERE state IN ('pending', 'leased');
