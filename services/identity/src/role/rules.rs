//! What a role holds, compared with what its giver holds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contracts::identity::{FieldVisibility, Grant, Role};
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use platform::access::{Caller, Policy};
use platform::contract::ALL_KINDS;
use platform::db::FieldChange;
use platform::error::{Error, Reason, Result, Violation, reason};

use super::catalog;
use uuid::Uuid;

use crate::error;

/// Permissions with their scopes and chosen groups, and how each kind of personal data is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    scopes: BTreeMap<i32, Held>,
    visibilities: BTreeMap<i32, Visibility>,
}

/// Permissions below this number administer; those above are about customers and what is done for them.
const ADMINISTERING: i32 = 200;

/// Where somebody stands who is given a role: what it reaches of their group, it reaches from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a group, or in none.
    In(Option<Uuid>),
    /// Nobody knows yet: whoever comes from a provider may stand in any group.
    Anywhere,
}

/// How far a permission reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Held {
    /// Unspecified where there are chosen groups alone.
    scope: Scope,
    /// As a role names them, each with those below it; of somebody who holds it, all that are reached.
    groups: BTreeSet<String>,
}

impl Held {
    fn of(grant: &Grant) -> Self {
        match grant.scope() {
            Scope::ChosenGroups => {
                Self { scope: Scope::Unspecified, groups: grant.group_ids.iter().cloned().collect() }
            }
            scope => Self { scope, groups: BTreeSet::new() },
        }
    }

    /// The same with the groups that it reaches from a place.
    fn at(self, place: Place, policy: &Policy) -> Self {
        let Self { scope, groups } = self;
        let named = groups.iter().filter_map(|group| group.parse().ok());
        let mut reached: BTreeSet<String> = named.flat_map(|group| below(policy, group)).collect();
        match (scope, place) {
            (Scope::Group, Place::In(Some(group))) => drop(reached.insert(group.to_string())),
            (Scope::GroupAndBelow, Place::In(Some(group))) => reached.extend(below(policy, group)),
            (Scope::Group | Scope::GroupAndBelow, Place::Anywhere) => {
                reached.extend(policy.root_group().into_iter().flat_map(|root| below(policy, root)));
            }
            _ => {}
        }
        Self { scope, groups: reached }
    }

    fn of_caller(caller: &Caller, permission: Permission) -> Option<Self> {
        let chosen: BTreeSet<String> = caller.chosen_groups(permission).iter().map(Uuid::to_string).collect();
        let scope = match caller.scope(permission) {
            Scope::Unspecified => return None,
            // Chosen groups count with those below them, and beside what is one's own.
            scope @ (Scope::Own | Scope::Group) if chosen.is_empty() => scope,
            Scope::All => Scope::All,
            _ => Scope::GroupAndBelow,
        };
        let own = Self { scope: caller.scope(permission), groups: chosen };
        let reached = caller.policy().map(|policy| own.at(Place::In(caller.group_id()), policy).groups);
        Some(Self { scope, groups: reached.unwrap_or_default() })
    }

    fn within(&self, other: &Self) -> bool {
        other.scope == Scope::All || (self.scope <= other.scope && self.groups.is_subset(&other.groups))
    }

    fn text(&self) -> String {
        let groups: Vec<_> = self.groups.iter().map(String::as_str).collect();
        let scope = if groups.is_empty() { self.scope } else { Scope::ChosenGroups };
        [scope.as_str_name()].into_iter().chain(groups).collect::<Vec<_>>().join(" ")
    }
}

/// A group and those below it.
fn below(policy: &Policy, group: Uuid) -> Vec<String> {
    policy.group_and_below(group).iter().map(Uuid::to_string).collect()
}

impl Holdings {
    pub fn of(grants: &[Grant], visibilities: &[FieldVisibility]) -> Self {
        let mut holdings = Self {
            scopes: grants.iter().map(|grant| (grant.permission, Held::of(grant))).collect(),
            // What a role says nothing of, it masks.
            visibilities: ALL_KINDS.into_iter().map(|kind| (kind as i32, Visibility::Masked)).collect(),
        };
        for entry in visibilities {
            holdings.visibilities.insert(entry.personal_data, entry.visibility());
        }
        holdings
    }

    /// What a role comes to in the hands of somebody at a place, in the tree of groups that the giver sees.
    pub fn received(role: &Role, place: Place, giver: &Caller) -> Self {
        let mut holdings = Self::of(&role.grants, &role.field_visibilities);
        let Some(policy) = giver.policy() else { return holdings };
        for (permission, held) in &mut holdings.scopes {
            // Nothing goes beyond everything, so what it comes to needn't be worked out.
            if giver.scope(Permission::try_from(*permission).unwrap_or_default()) != Scope::All {
                *held = std::mem::take(held).at(place, policy);
            }
        }
        holdings
    }

