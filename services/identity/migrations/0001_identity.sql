-- Employees, their groups and roles, and the sessions they are signed in with.

-- Raised first by every transaction that changes what services decide by, so that such transactions run one after
-- another, and written to the rows they change, so that watchers find what is new.
CREATE TABLE policy_revision (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL DEFAULT 1
);
INSERT INTO policy_revision DEFAULT VALUES;

-- What was deleted, until every watcher has long heard of it.
CREATE TABLE policy_tombstone (
    -- employee, group or role
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    policy_revision bigint NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_kind, record_id)
);
CREATE INDEX policy_tombstone_revision ON policy_tombstone (policy_revision);

CREATE TABLE employee_group (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- Checked at commit: a group goes before its children have moved up.
    parent_id uuid CONSTRAINT employee_group_parent REFERENCES employee_group (id) DEFERRABLE INITIALLY DEFERRED,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    policy_revision bigint NOT NULL,
    CONSTRAINT employee_group_name UNIQUE (parent_id, name)
);
CREATE UNIQUE INDEX employee_group_root ON employee_group ((parent_id IS NULL)) WHERE parent_id IS NULL;
CREATE INDEX employee_group_policy_revision ON employee_group (policy_revision);

CREATE TABLE employee (
    id uuid PRIMARY KEY,
    login_name text NOT NULL,
    display_name text NOT NULL,
    -- The name in pinyin, which lists are sorted by.
    sort_name text COLLATE "C" NOT NULL,
    -- Name, login name, pinyin and initials, one a line, without spaces and in lower case.
    search_text text NOT NULL,
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    group_id uuid CONSTRAINT employee_group_id REFERENCES employee_group (id),
    -- 1 active, 2 disabled
    state smallint NOT NULL DEFAULT 1,
    locale text NOT NULL DEFAULT 'zh-CN',
    -- PHC string with algorithm and parameters.
    password_hash text NOT NULL,
    password_change_required bool NOT NULL,
    last_sign_in_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    policy_revision bigint NOT NULL
);
-- Case counts for nothing; also the order by login name.
CREATE UNIQUE INDEX employee_login_name ON employee (lower(login_name COLLATE "C"));
CREATE INDEX employee_sort_name ON employee (sort_name, id);
CREATE INDEX employee_group_member ON employee (group_id, sort_name, id);
CREATE INDEX employee_policy_revision ON employee (policy_revision);

CREATE TABLE role (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT role_name UNIQUE,
    description text NOT NULL DEFAULT '',
    preset text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    policy_revision bigint NOT NULL
);
CREATE UNIQUE INDEX role_preset ON role (preset) WHERE preset <> '';
CREATE INDEX role_policy_revision ON role (policy_revision);

-- Permissions, scopes, kinds and visibilities are numbered as in the contract.
CREATE TABLE role_grant (
    role_id uuid NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    permission int NOT NULL,
    scope int NOT NULL,
    PRIMARY KEY (role_id, permission)
);

CREATE TABLE role_field_visibility (
    role_id uuid NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    personal_data int NOT NULL,
    visibility int NOT NULL,
    PRIMARY KEY (role_id, personal_data)
);

CREATE TABLE employee_role (
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    role_id uuid NOT NULL CONSTRAINT employee_role_role REFERENCES role (id),
    PRIMARY KEY (employee_id, role_id)
);
CREATE INDEX employee_role_holder ON employee_role (role_id);

-- Presets that were once installed: one that was deleted stays deleted.
CREATE TABLE installed_preset (
    preset text PRIMARY KEY
);

-- One per sign-in: the family of refresh tokens that follow from it. Only digests (SHA-256) of secrets are kept.
CREATE TABLE session (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    -- Of the part that all tokens of the family share: tells a used token from one that never was.
    family_digest bytea NOT NULL,
    -- Of the part that only the newest token holds.
    token_digest bytea NOT NULL,
    device text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    last_use_time timestamptz NOT NULL DEFAULT now(),
    -- Of the newest refresh token.
    expire_time timestamptz NOT NULL,
    -- However often it is refreshed.
    end_time timestamptz NOT NULL,
    -- Of the last access token.
    access_expire_time timestamptz NOT NULL,
    revoke_time timestamptz,
    policy_revision bigint NOT NULL DEFAULT 0
);
CREATE INDEX session_employee ON session (employee_id, last_use_time DESC, id DESC);
CREATE INDEX session_expire_time ON session (expire_time);
CREATE INDEX session_revoked ON session (policy_revision) WHERE revoke_time IS NOT NULL;

-- Failed attempts by login name, known or not: both kinds cost the same.
CREATE TABLE sign_in_failure (
    -- SHA-256 of the login name in lower case; people type passwords into the wrong field.
    login_digest bytea PRIMARY KEY,
    failures int NOT NULL,
    locked_until timestamptz,
    last_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_failure_last_time ON sign_in_failure (last_time);

-- Keys of the access tokens, where the configuration names none. A new one is published before it signs.
CREATE TABLE signing_key (
    -- Thumbprint (RFC 7638).
    kid text PRIMARY KEY,
    -- PKCS #8, DER.
    private_key bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    sign_time timestamptz NOT NULL DEFAULT now(),
    -- Tokens of it are no longer accepted.
    retire_time timestamptz,
    policy_revision bigint NOT NULL
);
