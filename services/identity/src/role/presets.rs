//! The roles that come with the product, and the root of the groups. Installed once: what an installation changes or
//! deletes stays so, but the administrator role always holds everything that the running version knows.

use contracts::identity::{FieldVisibility, Grant, GroupChanged, Role};
use contracts::options::{Permission as P, PersonalData as Kind, Scope, Visibility};
use platform::contract::ALL_KINDS;
use platform::db::{Db, Tx};
use platform::error::Result;
use uuid::Uuid;

use super::{audit, catalog, rules, store};
use crate::{group, policy};

pub const ADMINISTRATOR: &str = "administrator";
const ADMINISTRATOR_NAME: &str = "管理员";

pub const ROOT_GROUP_NAME: &str = "全公司";

/// A preset in short: permissions by scope, and the kinds of personal data that are seen clearly; others are masked.
struct Preset {
    id: &'static str,
    name: &'static str,
    /// What the console calls it in English, as long as it has not been renamed.
    english: &'static str,
    description: &'static str,
    grants: &'static [(Scope, &'static [P])],
    clear: &'static [Kind],
}

const ALL_CLEAR: &[Kind] = &ALL_KINDS;
// Who may reveal, one value at a time and on the record: managers what is below them, even where an installation masks it
// for them, and supervisors of service what their agents can't settle without, such as an identity document. Whoever
// works on many records at once (marketers, analysts, auditors) sees masks and nothing else.

/// What it takes to reach a customer.
const REACH: &[Kind] = &[Kind::Phone, Kind::Email, Kind::Address];

const PRESETS: [Preset; 7] = [
    Preset {
        id: "manager",
        name: "经理",
        english: "Manager",
        description: "管理本组及下级的员工、客户和报表",
        grants: &[
            (
                Scope::GroupAndBelow,
                &[
                    P::EmployeesRead,
                    P::EmployeesManage,
                    P::EmployeesReveal,
                    P::GroupsManage,
                    P::CustomersRead,
                    P::CustomersCreate,
                    P::CustomersUpdate,
                    P::CustomersAssign,
                    P::CustomersInvalidate,
                    P::CustomersClaim,
                    P::CustomersImport,
                    P::CustomersExport,
                    P::CustomersShare,
                    P::CustomersReveal,
                    P::ContactsRead,
                    P::ContactsWrite,
                    P::InteractionsRead,
                    P::InteractionsWrite,
                    P::ReportsRead,
                ],
            ),
            (Scope::All, &[P::RolesRead]),
        ],
        clear: ALL_CLEAR,
    },
    Preset {
        id: "salesperson",
        name: "销售",
        english: "Salesperson",
        description: "跟进自己的客户，从公海领取客户",
        grants: &[
            (
                Scope::Own,
                &[
                    P::CustomersRead,
                    P::CustomersCreate,
                    P::CustomersUpdate,
                    P::CustomersImport,
                    P::CustomersShare,
                    P::ContactsRead,
                    P::ContactsWrite,
                    P::InteractionsRead,
                    P::InteractionsWrite,
                    P::ReportsRead,
                ],
            ),
            // The pool keeps a customer with the group of the last owner.
            (Scope::Group, &[P::CustomersClaim]),
        ],
        clear: REACH,
    },
    Preset {
        id: "marketer",
        name: "市场",
        english: "Marketer",
        description: "查看全部客户（脱敏）和报表",
        grants: &[(Scope::All, &[P::CustomersRead, P::ContactsRead, P::InteractionsRead, P::ReportsRead])],
        clear: &[],
    },
    Preset {
        id: "service_agent",
        name: "客服",
        english: "Service agent",
        description: "查看全部客户，记录往来",
        grants: &[(
            Scope::All,
            &[P::CustomersRead, P::ContactsRead, P::ContactsWrite, P::InteractionsRead, P::InteractionsWrite],
        )],
        clear: REACH,
    },
    Preset {
        id: "service_supervisor",
        name: "客服主管",
        english: "Service supervisor",
        description: "维护全部客户资料，查看报表和下级员工",
        grants: &[
            (
                Scope::All,
                &[
                    P::CustomersRead,
                    P::CustomersUpdate,
                    P::CustomersReveal,
                    P::ContactsRead,
                    P::ContactsWrite,
                    P::InteractionsRead,
                    P::InteractionsWrite,
                    P::ReportsRead,
                ],
            ),
            (Scope::GroupAndBelow, &[P::EmployeesRead]),
        ],
        clear: REACH,
    },
    Preset {
        id: "analyst",
        name: "分析员",
        english: "Analyst",
        description: "查看全部报表和客户（脱敏）",
        grants: &[(Scope::All, &[P::CustomersRead, P::ReportsRead])],
        clear: &[],
    },
    Preset {
        id: "auditor",
        name: "审计员",
        english: "Auditor",
        description: "查看全部资料（脱敏），不能修改",
        grants: &[(
            Scope::All,
            &[
                P::EmployeesRead,
                P::RolesRead,
                P::AuditRead,
                P::CustomersRead,
                P::ContactsRead,
                P::InteractionsRead,
                P::ReportsRead,
            ],
        )],
        clear: &[],
    },
];