    pub fn of_caller(caller: &Caller) -> Self {
        Self {
            scopes: catalog::permissions()
                .filter_map(|permission| Some((permission as i32, Held::of_caller(caller, permission)?)))
                .collect(),
            visibilities: ALL_KINDS.into_iter().map(|kind| (kind as i32, caller.visibility(kind))).collect(),
        }
    }

    /// Whether there is anything in it that goes beyond the other.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.beyond(other).next().is_some()
    }

    /// Whether it administers what the other doesn't: people, groups, roles and the installation.
    pub fn outranks(&self, other: &Self) -> bool {
        self.beyond(other).any(|part| matches!(part, Part::Permission(permission) if permission < ADMINISTERING))
    }

    /// Whether a change of a role gives it anything new that goes beyond what the giver holds.
    pub fn widens_beyond(&self, before: &Self, giver: &Self) -> bool {
        self.beyond(before).any(|part| self.beyond(giver).any(|other| other == part))
    }

    fn beyond(&self, other: &Self) -> impl Iterator<Item = Part> {
        let scopes = self
            .scopes
            .iter()
            .filter(|(permission, scope)| other.scopes.get(permission).is_none_or(|held| !scope.within(held)))
            .map(|(permission, _)| Part::Permission(*permission));
        let visibilities = self
            .visibilities
            .iter()
            .filter(|(kind, visibility)| other.visibilities.get(kind).is_none_or(|held| *visibility < held))
            .map(|(kind, _)| Part::Kind(*kind));
        scopes.chain(visibilities)
    }

    fn text(&self) -> (String, String) {
        let grants = self.scopes.iter().filter_map(|(permission, held)| {
            Some(format!("{} {}", Permission::try_from(*permission).ok()?.as_str_name(), held.text()))
        });
        let visibilities = self.visibilities.iter().filter_map(|(kind, visibility)| {
            Some(format!("{} {}", PersonalData::try_from(*kind).ok()?.as_str_name(), visibility.as_str_name()))
        });
        (grants.collect::<Vec<_>>().join(", "), visibilities.collect::<Vec<_>>().join(", "))
    }
}

#[derive(PartialEq, Eq)]
enum Part {
    Permission(i32),
    Kind(i32),
}

/// Trims the texts and refuses what no role can hold.
pub fn clean(role: &mut Role) -> Result<()> {
    role.name = role.name.trim().to_owned();
    role.description = role.description.trim().to_owned();
    let mut violations = Vec::new();
    let mut refuse = |field: String, reason: &'static Reason| {
        violations.push(Violation { field: format!("role.{field}"), reason, args: Vec::new() });
    };
    if role.name.is_empty() {
        refuse("name".to_owned(), &reason::VALUE_REQUIRED);
    }
    let mut seen = HashSet::new();
    for (index, grant) in role.grants.iter().enumerate() {
        let scopes = catalog::scopes(grant.permission(), role.audience());
        if scopes.is_empty() {
            refuse(format!("grants[{index}].permission"), &error::PERMISSION_NOT_GRANTABLE);
        } else if !scopes.contains(&grant.scope()) {
            refuse(format!("grants[{index}].scope"), &error::SCOPE_NOT_APPLICABLE);
        } else if (grant.scope() == Scope::ChosenGroups) == grant.group_ids.is_empty() {
            refuse(format!("grants[{index}].group_ids"), &error::GROUPS_BY_SCOPE);
        }
        if !seen.insert(grant.permission) {
            refuse(format!("grants[{index}].permission"), &error::GIVEN_TWICE);
        }
    }
    let mut seen = HashSet::new();
    for (index, entry) in role.field_visibilities.iter().enumerate() {
        if !seen.insert(entry.personal_data) {
            refuse(format!("field_visibilities[{index}].personal_data"), &error::GIVEN_TWICE);
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid_fields(violations)) }
}

/// What an update may name.
pub const PATHS: [&str; 5] = ["name", "description", "grants", "field_visibilities", "second_factor_required"];

/// The role with the fields that a mask names taken from another.
pub fn merged(before: &Role, asked: &Role, paths: &[&str]) -> Role {
    let mut after = before.clone();
    for path in paths {
        match *path {
            "name" => after.name.clone_from(&asked.name),
            "description" => after.description.clone_from(&asked.description),
            "grants" => after.grants.clone_from(&asked.grants),
            "second_factor_required" => after.second_factor_required = asked.second_factor_required,
            _ => after.field_visibilities.clone_from(&asked.field_visibilities),
        }
    }
    after
}

