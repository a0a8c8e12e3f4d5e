-- Who created records and who changed them last.
SELECT keep_authors('employee', 'revision', 'employee');
UPDATE employee AS e SET create_user_id = a.actor_id, update_user_id = a.actor_id
FROM audit_entry AS a
WHERE a.record_id = e.id AND a.action = 'service_account.created' AND a.actor_id IS NOT NULL;
SELECT keep_authors('employee_group', 'revision', 'group');
SELECT keep_authors('role', 'revision', 'role');
SELECT keep_authors('identity_provider', 'revision', 'identity_provider');
SELECT keep_authors('webhook_endpoint', 'revision', 'webhook_endpoint');
SELECT keep_authors('api_key', 'revoke_time', 'api_key');

-- Who was invited, or came by a provider or from a provisioning client, and has set no password since, has none: the hash
-- that stands there is of one that nobody knows. The trail knows all of it where it knows the beginning.
UPDATE employee AS e SET password_hash = '!'
WHERE e.kind = 1
  AND EXISTS (
      SELECT FROM audit_entry AS made
      WHERE made.record_id = e.id AND made.action = 'employee.created' AND made.request_id <> ''
        AND (NOT e.password_change_required
             OR EXISTS (SELECT FROM audit_entry AS invited
                        WHERE invited.record_id = e.id AND invited.action = 'employee.invited'
                          AND invited.request_id = made.request_id)))
  AND NOT EXISTS (
      SELECT FROM audit_entry AS since
      WHERE since.record_id = e.id
        AND since.action IN ('employee.password_changed', 'employee.password_reset', 'employee.password_set_by_link'));

-- Providers are trusted with addresses by administrators alone: one whose trust somebody else has set, or nobody knows
-- who, or where somebody else has changed since who the provider is, is to be trusted anew.
UPDATE identity_provider AS p SET trust_email = false, update_time = now(), revision = revision + 1
WHERE p.trust_email AND NOT EXISTS (
    SELECT FROM employee_role AS h JOIN role AS r ON r.id = h.role_id
    WHERE r.preset = 'administrator' AND h.employee_id = (
        SELECT a.actor_id FROM audit_entry AS a
        WHERE a.record_kind = 'identity_provider' AND a.record_id = p.id
          AND EXISTS (SELECT FROM jsonb_array_elements(a.changes) AS c
                      WHERE c ->> 'field' IN ('trust_email', 'issuer', 'client_id'))
        ORDER BY a.time DESC, a.id DESC LIMIT 1));
