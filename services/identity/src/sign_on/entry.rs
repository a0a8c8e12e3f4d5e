//! Which employee a provider's word stands for: the one it is linked to, the one who has the verified address, or a new
//! one; and what roles the person's groups give.

use contracts::identity::Employee;
use platform::db::{AuditEntry, Tx};
use platform::error::{Error, Result};
use uuid::Uuid;

use super::rpc::link_audit;
use super::rules::{self, Person};
use super::store;
use crate::employee::permit::keep_an_administrator;
use crate::employee::rules::{DEFAULT_LOCALE, changes};
use crate::employee::store::{Password, employee_insert, employee_read, roles_replace};
use crate::employee::{self, emit_changed};
use crate::identity_provider::store::Stored;
use crate::password::NO_PASSWORD;
use crate::{Identity, error};

pub struct Entry {
    pub employee_id: Uuid,
    pub created: bool,
}

impl Identity {
    /// Finds or makes the employee, and links them.
    pub(super) async fn entry(
        &self,
        tx: &mut Tx,
        provider: &Stored,
        person: &Person,
        policy_revision: i64,
    ) -> Result<Entry> {
        if let Some((link, employee_id)) = store::link_find(tx.connection(), provider.id, &person.subject).await? {
            store::link_use(tx.connection(), link, &person.email).await?;
            return Ok(Entry { employee_id, created: false });
        }
        let trusted = provider.provider.trust_email && person.email_verified && !person.email.is_empty();
        let known = match trusted {
            true => store::employee_by_email(tx.connection(), &person.email).await?,
            false => None,
        };
        let (employee_id, created) = match known {
            Some(employee_id) => (employee_id, false),
            None if provider.provider.create_employees => {
                (self.newcomer(tx, provider, person, policy_revision).await?, true)
            }
            None => return Err(Error::failed_precondition(&error::SIGN_ON_UNKNOWN)),
        };
        let link =
            store::link_insert(tx.connection(), employee_id, provider.id, &person.subject, &person.email).await?;
        store::link_use(tx.connection(), link, &person.email).await?;
        let link = store::link_get(tx.connection(), employee_id, link).await?;
        tx.audit(link_audit("employee.sign_on_linked", employee_id, &link));
        Ok(Entry { employee_id, created })
    }

    async fn newcomer(&self, tx: &mut Tx, provider: &Stored, person: &Person, policy_revision: i64) -> Result<Uuid> {
        let mut login_name = String::new();
        for name in rules::login_names(person) {
            if store::login_name_free(tx.connection(), &name).await? {
                login_name = name;
                break;
            }
        }
        let id = Uuid::now_v7();
        let group_id = crate::optional_id("group_id", &provider.provider.default_group_id)?;
        let employee = Employee {
            display_name: rules::display_name(person, &login_name),
            login_name,
            // An address that nobody has verified could be another's.
            email: if person.email_verified { person.email.clone() } else { String::new() },
            locale: DEFAULT_LOCALE.to_owned(),
            ..Default::default()
        };
        let password = Password { hash: NO_PASSWORD, change_required: false };
        employee_insert(tx.connection(), id, &employee, group_id, password, policy_revision).await?;
        let employee = employee_read(tx.connection(), id).await?;
        tx.audit(AuditEntry {
            action: "employee.created",
            record_kind: "employee",
            record_id: id,
            subject_id: id,
            changes: changes(&Employee::default(), &employee),
        });
        Ok(id)
    }

    /// Gives and takes the roles that mappings name. The last administrator stays one. True when services have to hear
    /// of a change.
    pub(super) async fn roles_synchronise(
        &self,
        tx: &mut Tx,
        provider: &Stored,
        person: &Person,
        entry: &Entry,
        policy_revision: i64,
    ) -> Result<bool> {
        let id = entry.employee_id;
        let before = employee_read(tx.connection(), id).await?;
        let group_id = crate::optional_id("group_id", &before.group_id)?;
        let mut after = rules::synchronised(&before.role_ids, &provider.provider.role_mappings, person.groups.as_ref());
        if let Err(refused) = keep_an_administrator(tx, id, &before.role_ids, &after).await {
            if refused.reason() != &error::LAST_ADMINISTRATOR {
                return Err(refused);
            }
            let lost = employee::rules::added(&after, &before.role_ids).into_iter().map(str::to_owned);
            after.extend(lost.collect::<Vec<_>>());
        }
        let same = after.len() == before.role_ids.len() && after.iter().all(|role| before.role_ids.contains(role));
        if same {
            if entry.created {
                emit_changed(tx, id, 1, group_id, true);
            }
            return Ok(entry.created);
        }
        let role_ids = after.iter().map(|role| crate::id("role_id", role)).collect::<Result<Vec<Uuid>>>()?;
        roles_replace(tx.connection(), id, &role_ids).await?;
        let revision = store::employee_touch(tx.connection(), id, policy_revision).await?;
        let after = employee_read(tx.connection(), id).await?;
        emit_changed(tx, id, revision, group_id, true);
        tx.audit(AuditEntry {
            action: "employee.roles_synchronised",
            record_kind: "employee",
            record_id: id,
            subject_id: id,
            changes: changes(&before, &after),
        });
        Ok(true)
    }
}
