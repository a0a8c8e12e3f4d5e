//! Why a person may, or may not, touch a record: the decision of the row predicate, taken apart.

use chrono::{DateTime, Utc};
use contracts::access::{AccessDecision, AccessReason, AccessReasonKind};
use contracts::options::{Permission, Scope};
use uuid::Uuid;

use super::rows::shares_count;
use super::{Policy, PolicyEmployee};
use crate::db::timestamp;

/// A record as the predicate sees it.
#[derive(Debug, Clone, Default)]
pub struct RecordFacts {
    pub owner_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub shares: Vec<ShareFacts>,
}

/// Lent to a person or a group.
#[derive(Debug, Clone, Default)]
pub struct ShareFacts {
    pub employee_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub expire_time: Option<DateTime<Utc>>,
}

/// A grant or a share, and what it does for the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    pub kind: GroundKind,
    /// Whose grant it is; no role for a share.
    pub role_id: Option<Uuid>,
    pub scope: Scope,
    /// The group through which.
    pub group_id: Option<Uuid>,
    pub expire_time: Option<DateTime<Utc>>,
}

impl Ground {
    fn plain(kind: GroundKind) -> Self {
        Self { kind, role_id: None, scope: Scope::Unspecified, group_id: None, expire_time: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroundKind {
    All,
    Owner,
    Group,
    ChosenGroup,
    SharedWithPerson,
    SharedWithGroup,
    Inactive,
    NoGrant,
    OutOfScope,
    NotInPool,
    NoGroup,
}

impl GroundKind {
    pub fn allows(self) -> bool {
        !matches!(self, Self::Inactive | Self::NoGrant | Self::OutOfScope | Self::NotInPool)
    }
}

/// Everything that lets the person use the permission on the record; when nothing does, what stands in the way.
pub fn explain(
    policy: &Policy,
    employee: &PolicyEmployee,
    permission: Permission,
    record: &RecordFacts,
    now: DateTime<Utc>,
) -> Vec<Ground> {
    let plain = Ground::plain;
    if !employee.active {
        return vec![plain(GroundKind::Inactive)];
    }
    let grants = employee.role_ids.iter().filter_map(|role_id| {
        let grants = &policy.role(*role_id)?.grants;
        let grant = grants.iter().find(|grant| grant.permission == permission as i32)?;
        Some((*role_id, grant))
    });
    let mut grounds: Vec<Ground> = grants
        .flat_map(|(role_id, grant)| {
            let reached = reached(policy, employee, grant, record);
            reached.into_iter().map(move |(kind, group_id)| Ground {
                role_id: Some(role_id),
                scope: grant.scope(),
                group_id,
                ..plain(kind)
            })
        })
        .collect();
    if grounds.is_empty() {
        return vec![plain(GroundKind::NoGrant)];
    }
    if shares_count(permission) {
        let live = |share: &&ShareFacts| share.expire_time.is_none_or(|end| end > now);
        grounds.extend(record.shares.iter().filter(live).filter_map(|share| {
            let kind = match (share.employee_id, share.group_id) {
                (Some(person), _) if person == employee.id => GroundKind::SharedWithPerson,
                (_, Some(group)) if Some(group) == employee.group_id => GroundKind::SharedWithGroup,
                _ => return None,
            };
            Some(Ground { group_id: share.group_id, expire_time: share.expire_time, ..plain(kind) })
        }));
    }
    that_allow(grounds)
}

/// Those that allow it, where any does.
fn that_allow(mut grounds: Vec<Ground>) -> Vec<Ground> {
    if grounds.iter().any(|ground| ground.kind.allows()) {
        grounds.retain(|ground| ground.kind.allows());
    }
    grounds
}

/// The same for taking a record out of a pool, where nobody owns it: what is one's own is there what lies in one's own
/// group, and what lies in none is everybody's.
pub fn explain_claim(
    policy: &Policy,
    employee: &PolicyEmployee,
    permission: Permission,
    pooled: Option<&RecordFacts>,
) -> Vec<Ground> {
    let group_id = pooled.and_then(|record| record.group_id);
    let record = RecordFacts { group_id, ..Default::default() };
    // One role at a time: what is one's own may be the ground of one role beside that of another.
    let by_role = employee.role_ids.iter().flat_map(|role_id| {
        let holder = PolicyEmployee { role_ids: vec![*role_id], ..employee.clone() };
        explain(policy, &holder, permission, &record, DateTime::UNIX_EPOCH)
    });
    let claimed = by_role.filter(|ground| ground.kind != GroundKind::NoGrant).map(|ground| match ground.kind {
        GroundKind::Inactive => ground,
        _ if pooled.is_none() => Ground::plain(GroundKind::NotInPool),
        GroundKind::OutOfScope if group_id.is_none() => Ground { kind: GroundKind::NoGroup, ..ground },
        GroundKind::OutOfScope if group_id == employee.group_id => {
            Ground { kind: GroundKind::Group, group_id, ..ground }
        }
        _ => ground,
    });
    let mut grounds: Vec<Ground> = claimed.collect();
    grounds.dedup();
    match grounds.is_empty() {
        true => vec![Ground::plain(if employee.active { GroundKind::NoGrant } else { GroundKind::Inactive })],
        false => that_allow(grounds),
    }
}

/// What a person is told of the grounds.
pub fn decision(policy: &Policy, permission: Permission, grounds: &[Ground]) -> AccessDecision {
    AccessDecision {
        permission: permission.into(),
        allowed: grounds.iter().any(|ground| ground.kind.allows()),
        reasons: grounds.iter().map(|ground| reason(policy, ground)).collect(),
    }
}

fn reason(policy: &Policy, ground: &Ground) -> AccessReason {
    let kind = match ground.kind {
        GroundKind::All => AccessReasonKind::All,
        GroundKind::Owner => AccessReasonKind::Owner,
        GroundKind::Group => AccessReasonKind::Group,
        GroundKind::ChosenGroup => AccessReasonKind::ChosenGroup,
        GroundKind::SharedWithPerson => AccessReasonKind::SharedWithPerson,
        GroundKind::SharedWithGroup => AccessReasonKind::SharedWithGroup,
        GroundKind::Inactive => AccessReasonKind::Inactive,
        GroundKind::NoGrant => AccessReasonKind::NoGrant,
        GroundKind::OutOfScope => AccessReasonKind::OutOfScope,
        GroundKind::NotInPool => AccessReasonKind::NotInPool,
        GroundKind::NoGroup => AccessReasonKind::NoGroup,
    };
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    AccessReason {
        kind: kind.into(),
        role_id: text(ground.role_id),
        role_name: ground.role_id.and_then(|id| policy.role(id)).map(|role| role.name.clone()).unwrap_or_default(),
        scope: ground.scope.into(),
        group_id: text(ground.group_id),
        group_name: ground.group_id.map(|id| policy.group_name(id).to_owned()).unwrap_or_default(),
        expire_time: ground.expire_time.map(timestamp),
    }
}

/// The ways in which one grant reaches the record.
fn reached(
    policy: &Policy,
    employee: &PolicyEmployee,
    grant: &contracts::identity::Grant,
    record: &RecordFacts,
) -> Vec<(GroundKind, Option<Uuid>)> {
    let below = |above: Uuid| record.group_id.is_some_and(|group| policy.stands_in(group, above));
    let mut ways = Vec::new();
    if record.owner_id == Some(employee.id) {
        ways.push((GroundKind::Owner, None));
    }
    match (grant.scope(), employee.group_id) {
        (Scope::All, _) => ways.push((GroundKind::All, None)),
        (Scope::Group, Some(own)) if record.group_id == Some(own) => ways.push((GroundKind::Group, Some(own))),
        (Scope::GroupAndBelow, Some(own)) if below(own) => ways.push((GroundKind::Group, Some(own))),
        (Scope::ChosenGroups, _) => {
            let chosen = grant.group_ids.iter().filter_map(|group| group.parse().ok());
            ways.extend(chosen.filter(|group| below(*group)).map(|group| (GroundKind::ChosenGroup, Some(group))));
        }
        _ => {}
    }
    if ways.is_empty() {
        ways.push((GroundKind::OutOfScope, None));
    }
    ways
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use contracts::identity as proto;
    use proptest::prelude::*;

    use super::super::{Caller, Session};
    use super::*;

    const GROUPS: usize = 6;
    const SCOPES: [Scope; 5] = [Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::All, Scope::ChosenGroups];

    fn uuid(kind: u64, index: usize) -> Uuid {
        Uuid::from_u64_pair(kind, index as u64)
    }

    /// Groups hang on one before them; the person, number 0, holds up to three roles with a grant each.
    fn policy(parents: &[usize], home: Option<usize>, grants: &[(usize, Vec<usize>)]) -> Policy {
        let text = |id: Uuid| id.to_string();
        let group = |(index, parent): (usize, &usize)| proto::PolicyGroup {
            id: text(uuid(1, index)),
            parent_id: if index == 0 { String::new() } else { text(uuid(1, parent % index)) },
            ..Default::default()
        };
        let role = |(index, (scope, chosen)): (usize, &(usize, Vec<usize>))| proto::PolicyRole {
            id: text(uuid(2, index)),
            grants: vec![proto::Grant {
                permission: Permission::CustomersRead.into(),
                scope: SCOPES[*scope].into(),
                group_ids: match SCOPES[*scope] {
                    Scope::ChosenGroups => chosen.iter().map(|group| text(uuid(1, *group))).collect(),
                    _ => Vec::new(),
                },
            }],
            ..Default::default()
        };
        let update = proto::PolicyUpdate {
            snapshot: true,
            groups: parents.iter().enumerate().map(group).collect(),
            roles: grants.iter().enumerate().map(role).collect(),
            employees: vec![proto::PolicyEmployee {
                id: text(uuid(3, 0)),
                active: true,
                group_id: home.map(|group| text(uuid(1, group))).unwrap_or_default(),
                role_ids: (0..grants.len()).map(|index| text(uuid(2, index))).collect(),
                ..Default::default()
            }],
            ..Default::default()
        };
        Policy::default().with(update, 0)
    }

    fn grants() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
        prop::collection::vec((0..SCOPES.len(), prop::collection::vec(0..GROUPS, 1..3)), 0..4)
    }

    proptest! {
        #[test]
        fn the_explanation_and_the_predicate_decide_alike(
            parents in prop::collection::vec(0..GROUPS, GROUPS),
            home in prop::option::of(0..GROUPS),
            grants in grants(),
            owner in prop::option::of(0..3usize),
            group in prop::option::of(0..GROUPS),
        ) {
            let policy = Arc::new(policy(&parents, home, &grants));
            let employee = policy.employee(uuid(3, 0)).unwrap().clone();
            let record = RecordFacts {
                owner_id: owner.map(|index| uuid(3, index)),
                group_id: group.map(|index| uuid(1, index)),
                shares: Vec::new(),
            };
            let grounds = explain(&policy, &employee, Permission::CustomersRead, &record, Utc::now());
            let session = Session { id: Uuid::nil(), auth_time: None, second_factor: false, expire_time: i64::MAX, permitted: None };
            let caller = Caller::employee(policy, employee, session);
            let covered = caller.covers(Permission::CustomersRead, record.owner_id, record.group_id);
            prop_assert!(!grounds.is_empty());
            prop_assert_eq!(grounds.iter().any(|ground| ground.kind.allows()), covered);
            prop_assert!(grounds.iter().all(|ground| ground.kind.allows() == covered));
        }
    }

    #[test]
    fn a_live_share_allows_reading_and_nothing_more() {
        let policy = policy(&[0; GROUPS], Some(1), &[(0, Vec::new())]);
        let employee = policy.employee(uuid(3, 0)).unwrap();
        let now = Utc::now();
        let share = |group, ends: i64| ShareFacts {
            employee_id: None,
            group_id: Some(uuid(1, group)),
            expire_time: Some(now + chrono::TimeDelta::seconds(ends)),
        };
        let mut record = RecordFacts { owner_id: None, group_id: None, shares: vec![share(1, -1), share(2, 60)] };
        let kinds = |record: &RecordFacts, permission| -> Vec<GroundKind> {
            explain(&policy, employee, permission, record, now).iter().map(|ground| ground.kind).collect()
        };
        assert_eq!(kinds(&record, Permission::CustomersRead), [GroundKind::OutOfScope]);
        record.shares.push(share(1, 60));
        assert_eq!(kinds(&record, Permission::CustomersRead), [GroundKind::SharedWithGroup]);
        assert_eq!(kinds(&record, Permission::CustomersUpdate), [GroundKind::NoGrant]);
    }
}
