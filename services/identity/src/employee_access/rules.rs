//! The sum of somebody's roles, taken apart.

use contracts::identity::{
    CoveredGroup, EmployeeAccess, FieldVisibility, GrantSource, PermissionAccess, PolicyRole, VisibilityAccess,
};
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use platform::access::{Grants, Policy, PolicyEmployee};
use platform::contract::ALL_KINDS;
use uuid::Uuid;

use crate::role::catalog;

const GROUPS_SHOWN: usize = 500;

pub fn access(policy: &Policy, employee: &PolicyEmployee) -> EmployeeAccess {
    let grants = policy.grants(employee);
    let roles: Vec<&PolicyRole> = employee.role_ids.iter().filter_map(|id| policy.role(*id)).collect();
    let held = catalog::permissions().filter(|permission| grants.scope(*permission) != Scope::Unspecified);
    EmployeeAccess {
        employee_id: employee.id.to_string(),
        employee_name: employee.display_name.clone(),
        group_id: employee.group_id.map(|id| id.to_string()).unwrap_or_default(),
        group_name: employee.group_id.map(|id| policy.group_name(id).to_owned()).unwrap_or_default(),
        active: employee.active,
        permissions: held.map(|permission| permission_access(policy, employee, &grants, &roles, permission)).collect(),
        visibilities: ALL_KINDS.into_iter().map(|kind| visibility_access(&grants, &roles, kind)).collect(),
        second_factor_role_names: roles
            .iter()
            .filter(|role| role.second_factor_required)
            .map(|role| role.name.clone())
            .collect(),
        second_factor_set: employee.second_factor_set,
    }
}

fn permission_access(
    policy: &Policy,
    employee: &PolicyEmployee,
    grants: &Grants,
    roles: &[&PolicyRole],
    permission: Permission,
) -> PermissionAccess {
    let scope = grants.scope(permission);
    let mut covered = match (scope, employee.group_id) {
        (Scope::Group, Some(own)) => vec![own],
        (Scope::GroupAndBelow, Some(own)) => policy.group_and_below(own).to_vec(),
        _ => Vec::new(),
    };
    if scope != Scope::All {
        let chosen = grants.chosen_groups(permission).iter();
        covered.extend(chosen.flat_map(|group| policy.group_and_below(*group).to_vec()));
    }
    covered.sort_unstable();
    covered.dedup();
    let group = |id: &Uuid| CoveredGroup { id: id.to_string(), name: policy.group_name(*id).to_owned() };
    let sources = roles.iter().filter_map(|role| {
        let grant = role.grants.iter().find(|grant| grant.permission == permission as i32)?;
        let name = |group: &String| group.parse().map(|id| policy.group_name(id).to_owned()).unwrap_or_default();
        Some(GrantSource {
            role_id: role.id.clone(),
            role_name: role.name.clone(),
            scope: grant.scope,
            group_names: grant.group_ids.iter().map(name).collect(),
        })
    });
    PermissionAccess {
        permission: permission.into(),
        scope: scope.into(),
        groups: covered.iter().take(GROUPS_SHOWN).map(group).collect(),
        group_count: i32::try_from(covered.len()).unwrap_or(i32::MAX),
        sources: sources.collect(),
    }
}

fn visibility_access(grants: &Grants, roles: &[&PolicyRole], kind: PersonalData) -> VisibilityAccess {
    let visibility = grants.visibility(kind);
    // What a role says nothing of, it masks.
    let of_role = |role: &PolicyRole| {
        let said = role.field_visibilities.iter().find(|entry| entry.personal_data == kind as i32);
        said.map_or(Visibility::Masked, FieldVisibility::visibility)
    };
    let seeing = roles.iter().filter(|role| of_role(role) == visibility);
    VisibilityAccess {
        personal_data: kind.into(),
        visibility: visibility.into(),
        role_names: seeing.map(|role| role.name.clone()).collect(),
    }
}
