//! The policy snapshot: employees, groups and roles as identity last told them, and what follows from them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::identity as proto;
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use uuid::Uuid;

use super::groups::{Group, Groups};

/// One more than the largest number of a permission.
const PERMISSIONS: usize = 512;
const KINDS: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub struct PolicyEmployee {
    pub id: Uuid,
    pub display_name: String,
    pub group_id: Option<Uuid>,
    pub role_ids: Vec<Uuid>,
    pub active: bool,
    pub password_change_required: bool,
    pub second_factor_set: bool,
    pub service_account: bool,
}

/// What all roles of an employee add up to.
#[derive(Debug, Clone)]
pub struct Grants {
    /// Chosen groups aside, which don't compare with the others.
    scopes: [Scope; PERMISSIONS],
    chosen: HashMap<i32, Vec<Uuid>>,
    visibilities: [Visibility; KINDS],
    second_factor_required: bool,
}

impl Grants {
    fn none() -> Self {
        Self {
            scopes: [Scope::Unspecified; PERMISSIONS],
            chosen: HashMap::new(),
            visibilities: [Visibility::Unspecified; KINDS],
            second_factor_required: false,
        }
    }

    /// The widest scope; chosen groups only where there is no other.
    pub fn scope(&self, permission: Permission) -> Scope {
        match self.scopes.get(permission as usize).copied().unwrap_or(Scope::Unspecified) {
            Scope::Unspecified if self.chosen.contains_key(&(permission as i32)) => Scope::ChosenGroups,
            scope => scope,
        }
    }

    pub fn chosen_groups(&self, permission: Permission) -> &[Uuid] {
        self.chosen.get(&(permission as i32)).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn second_factor_required(&self) -> bool {
        self.second_factor_required
    }

    /// Only these permissions of all that there are; what is seen of personal data stays.
    #[must_use]
    pub fn confined_to(&self, permitted: &[i32]) -> Self {
        let mut confined = Self { scopes: [Scope::Unspecified; PERMISSIONS], chosen: HashMap::new(), ..self.clone() };
        for permission in permitted {
            let at = usize::try_from(*permission).unwrap_or(PERMISSIONS);
            if let (Some(scope), Some(held)) = (confined.scopes.get_mut(at), self.scopes.get(at)) {
                *scope = *held;
            }
            if let Some(groups) = self.chosen.get(permission) {
                confined.chosen.insert(*permission, groups.clone());
            }
        }
        confined
    }

    /// The clearest that a role gives; a role that says nothing of a kind masks it.
    pub fn visibility(&self, kind: PersonalData) -> Visibility {
        match self.visibilities.get(kind as usize).copied().unwrap_or(Visibility::Unspecified) {
            Visibility::Unspecified => Visibility::Masked,
            visibility => visibility,
        }
    }

    fn add(&mut self, role: &proto::PolicyRole) {
        self.second_factor_required |= role.second_factor_required;
        for grant in &role.grants {
            if grant.scope() == Scope::ChosenGroups {
                let chosen = self.chosen.entry(grant.permission).or_default();
                chosen.extend(grant.group_ids.iter().filter_map(|group| group.parse::<Uuid>().ok()));
                continue;
            }
            if let Some(scope) = self.scopes.get_mut(grant.permission as usize) {
                *scope = (*scope).max(grant.scope());
            }
        }
        let mut seen = [Visibility::Masked; KINDS];
        for entry in &role.field_visibilities {
            if let (Some(visibility), true) = (seen.get_mut(entry.personal_data as usize), entry.visibility != 0) {
                *visibility = entry.visibility();
            }
        }
        for (visibility, new) in self.visibilities.iter_mut().zip(seen) {
            if *visibility == Visibility::Unspecified || new < *visibility {
                *visibility = new;
            }
        }
    }
}

#[derive(Default)]
pub struct Policy {
    pub revision: i64,
    /// Shares with the policy before what has not changed: updates tell of one among thousands.
    employees: imbl::HashMap<Uuid, Arc<PolicyEmployee>>,
    groups: Arc<Groups>,
    roles: Arc<HashMap<Uuid, proto::PolicyRole>>,
    revoked_sessions: HashMap<Uuid, i64>,
    /// Those that were set, by name.
    parameters: HashMap<String, String>,
    /// By roles, filled when first needed: few sets of them are held by many people. As good for the next policy as long
    /// as no role changes.
    grants: Arc<Mutex<HashMap<Vec<Uuid>, Arc<Grants>>>>,
}

impl Policy {
    /// This policy with an update applied; whatever an update can't say properly grants nothing.
    #[must_use]
    pub fn with(&self, update: proto::PolicyUpdate, now: i64) -> Self {
        let mut next = if update.snapshot {
            Self::default()
        } else {
            Self {
                revision: 0,
                employees: self.employees.clone(),
                groups: self.groups.clone(),
                roles: self.roles.clone(),
                revoked_sessions: self.revoked_sessions.clone(),
                parameters: self.parameters.clone(),
                grants: if update.roles.is_empty() { self.grants.clone() } else { Arc::default() },
            }
        };
        next.revision = update.revision;
        for employee in update.employees {
            let Ok(id) = employee.id.parse::<Uuid>() else { continue };
            if employee.deleted {
                next.employees.remove(&id);
                continue;
            }
            let entry = PolicyEmployee {
                id,
                display_name: employee.display_name,
                group_id: employee.group_id.parse().ok(),
                role_ids: employee.role_ids.iter().filter_map(|role| role.parse().ok()).collect(),
                active: employee.active,
                password_change_required: employee.password_change_required,
                second_factor_set: employee.second_factor_set,
                service_account: employee.service_account,
            };
            next.employees.insert(id, Arc::new(entry));
        }
        if !update.groups.is_empty() {
            next.groups = Arc::new(Groups::new(changed(next.groups.by_id(), update.groups)));
        }
        for role in update.roles {
            let Ok(id) = role.id.parse::<Uuid>() else { continue };
            let roles = Arc::make_mut(&mut next.roles);
            if role.deleted {
                roles.remove(&id);
            } else {
                roles.insert(id, role);
            }
        }
        next.revoked_sessions.retain(|_, expires| *expires > now);
        for session in update.revoked_sessions {
            if let Ok(id) = session.id.parse::<Uuid>() {
                next.revoked_sessions.insert(id, session.expire_time.map_or(i64::MAX, |time| time.seconds));
            }
        }
        if let Some(update) = update.parameters {
            next.parameters = update.parameters.into_iter().map(|entry| (entry.name, entry.value)).collect();
        }
        next
    }

