//! What a role can hold: every permission but those of services, with the scopes that make a difference and the
//! operations that it opens. The operations come from the contracts, so no new one is forgotten.

use contracts::identity::{PermissionEntry, RoleAudience};
use contracts::options::{Permission, Scope};
use platform::contract::{Access, Contract};

const ROWS: &[Scope] = &[Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::All, Scope::ChosenGroups];
/// Groups have no owner.
const GROUPS: &[Scope] = &[Scope::Group, Scope::GroupAndBelow, Scope::All, Scope::ChosenGroups];
const NO_ROWS: &[Scope] = &[Scope::All];

/// The scopes that a role for such people can hold the permission with; none when it can't hold it at all.
pub fn scopes(permission: Permission, audience: RoleAudience) -> &'static [Scope] {
    match audience {
        RoleAudience::Customers => portal_scopes(permission),
        _ => employee_scopes(permission),
    }
}

/// What users of the portal may hold: their own, and nothing that administers.
fn portal_scopes(permission: Permission) -> &'static [Scope] {
    match permission {
        Permission::CustomersRead
        | Permission::CustomersUpdate
        | Permission::ContactsRead
        | Permission::ContactsWrite
        | Permission::InteractionsRead => &[Scope::Own],
        _ => &[],
    }
}

fn employee_scopes(permission: Permission) -> &'static [Scope] {
    match permission {
        Permission::Unspecified | Permission::PolicyWatch | Permission::OwnershipRead | Permission::PrivacyServe => &[],
        Permission::GroupsManage => GROUPS,
        Permission::RolesRead
        | Permission::RolesManage
        | Permission::AuditRead
        | Permission::AuditExport
        | Permission::SignOnManage
        | Permission::ServiceAccountsManage
        | Permission::Provisioning
        | Permission::ParametersManage
        | Permission::StatusRead
        | Permission::FeedbackManage
        | Permission::WebhooksManage
        | Permission::PoolManage
        | Permission::FieldsManage
        | Permission::ReportsRebuild => NO_ROWS,
        Permission::EmployeesRead
        | Permission::EmployeesManage
        | Permission::EmployeesReveal
        | Permission::AccessExplain
        | Permission::CustomersRead
        | Permission::CustomersCreate
        | Permission::CustomersUpdate
        | Permission::CustomersAssign
        | Permission::CustomersInvalidate
        | Permission::CustomersClaim
        | Permission::CustomersImport
        | Permission::CustomersExport
        | Permission::CustomersShare
        | Permission::CustomersReveal
        | Permission::CustomersPrivacy
        | Permission::ContactsRead
        | Permission::ContactsWrite
        | Permission::InteractionsRead
        | Permission::InteractionsWrite
        | Permission::ReportsRead => ROWS,
    }
}

/// All permissions that a role of employees can hold, in the order of their numbers.
pub fn permissions() -> impl Iterator<Item = Permission> {
    (1..1000)
        .filter_map(|number| Permission::try_from(number).ok())
        .filter(|permission| !employee_scopes(*permission).is_empty())
}

pub fn entries(contract: &Contract) -> Vec<PermissionEntry> {
    permissions().map(|permission| entry(contract, permission)).collect()
}

fn entry(contract: &Contract, permission: Permission) -> PermissionEntry {
    let methods = || contract.methods().iter().filter(|method| method.access == Access::Permission(permission));
    let operations = methods()
        .flat_map(|method| &method.http)
        .map(|rule| format!("{} {}", rule.verb.as_str(), rule.template))
        .collect();
    PermissionEntry {
        permission: permission.into(),
        service: domain(permission).to_owned(),
        operations,
        scopes: employee_scopes(permission).iter().map(|scope| (*scope).into()).collect(),
    }
}

/// The service that a permission belongs to, by the hundred that its number lies in.
fn domain(permission: Permission) -> &'static str {
    match permission as i32 {
        100..200 => "identity",
        200..300 => "customers",
        _ => "reporting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_needs_a_permission_is_in_the_catalog() {
        let contract = Contract::get();
        let entries = entries(contract);
        for method in contract.methods() {
            let Access::Permission(permission) = method.access else { continue };
            let entry = entries.iter().find(|entry| entry.permission() == permission);
            if employee_scopes(permission).is_empty() {
                assert!(entry.is_none(), "{permission:?} is for services alone");
                continue;
            }
            let entry = entry.unwrap();
            for rule in &method.http {
                let operation = format!("{} {}", rule.verb.as_str(), rule.template);
                assert!(entry.operations.contains(&operation), "{operation}");
            }
        }
    }

    #[test]
    fn every_permission_can_be_held_for_all_or_not_at_all() {
        assert!(permissions().count() > 20);
        for permission in permissions() {
            assert!(employee_scopes(permission).contains(&Scope::All));
            assert!(employee_scopes(permission).is_sorted());
            // What a portal user can hold, an employee can hold as well.
            assert!(portal_scopes(permission).iter().all(|scope| employee_scopes(permission).contains(scope)));
        }
    }
}
