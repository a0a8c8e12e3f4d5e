-- Keys of programs, and sign-in by way of other identity providers.

-- Only the digest (SHA-256) of a key's secret is kept.
CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    name text NOT NULL,
    secret_digest bytea NOT NULL,
    -- Numbers of the permissions that the key is confined to; empty for all of the holder's.
    permissions int[] NOT NULL DEFAULT '{}',
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz,
    last_use_time timestamptz,
    last_use_address text NOT NULL DEFAULT '',
    revoke_time timestamptz,
    -- Of the last access token that stands for the key.
    access_expire_time timestamptz NOT NULL DEFAULT now(),
    policy_revision bigint NOT NULL DEFAULT 0
);
CREATE INDEX api_key_holder ON api_key (employee_id, id DESC);
CREATE INDEX api_key_revoked ON api_key (policy_revision) WHERE revoke_time IS NOT NULL;

-- Serves the list of service accounts, which are few among employees.
CREATE INDEX employee_service_account ON employee (id) WHERE kind = 2;

CREATE TABLE identity_provider (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT identity_provider_name UNIQUE,
    issuer text NOT NULL,
    client_id text NOT NULL,
    -- Sealed with a key that follows from the secret of the cluster; empty for a public client.
    client_secret bytea NOT NULL DEFAULT '',
    scopes text[] NOT NULL DEFAULT '{}',
    group_claim text NOT NULL DEFAULT '',
    default_group_id uuid CONSTRAINT identity_provider_group REFERENCES employee_group (id) ON DELETE SET NULL,
    create_employees bool NOT NULL DEFAULT false,
    trust_email bool NOT NULL DEFAULT false,
    enabled bool NOT NULL DEFAULT true,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);

-- Which group of the provider holds which role here.
CREATE TABLE identity_provider_role (
    provider_id uuid NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    provider_group text NOT NULL,
    role_id uuid NOT NULL CONSTRAINT identity_provider_role_role REFERENCES role (id) ON DELETE CASCADE,
    PRIMARY KEY (provider_id, provider_group, role_id)
);
CREATE INDEX identity_provider_role_holder ON identity_provider_role (role_id);

-- Who an employee is at a provider.
CREATE TABLE sign_on_link (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
    provider_id uuid NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    subject text NOT NULL,
    email text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    last_use_time timestamptz,
    CONSTRAINT sign_on_link_subject UNIQUE (provider_id, subject),
    CONSTRAINT sign_on_link_employee UNIQUE (employee_id, provider_id)
);

-- Sign-ons on their way through a provider. Taken away by the first attempt to complete them.
CREATE TABLE sign_on_flow (
    -- SHA-256 of the state.
    state_digest bytea PRIMARY KEY,
    -- SHA-256 of what only the browser that began it holds.
    browser_digest bytea NOT NULL,
    provider_id uuid NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    -- The employee who links an identity; nothing for a sign-on.
    employee_id uuid REFERENCES employee (id) ON DELETE CASCADE,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    return_to text NOT NULL DEFAULT '',
    expire_time timestamptz NOT NULL
);
CREATE INDEX sign_on_flow_expire_time ON sign_on_flow (expire_time);

-- Sessions that began at a provider, which are to end there as well.
CREATE TABLE sign_on_session (
    session_id uuid PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    provider_id uuid NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE
);

-- What a provisioning client calls its records, and which it has deprovisioned.
CREATE TABLE scim_user (
    employee_id uuid PRIMARY KEY REFERENCES employee (id) ON DELETE CASCADE,
    external_id text NOT NULL DEFAULT '',
    -- Deleted for the client, while customers keep the employee here.
    deleted bool NOT NULL DEFAULT false
);
CREATE INDEX scim_user_external_id ON scim_user (external_id) WHERE external_id <> '';

CREATE TABLE scim_group (
    group_id uuid PRIMARY KEY REFERENCES employee_group (id) ON DELETE CASCADE,
    external_id text NOT NULL DEFAULT ''
);
CREATE INDEX scim_group_external_id ON scim_group (external_id) WHERE external_id <> '';