    pub fn employee(&self, id: Uuid) -> Option<&Arc<PolicyEmployee>> {
        self.employees.get(&id)
    }

    pub fn employees(&self) -> impl Iterator<Item = &Arc<PolicyEmployee>> {
        self.employees.values()
    }

    pub fn employee_name(&self, id: Uuid) -> &str {
        self.employees.get(&id).map(|employee| employee.display_name.as_str()).unwrap_or_default()
    }

    pub fn group(&self, id: Uuid) -> Option<&Group> {
        self.groups.by_id().get(&id)
    }

    pub fn group_name(&self, id: Uuid) -> &str {
        self.group(id).map(|group| group.name.as_str()).unwrap_or_default()
    }

    pub fn root_group(&self) -> Option<Uuid> {
        self.groups.by_id().values().find(|group| group.parent_id.is_none()).map(|group| group.id)
    }

    /// The group and all groups below it, sorted.
    pub fn group_and_below(&self, id: Uuid) -> Arc<[Uuid]> {
        self.groups.and_below(id)
    }

    /// Whether a group is another or lies below it.
    pub fn stands_in(&self, id: Uuid, above: Uuid) -> bool {
        self.groups.stands_in(id, above)
    }

    pub fn role(&self, id: Uuid) -> Option<&proto::PolicyRole> {
        self.roles.get(&id)
    }

    /// The value that was set, if any; see `parameters`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    pub fn session_revoked(&self, session_id: Uuid) -> bool {
        self.revoked_sessions.contains_key(&session_id)
    }

    pub fn grants(&self, employee: &PolicyEmployee) -> Arc<Grants> {
        let mut known = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grants) = known.get(&employee.role_ids) {
            return grants.clone();
        }
        let mut grants = Grants::none();
        for role in employee.role_ids.iter().filter_map(|role| self.roles.get(role)) {
            grants.add(role);
        }
        known.entry(employee.role_ids.clone()).or_insert(Arc::new(grants)).clone()
    }
}

