-- Counts of failed sign-ins by place and network, passwords of the past, links by e-mail, second factors and the
-- challenges on the way to a session. Only digests (SHA-256) of tokens and codes are kept.

-- A row without it counts for the whole account; the others count for one place that the account was used from.
ALTER TABLE sign_in_failure ADD COLUMN account_digest bytea;
CREATE INDEX sign_in_failure_account ON sign_in_failure (account_digest) WHERE account_digest IS NOT NULL;

-- Devices and networks that an account was used from: what others fail at elsewhere doesn't lock them out.
CREATE TABLE known_place (
    account_digest bytea NOT NULL,
    place_digest bytea NOT NULL,
    last_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_digest, place_digest)
);
CREATE INDEX known_place_last_time ON known_place (last_time);

-- Failed sign-ins from a network, by windows of time.
CREATE TABLE sign_in_network (
    network text NOT NULL,
    -- Number of the window since the epoch.
    period bigint NOT NULL,
    attempts int NOT NULL,
    last_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (network, period)
);
CREATE INDEX sign_in_network_last_time ON sign_in_network (last_time);

CREATE TABLE password_history (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    password_hash text NOT NULL
);
CREATE INDEX password_history_employee ON password_history (employee_id, id DESC);

CREATE TABLE password_link (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    -- 1 reset, 2 invitation, 3 first administrator
    purpose smallint NOT NULL,
    token_digest bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz NOT NULL,
    -- When it was used or taken out of force.
    use_time timestamptz
);
CREATE INDEX password_link_employee ON password_link (employee_id, purpose);
CREATE INDEX password_link_expire_time ON password_link (expire_time);

-- Second factors: authenticator apps (RFC 6238) and passkeys (Web Authentication).
CREATE TABLE credential (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    -- 1 authenticator app, 2 passkey
    kind smallint NOT NULL,
    name text NOT NULL,
    -- Of an app: the key that it shares with us, sealed, and the last step of time whose code was used.
    totp_secret bytea,
    totp_step bigint NOT NULL DEFAULT 0,
    -- Of a passkey: the id that the device gave it, its public key and counter.
    passkey_id bytea CONSTRAINT credential_passkey UNIQUE,
    passkey jsonb,
    create_time timestamptz NOT NULL DEFAULT now(),
    last_use_time timestamptz,
    revision bigint NOT NULL DEFAULT 1
);
CREATE INDEX credential_employee ON credential (employee_id, create_time, id);

CREATE TABLE recovery_code (
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    code_digest bytea NOT NULL,
    use_time timestamptz,
    PRIMARY KEY (employee_id, code_digest)
);

-- What was begun and is yet to be finished.
CREATE TABLE challenge (
    id uuid PRIMARY KEY,
    token_digest bytea NOT NULL,
    -- 1 second factor of a sign-in, 2 sign-in by passkey, 3 set-up of an app, 4 set-up of a passkey, 5 confirmation
    purpose smallint NOT NULL,
    -- Nobody, before a sign-in by passkey.
    employee_id uuid REFERENCES employee (id) ON DELETE CASCADE,
    session_id uuid,
    device text NOT NULL,
    device_digest bytea,
    -- What is needed to check the answer.
    state jsonb NOT NULL,
    tries int NOT NULL DEFAULT 0,
    expire_time timestamptz NOT NULL
);
CREATE INDEX challenge_employee ON challenge (employee_id);
CREATE INDEX challenge_expire_time ON challenge (expire_time);
