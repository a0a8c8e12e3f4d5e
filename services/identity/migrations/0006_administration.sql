-- Parameters that somebody has set, and the feedback box.

CREATE TABLE parameter (
    name text PRIMARY KEY,
    -- NULL: the default again
    value text,
    revision bigint NOT NULL DEFAULT 1,
    policy_revision bigint NOT NULL,
    update_user_id uuid,
    update_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE feedback (
    id uuid PRIMARY KEY,
    employee_id uuid NOT NULL,
    -- 1 problem, 2 wish, 3 question, 4 praise
    kind smallint NOT NULL,
    text text NOT NULL,
    page text NOT NULL,
    -- 1 open, 2 answered, 3 closed
    state smallint NOT NULL DEFAULT 1,
    answer text NOT NULL DEFAULT '',
    answer_user_id uuid,
    answer_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1
);
CREATE INDEX feedback_employee ON feedback (employee_id, id DESC);
CREATE INDEX feedback_state ON feedback (state, id DESC);
