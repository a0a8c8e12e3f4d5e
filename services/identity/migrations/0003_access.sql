-- Grants for chosen groups, roles that ask for a second factor, roles of portal users, and programs among the employees.

ALTER TABLE role_grant ADD COLUMN group_ids uuid[] NOT NULL DEFAULT '{}';

ALTER TABLE role
    ADD COLUMN second_factor_required bool NOT NULL DEFAULT false,
    -- 1 employees, 2 customers
    ADD COLUMN audience smallint NOT NULL DEFAULT 1;

ALTER TABLE employee
    -- 1 person, 2 service account
    ADD COLUMN kind smallint NOT NULL DEFAULT 1,
    ADD COLUMN second_factor_set bool NOT NULL DEFAULT false;

-- When the person last proved who they are.
ALTER TABLE session ADD COLUMN auth_time timestamptz NOT NULL DEFAULT now();
UPDATE session SET auth_time = create_time;