/// Before and after of each field that differs; no role stands for one that is not there.
pub fn changes(before: &Role, after: &Role) -> Vec<FieldChange> {
    let fields = |role: &Role| {
        let (grants, visibilities) = Holdings::of(&role.grants, &role.field_visibilities).text();
        let second_factor = if role.second_factor_required { "true".to_owned() } else { String::new() };
        [role.name.clone(), role.description.clone(), grants, visibilities, second_factor]
    };
    PATHS
        .into_iter()
        .zip(fields(before).into_iter().zip(fields(after)))
        .filter(|(_, (before, after))| before != after)
        .map(|(field, (before, after))| FieldChange { field: field.to_owned(), before, after })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(permission: Permission, scope: Scope) -> Grant {
        Grant { permission: permission.into(), scope: scope.into(), group_ids: Vec::new() }
    }

    fn seen(kind: PersonalData, visibility: Visibility) -> FieldVisibility {
        FieldVisibility { personal_data: kind.into(), visibility: visibility.into() }
    }

    #[test]
    fn nobody_gives_more_than_they_hold() {
        let manager = Holdings::of(
            &[grant(Permission::CustomersRead, Scope::Group), grant(Permission::ContactsRead, Scope::All)],
            &[seen(PersonalData::Phone, Visibility::Clear), seen(PersonalData::Email, Visibility::Hidden)],
        );
        let hidden = seen(PersonalData::Email, Visibility::Hidden);
        let within = Holdings::of(&[grant(Permission::CustomersRead, Scope::Own)], &[hidden]);
        assert!(!within.exceeds(&manager) && !manager.exceeds(&manager));
        let too_wide = Holdings::of(&[grant(Permission::CustomersRead, Scope::GroupAndBelow)], &[hidden]);
        let another = Holdings::of(&[grant(Permission::CustomersExport, Scope::Own)], &[hidden]);
        let too_clear = Holdings::of(&[], &[hidden, seen(PersonalData::Address, Visibility::Clear)]);
        // Masked by saying nothing, which is clearer than hidden.
        let clearer_by_default = Holdings::of(&[], &[]);
        for role in [too_wide, another, too_clear, clearer_by_default] {
            assert!(role.exceeds(&manager), "{role:?}");
        }
    }

    #[test]
    fn chosen_groups_count_as_they_are_held() {
        let chosen = |groups: &[&str]| {
            let group_ids = groups.iter().map(|group| (*group).to_owned()).collect();
            let permission = Permission::CustomersRead.into();
            Holdings::of(&[Grant { permission, scope: Scope::ChosenGroups.into(), group_ids }], &[])
        };
        let all = Holdings::of(&[grant(Permission::CustomersRead, Scope::All)], &[]);
        let below = Holdings::of(&[grant(Permission::CustomersRead, Scope::GroupAndBelow)], &[]);
        assert!(!chosen(&["a"]).exceeds(&chosen(&["a", "b"])) && !chosen(&["a"]).exceeds(&all));
        assert!(chosen(&["a", "b"]).exceeds(&chosen(&["a"])));
        assert!(chosen(&["a"]).exceeds(&below) && below.exceeds(&chosen(&["a"])) && all.exceeds(&chosen(&["a"])));
    }

    #[test]
    fn a_role_that_holds_more_may_be_changed_where_it_does_not_grow_beyond() {
        let giver = Holdings::of(&[grant(Permission::CustomersRead, Scope::Group)], &[]);
        let before = Holdings::of(&[grant(Permission::CustomersExport, Scope::All)], &[]);
        let wider = |scope| {
            let grants = [grant(Permission::CustomersExport, Scope::All), grant(Permission::CustomersRead, scope)];
            Holdings::of(&grants, &[])
        };
        assert!(!wider(Scope::Group).widens_beyond(&before, &giver));
        assert!(wider(Scope::All).widens_beyond(&before, &giver));
        assert!(!Holdings::of(&[], &[]).widens_beyond(&before, &giver));
        let clear = Holdings::of(&[], &[seen(PersonalData::Phone, Visibility::Clear)]);
        assert!(clear.widens_beyond(&before, &giver));
    }

    #[test]
    fn a_role_holds_only_what_roles_can_hold() {
        let mut role = Role {
            name: " ".into(),
            grants: vec![
                grant(Permission::PolicyWatch, Scope::All),
                grant(Permission::RolesRead, Scope::Own),
                grant(Permission::CustomersRead, Scope::Own),
                grant(Permission::CustomersRead, Scope::All),
                grant(Permission::ContactsRead, Scope::ChosenGroups),
            ],
            field_visibilities: vec![
                seen(PersonalData::Phone, Visibility::Clear),
                seen(PersonalData::Phone, Visibility::Masked),
            ],
            ..Default::default()
        };
        let refused = clean(&mut role).unwrap_err();
        let violations: Vec<_> = refused.violations().iter().map(|v| (v.field.as_str(), v.reason.id)).collect();
        assert_eq!(
            violations,
            [
                ("role.name", "VALUE_REQUIRED"),
                ("role.grants[0].permission", "PERMISSION_NOT_GRANTABLE"),
                ("role.grants[1].scope", "SCOPE_NOT_APPLICABLE"),
                ("role.grants[3].permission", "GIVEN_TWICE"),
                ("role.grants[4].group_ids", "GROUPS_BY_SCOPE"),
                ("role.field_visibilities[1].personal_data", "GIVEN_TWICE"),
            ]
        );
    }
}
