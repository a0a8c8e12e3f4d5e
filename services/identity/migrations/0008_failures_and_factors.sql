-- Failed proofs of who one is, counted by the minute, and second factors that a provider of single sign-on has asked for.

-- What failed in the present minute. The audit trail gets the first of a kind at once, and the number of the others when
-- the minute is over.
CREATE TABLE proof_failure (
    -- Minutes since the epoch.
    minute bigint NOT NULL,
    action text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    changes jsonb NOT NULL,
    -- Empty for those that are counted from everywhere.
    network text NOT NULL,
    failures int NOT NULL,
    PRIMARY KEY (minute, action, record_kind, record_id, network, changes)
);

-- Whether its word that it has asked for a second factor is taken.
ALTER TABLE identity_provider ADD COLUMN trust_second_factor bool NOT NULL DEFAULT false;

-- The provider of the sign-on that waits for its second factor.
ALTER TABLE challenge ADD COLUMN provider_id uuid REFERENCES identity_provider (id) ON DELETE CASCADE;

-- The provider where it began has asked for a second factor.
ALTER TABLE session ADD COLUMN second_factor bool NOT NULL DEFAULT false;
