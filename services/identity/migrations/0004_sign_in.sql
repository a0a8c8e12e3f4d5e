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
