-- Consents, do-not-contact, and what people ask for: the archive of what is held on them, and its erasure.

-- What was said, never changed: what is said later holds.
CREATE TABLE consent (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- NULL: the customer's own.
    contact_id uuid REFERENCES contact (id) ON DELETE CASCADE,
    channel smallint NOT NULL,
    purpose text NOT NULL,
    -- 1 given, 2 withdrawn
    state smallint NOT NULL,
    occur_time timestamptz NOT NULL,
    expire_time timestamptz,
    source text NOT NULL,
    text_version text NOT NULL DEFAULT '',
    reference text NOT NULL DEFAULT '',
    attachment_id uuid REFERENCES attachment (id) ON DELETE SET NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT consent_state CHECK (state IN (1, 2))
);
SELECT keep_authors('consent', NULL, NULL);
CREATE INDEX consent_customer ON consent (customer_id, id DESC);
-- The latest word on a channel and purpose.
CREATE INDEX consent_latest ON consent (customer_id, contact_id, channel, purpose, occur_time DESC, id DESC);
CREATE INDEX consent_attachment ON consent (attachment_id) WHERE attachment_id IS NOT NULL;

CREATE TABLE contact_ban (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- NULL: the customer, and with it all contacts.
    contact_id uuid REFERENCES contact (id) ON DELETE CASCADE,
    -- 0 all
    channel smallint NOT NULL,
    reason text NOT NULL,
    expire_time timestamptz,
    lift_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now()
);
SELECT keep_authors('contact_ban', NULL, NULL);
CREATE INDEX contact_ban_customer ON contact_ban (customer_id, id DESC);

CREATE TABLE privacy_request (
    id uuid PRIMARY KEY,
    -- 1 export, 2 erasure
    kind smallint NOT NULL,
    -- 1 pending, 2 refused, 3 running, 4 done, 5 expired, 6 failed
    state smallint NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    contact_id uuid REFERENCES contact (id) ON DELETE CASCADE,
    reason text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    decide_user_id uuid,
    decide_time timestamptz,
    decide_reason text NOT NULL DEFAULT '',
    answered_count int NOT NULL DEFAULT 0,
    service_count int NOT NULL DEFAULT 0,
    waiting_for text NOT NULL DEFAULT '',
    -- [{"service", "section", "count"}]
    erased jsonb NOT NULL DEFAULT '[]',
    -- Objects of attachments that are gone from the tables and must go from the store too.
    object_ids uuid[] NOT NULL DEFAULT '{}',
    -- The archive.
    object_id uuid,
    size bigint NOT NULL DEFAULT 0,
    end_time timestamptz,
    expire_time timestamptz,
    -- Id of the reason.
    failure text NOT NULL DEFAULT ''
);
SELECT keep_authors('privacy_request', NULL, NULL);
CREATE INDEX privacy_request_customer ON privacy_request (customer_id, id DESC);
CREATE INDEX privacy_request_expire ON privacy_request (expire_time) WHERE object_id IS NOT NULL;
-- One of a kind at a time, for a customer or a contact.
CREATE UNIQUE INDEX privacy_request_open ON privacy_request (customer_id, kind, coalesce(contact_id, customer_id))
    WHERE state IN (1, 3);

-- What must be kept, and for how long.
CREATE TABLE erasure_hold (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    reason text NOT NULL,
    expire_time timestamptz,
    release_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now()
);
SELECT keep_authors('erasure_hold', NULL, NULL);
CREATE INDEX erasure_hold_customer ON erasure_hold (customer_id, id DESC);

-- Since when nothing tells any more who it is: an anonymous row, which figures still count and nobody changes.
ALTER TABLE customer ADD COLUMN erase_time timestamptz;
ALTER TABLE contact ADD COLUMN erase_time timestamptz;

INSERT INTO dictionary (code, name_zh, name_en, tree, built_in) VALUES
    ('contact_purpose', '联系目的', 'Purpose of contact', false, true),
    ('consent_source', '同意来源', 'Source of consent', false, true)
ON CONFLICT (code) DO NOTHING;
INSERT INTO dictionary_entry (dictionary, code, name_zh, name_en, position) VALUES
    ('contact_purpose', 'marketing', '营销推广', 'Marketing', 10),
    ('contact_purpose', 'service', '服务通知', 'Service', 20),
    ('contact_purpose', 'research', '调研回访', 'Research', 30),
    ('contact_purpose', 'event', '活动邀请', 'Events', 40),
    ('contact_purpose', 'legal', '法定告知', 'Legal notice', 50),
    ('consent_source', 'web_form', '网页表单', 'Web form', 10),
    ('consent_source', 'wechat', '微信', 'WeChat', 20),
    ('consent_source', 'paper', '纸质签署', 'Signed on paper', 30),
    ('consent_source', 'phone', '电话录音', 'Recorded call', 40),
    ('consent_source', 'in_person', '当面', 'In person', 50),
    ('consent_source', 'email', '邮件', 'E-mail', 60),
    ('consent_source', 'other', '其他', 'Other', 70)
ON CONFLICT (dictionary, code) DO NOTHING;
UPDATE schema_revision SET revision = revision + 1;
