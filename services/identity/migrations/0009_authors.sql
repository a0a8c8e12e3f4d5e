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