/// The groups with an update applied.
fn changed(groups: &HashMap<Uuid, Group>, update: Vec<proto::PolicyGroup>) -> HashMap<Uuid, Group> {
    let mut groups = groups.clone();
    for group in update {
        let Ok(id) = group.id.parse::<Uuid>() else { continue };
        if group.deleted {
            groups.remove(&id);
        } else {
            groups.insert(id, Group { id, name: group.name, parent_id: group.parent_id.parse().ok() });
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(permission: Permission, scope: Scope) -> proto::Grant {
        proto::Grant { permission: permission as i32, scope: scope as i32, group_ids: Vec::new() }
    }

    fn seen(kind: PersonalData, visibility: Visibility) -> proto::FieldVisibility {
        proto::FieldVisibility { personal_data: kind as i32, visibility: visibility as i32 }
    }

    fn group(id: Uuid, parent: Option<Uuid>) -> proto::PolicyGroup {
        proto::PolicyGroup {
            id: id.to_string(),
            name: "g".into(),
            parent_id: parent.map(|id| id.to_string()).unwrap_or_default(),
            deleted: false,
        }
    }

    #[test]
    fn roles_add_up_to_the_widest_scope_and_the_clearest_view() {
        let roles = [Uuid::now_v7(), Uuid::now_v7()];
        let employee = Uuid::now_v7();
        let policy = Policy::default().with(
            proto::PolicyUpdate {
                snapshot: true,
                employees: vec![proto::PolicyEmployee {
                    id: employee.to_string(),
                    role_ids: roles.iter().map(ToString::to_string).collect(),
                    active: true,
                    ..Default::default()
                }],
                roles: vec![
                    proto::PolicyRole {
                        id: roles[0].to_string(),
                        grants: vec![
                            grant(Permission::CustomersRead, Scope::Own),
                            grant(Permission::CustomersUpdate, Scope::Group),
                        ],
                        field_visibilities: vec![seen(PersonalData::Phone, Visibility::Hidden)],
                        ..Default::default()
                    },
                    proto::PolicyRole {
                        id: roles[1].to_string(),
                        grants: vec![grant(Permission::CustomersRead, Scope::GroupAndBelow)],
                        field_visibilities: vec![seen(PersonalData::Phone, Visibility::Clear)],
                        ..Default::default()
                    },
                ],
                ..Default::default()
            },
            0,
        );
        let grants = policy.grants(policy.employee(employee).unwrap());
        assert_eq!(grants.scope(Permission::CustomersRead), Scope::GroupAndBelow);
        assert_eq!(grants.scope(Permission::CustomersUpdate), Scope::Group);
        assert_eq!(grants.scope(Permission::CustomersExport), Scope::Unspecified);
        assert_eq!(grants.visibility(PersonalData::Phone), Visibility::Clear);
        assert_eq!(grants.visibility(PersonalData::Email), Visibility::Masked);
    }

    #[test]
    fn an_update_moves_groups_and_forgets_expired_revocations() {
        let [root, left, right, leaf, session] = std::array::from_fn(|_| Uuid::now_v7());
        let policy = Policy::default().with(
            proto::PolicyUpdate {
                snapshot: true,
                groups: vec![
                    group(root, None),
                    group(left, Some(root)),
                    group(right, Some(root)),
                    group(leaf, Some(left)),
                ],
                revoked_sessions: vec![proto::RevokedSession {
                    id: session.to_string(),
                    expire_time: Some(prost_types::Timestamp { seconds: 100, nanos: 0 }),
                }],
                ..Default::default()
            },
            0,
        );
        assert_eq!(policy.group_and_below(left).len(), 2);
        assert!(policy.session_revoked(session));
        let moved =
            policy.with(proto::PolicyUpdate { groups: vec![group(leaf, Some(right))], ..Default::default() }, 101);
        assert_eq!(*moved.group_and_below(left), [left]);
        assert!(moved.stands_in(leaf, right) && !moved.stands_in(leaf, left) && moved.stands_in(root, root));
        assert_eq!(moved.group_and_below(root).len(), 4);
        assert!(!moved.session_revoked(session));
    }

    #[test]
    fn an_update_of_one_among_thousands_leaves_the_others_as_they_are() {
        let roles: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
        let ids: Vec<Uuid> = (0..20_000).map(|_| Uuid::now_v7()).collect();
        let employee = |place: usize, active| proto::PolicyEmployee {
            id: ids[place].to_string(),
            role_ids: vec![roles[place % roles.len()].to_string()],
            active,
            ..Default::default()
        };
        let role = |id: &Uuid, scope| proto::PolicyRole {
            id: id.to_string(),
            grants: vec![grant(Permission::CustomersRead, scope)],
            ..Default::default()
        };
        let whole = Policy::default().with(
            proto::PolicyUpdate {
                snapshot: true,
                employees: (0..ids.len()).map(|place| employee(place, true)).collect(),
                roles: roles.iter().map(|id| role(id, Scope::Own)).collect(),
                ..Default::default()
            },
            0,
        );
        let grants_of = |policy: &Policy, place: usize| policy.grants(policy.employee(ids[place]).unwrap());
        for place in 0..ids.len() {
            grants_of(&whole, place);
        }
        assert_eq!(whole.grants.lock().unwrap().len(), roles.len(), "one for all who hold the same");

        let started = std::time::Instant::now();
        let update = proto::PolicyUpdate { employees: vec![employee(7, false)], ..Default::default() };
        let next = whole.with(update, 0);
        println!("one update among {}: {:?}", ids.len(), started.elapsed());
        assert!(whole.employee(ids[7]).unwrap().active && !next.employee(ids[7]).unwrap().active);
        assert!(Arc::ptr_eq(whole.employee(ids[8]).unwrap(), next.employee(ids[8]).unwrap()));
        assert!(Arc::ptr_eq(&grants_of(&whole, 8), &grants_of(&next, 8)), "nothing is worked out again");
        assert_eq!(next.employees().count(), ids.len());

        // A role that changes is worked out anew, in the new policy alone.
        let update = proto::PolicyUpdate { roles: vec![role(&roles[0], Scope::All)], ..Default::default() };
        let widened = next.with(update, 0);
        assert_eq!(grants_of(&widened, 0).scope(Permission::CustomersRead), Scope::All);
        assert_eq!(grants_of(&next, 0).scope(Permission::CustomersRead), Scope::Own);
    }
}
