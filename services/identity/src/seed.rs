//! Brings groups and employees in one transaction, for demo data, tests and the first administrator. Running the same
//! plan again changes nothing: groups are known by parent and name, employees by login name.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use contracts::identity::{Employee, GroupChanged};
use platform::db::{AuditEntry, Db, Tx};
use uuid::Uuid;

use crate::authentication::store::credentials_by_login;
use crate::config::Config;
use crate::employee::rules::{DEFAULT_LOCALE, changes};
use crate::employee::store::{Password, employee_insert, employee_read, roles_replace};
use crate::password::hashing::Passwords;
use crate::{employee, group, policy, role};

/// Parents stand before their children.
#[derive(Debug, Clone, Default)]
pub struct SeedPlan {
    pub groups: Vec<SeedGroup>,
    pub employees: Vec<SeedEmployee>,
}

#[derive(Debug, Clone, Default)]
pub struct SeedGroup {
    /// How the plan speaks of the group.
    pub key: String,
    /// Key of the group above; `None` hangs it on the root.
    pub parent: Option<String>,
    pub name: String,
    /// Given, the id is always the same.
    pub id: Option<Uuid>,
}

#[derive(Debug, Clone, Default)]
pub struct SeedEmployee {
    pub login_name: String,
    pub display_name: String,
    pub email: String,
    pub phone: String,
    /// Key of a group of the plan; `None` leaves the employee ungrouped.
    pub group: Option<String>,
    /// Presets such as `salesperson`.
    pub roles: Vec<String>,
    pub password: String,
    pub password_change_required: bool,
    pub id: Option<Uuid>,
}

/// What the plan's names stand for in the database.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    /// By key; the root by the empty key.
    pub groups: HashMap<String, Uuid>,
    /// By login name.
    pub employees: HashMap<String, Uuid>,
}

pub async fn seed(db: &Db, config: &Config, plan: &SeedPlan) -> anyhow::Result<Seeded> {
    role::presets::install(db).await?;
    let hashes = hashes(config, plan).await?;
    let mut tx = db.begin().await?;
    let policy_revision = policy::store::advance(tx.connection()).await?;
    let mut seeded = Seeded::default();
    let root = group::store::root(tx.connection()).await?.context("no root group")?;
    seeded.groups.insert(String::new(), root);
    for group in &plan.groups {
        let parent = seeded.groups.get(group.parent.as_deref().unwrap_or_default());
        let parent = *parent.with_context(|| format!("the parent of group {} comes later or not at all", group.key))?;
        let id = group_bring(&mut tx, group, parent, policy_revision).await?;
        seeded.groups.insert(group.key.clone(), id);
    }
    for employee in &plan.employees {
        let group_id = match &employee.group {
            None => None,
            Some(key) => Some(*seeded.groups.get(key).with_context(|| format!("no group {key}"))?),
        };
        let hash = &hashes[employee.password.as_str()];
        let id = employee_bring(&mut tx, employee, group_id, hash, policy_revision)
            .await
            .with_context(|| format!("employee {}", employee.login_name))?;
        seeded.employees.insert(employee.login_name.clone(), id);
    }
    tx.commit().await?;
    Ok(seeded)
}

/// Equal passwords of a plan share a hash: a seeder gives one password to many, and each hash takes its time.
async fn hashes<'p>(config: &Config, plan: &'p SeedPlan) -> anyhow::Result<HashMap<&'p str, String>> {
    let passwords = Passwords::new(&config.hashing)?;
    let mut hashes = HashMap::new();
    for employee in &plan.employees {
        if !hashes.contains_key(employee.password.as_str()) {
            hashes.insert(employee.password.as_str(), passwords.hash(employee.password.clone()).await?);
        }
    }
    Ok(hashes)
}

async fn group_bring(tx: &mut Tx, group: &SeedGroup, parent: Uuid, policy_revision: i64) -> anyhow::Result<Uuid> {
    if let Some(id) = group::store::child(tx.connection(), parent, &group.name).await? {
        return Ok(id);
    }
    let id = group.id.unwrap_or_else(Uuid::now_v7);
    group::store::group_insert(tx.connection(), id, Some(parent), &group.name, policy_revision).await?;
    let event = GroupChanged { id: id.to_string(), revision: 1, parent_id: parent.to_string(), deleted: false };
    tx.emit("group", id, &event);
    let parent = group::store::group_get(tx.connection(), parent).await?;
    tx.audit(group::created(id, &group.name, &parent.name));
    Ok(id)
}

async fn employee_bring(
    tx: &mut Tx,
    seed: &SeedEmployee,
    group_id: Option<Uuid>,
    hash: &str,
    policy_revision: i64,
) -> anyhow::Result<Uuid> {
    if let Some(known) = credentials_by_login(&mut *tx.connection(), &seed.login_name).await? {
        return Ok(known.employee_id);
    }
    let mut role_ids = Vec::with_capacity(seed.roles.len());
    for preset in &seed.roles {
        let role = role::store::role_by_preset(tx.connection(), preset).await?;
        role_ids.push(role.with_context(|| format!("no role {preset}"))?.id.parse()?);
    }
    ensure!(!seed.display_name.is_empty(), "no name");
    let id = seed.id.unwrap_or_else(Uuid::now_v7);
    let employee = Employee {
        login_name: seed.login_name.clone(),
        display_name: seed.display_name.clone(),
        email: seed.email.clone(),
        phone: seed.phone.clone(),
        locale: DEFAULT_LOCALE.to_owned(),
        ..Default::default()
    };
    let password = Password { hash, change_required: seed.password_change_required };
    employee_insert(tx.connection(), id, &employee, group_id, password, policy_revision).await?;
    roles_replace(tx.connection(), id, &role_ids).await?;
    employee::emit_changed(tx, id, 1, group_id, true);
    let created = employee_read(tx.connection(), id).await?;
    tx.audit(AuditEntry {
        action: "employee.created",
        record_kind: "employee",
        record_id: id,
        subject_id: id,
        changes: changes(&Employee::default(), &created),
    });
    Ok(id)
}
