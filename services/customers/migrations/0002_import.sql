-- Imports: files on their way to become customers.

CREATE TABLE import (
    id uuid PRIMARY KEY,
    -- Whoever uploaded the file; nobody else sees it.
    employee_id uuid NOT NULL,
    file_name text NOT NULL,
    -- How its rows are read: {"csv": {"encoding", "delimiter"}} or {"xlsx": {"sheet"}}
    format jsonb NOT NULL,
    header_row int NOT NULL,
    row_count bigint NOT NULL,
    -- Headers and the fields that they fill, side by side.
    headers text[] NOT NULL,
    fields text[] NOT NULL,
    -- [[cell]]
    sample_rows jsonb NOT NULL,
    -- 1 ready, 2 running, 3 completed, 4 cancelled, 5 failed
    state smallint NOT NULL DEFAULT 1,
    dry_run bool NOT NULL DEFAULT false,
    import_key smallint NOT NULL DEFAULT 0,
    duplicate_policy smallint NOT NULL DEFAULT 0,
    owner_id uuid,
    -- Counts of the current or last run, and the last line of the sheet that it has behind it.
    progress jsonb NOT NULL DEFAULT '{}',
    -- The same for the rows that real runs have taken: a run that broke off goes on there.
    taken jsonb NOT NULL DEFAULT '{}',
    cancel_requested bool NOT NULL DEFAULT false,
    job_id uuid,
    -- Id of the reason.
    failure text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL DEFAULT now(),
    start_time timestamptz,
    end_time timestamptz
);
CREATE INDEX import_employee ON import (employee_id, id DESC);
CREATE INDEX import_create_time ON import (create_time);

-- The file in pieces, so that any replica can run the import.
CREATE TABLE import_piece (
    import_id uuid NOT NULL REFERENCES import (id) ON DELETE CASCADE,
    position int NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (import_id, position)
);
-- Files are packed already, or are read whole and once.
ALTER TABLE import_piece ALTER content SET STORAGE EXTERNAL;

-- Rows that failed or were left alone in the current or last run.
CREATE TABLE import_row_error (
    import_id uuid NOT NULL REFERENCES import (id) ON DELETE CASCADE,
    -- Line of the sheet.
    row int NOT NULL,
    -- Left alone because the customer exists; otherwise it failed.
    skipped bool NOT NULL,
    -- [{"column", "field", "code", "args"}]
    errors jsonb NOT NULL,
    cells jsonb NOT NULL,
    PRIMARY KEY (import_id, row)
);