fn clear(kinds: &[Kind]) -> Vec<FieldVisibility> {
    let clear = |kind: &Kind| FieldVisibility { personal_data: (*kind).into(), visibility: Visibility::Clear.into() };
    let mut visibilities: Vec<_> = kinds.iter().map(clear).collect();
    // As the store gives them back.
    visibilities.sort_by_key(|entry| entry.personal_data);
    visibilities
}

fn administrator() -> Role {
    Role {
        name: ADMINISTRATOR_NAME.to_owned(),
        description: "拥有全部权限".to_owned(),
        preset: ADMINISTRATOR.to_owned(),
        grants: catalog::permissions()
            .map(|permission| Grant { permission: permission.into(), scope: Scope::All.into(), group_ids: Vec::new() })
            .collect(),
        field_visibilities: clear(ALL_CLEAR),
        ..Default::default()
    }
}

/// The English name of a preset that bears the name it came with.
pub fn english_name(role: &Role) -> Option<&'static str> {
    if role.preset == ADMINISTRATOR {
        return (role.name == ADMINISTRATOR_NAME).then_some("Administrator");
    }
    let preset = PRESETS.iter().find(|preset| preset.id == role.preset && preset.name == role.name);
    preset.map(|preset| preset.english)
}

fn presets() -> Vec<Role> {
    let others = PRESETS.iter().map(|preset| Role {
        name: preset.name.to_owned(),
        description: preset.description.to_owned(),
        preset: preset.id.to_owned(),
        grants: preset
            .grants
            .iter()
            .flat_map(|(scope, permissions)| permissions.iter().map(|permission| (*permission, *scope)))
            .map(|(permission, scope)| Grant {
                permission: permission.into(),
                scope: scope.into(),
                group_ids: Vec::new(),
            })
            .collect(),
        field_visibilities: clear(preset.clear),
        ..Default::default()
    });
    std::iter::once(administrator()).chain(others).collect()
}

/// Brings the root group and the presets that were never here; safe to run at every start and from several places.
pub async fn install(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    // Taken in any case for its lock, and left behind when there is nothing to do.
    let policy_revision = policy::store::advance(tx.connection()).await?;
    let mut changed = install_root(&mut tx, policy_revision).await?;
    for role in presets() {
        if store::preset_claim(tx.connection(), &role.preset).await? {
            let id = Uuid::now_v7();
            store::role_insert(tx.connection(), id, &role, policy_revision).await?;
            tx.audit(audit("role.created", id, rules::changes(&Role::default(), &role)));
            changed = true;
        }
    }
    let administrator = administrator();
    if let Some(role) = store::role_by_preset(tx.connection(), ADMINISTRATOR).await?
        && (role.grants != administrator.grants || role.field_visibilities != administrator.field_visibilities)
    {
        let complete =
            Role { grants: administrator.grants, field_visibilities: administrator.field_visibilities, ..role.clone() };
        let id = crate::id("id", &role.id)?;
        store::role_update(tx.connection(), id, &complete, policy_revision).await?;
        tx.audit(audit("role.updated", id, rules::changes(&role, &complete)));
        changed = true;
    }
    if changed { tx.commit().await } else { Ok(()) }
}

async fn install_root(tx: &mut Tx, policy_revision: i64) -> Result<bool> {
    if group::store::root(tx.connection()).await?.is_some() {
        return Ok(false);
    }
    let id = Uuid::now_v7();
    group::store::group_insert(tx.connection(), id, None, ROOT_GROUP_NAME, policy_revision).await?;
    tx.emit("group", id, &GroupChanged { id: id.to_string(), revision: 1, ..Default::default() });
    tx.audit(group::created(id, ROOT_GROUP_NAME, ""));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Holdings, clean};
    use super::*;

    fn holdings(preset: &str) -> Holdings {
        let role = presets().into_iter().find(|role| role.preset == preset).unwrap();
        Holdings::of(&role.grants, &role.field_visibilities)
    }

    #[test]
    fn every_preset_is_a_role_that_anybody_could_create() {
        let presets = presets();
        assert_eq!(presets.len(), 8);
        for mut role in presets {
            let before = role.clone();
            clean(&mut role).unwrap();
            assert_eq!(role, before);
            assert!(!Holdings::of(&role.grants, &role.field_visibilities).exceeds(&holdings(ADMINISTRATOR)));
            assert!(english_name(&role).is_some_and(str::is_ascii));
            assert_eq!(english_name(&Role { name: "Other".into(), ..role }), None);
        }
    }

    #[test]
    fn a_manager_can_make_salespeople_and_nobody_an_administrator() {
        assert!(!holdings("salesperson").exceeds(&holdings("manager")));
        assert!(holdings("manager").exceeds(&holdings("salesperson")));
        for preset in PRESETS {
            assert!(holdings(ADMINISTRATOR).exceeds(&holdings(preset.id)), "{}", preset.id);
        }
    }

    #[test]
    fn an_auditor_only_reads_and_sees_nothing_clearly() {
        let auditor = PRESETS.iter().find(|preset| preset.id == "auditor").unwrap();
        assert!(auditor.clear.is_empty());
        for permission in auditor.grants.iter().flat_map(|(_, permissions)| *permissions) {
            assert!(permission.as_str_name().ends_with("_READ"), "{permission:?}");
        }
    }
}
