-- An address that its holder has typed in proves nothing: whoever a provider names by it need not be the holder. One that
-- somebody else has given them, or that a link was used from, does.
ALTER TABLE employee ADD COLUMN email_self_set bool NOT NULL DEFAULT false;
UPDATE employee e SET email_self_set = true
WHERE EXISTS (SELECT FROM audit_entry a
              WHERE a.record_id = e.id AND a.action = 'employee.profile_updated' AND a.changes @> '[{"field": "email"}]');
