//! One predicate for rows. Scope and shares compile to one SQL expression that get, list, count, search, export, bulk
//! change and aggregates of a record kind all use.

use std::sync::Arc;

use contracts::options::{Permission, Scope};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::Caller;

/// Where a query keeps what the predicate speaks of.
#[derive(Debug, Clone, Copy)]
pub struct RowColumns {
    pub owner: &'static str,
    pub group: &'static str,
    /// Column of the record's id and table of its shares (`record_id`, `employee_id`, `group_id`, `expire_time`), where
    /// the record kind can be shared.
    pub shares: Option<(&'static str, &'static str)>,
}

/// The rows that a caller may touch with one permission.
#[derive(Debug, Clone, PartialEq)]
pub enum RowPredicate {
    Nothing,
    All,
    Scoped {
        employee_id: Uuid,
        /// Groups whose records are covered, besides the employee's own records; sorted.
        group_ids: Arc<[Uuid]>,
        /// Groups through which the employee receives shares; none when shares don't count.
        shared_with_group: Option<Uuid>,
        shares_count: bool,
    },
}

/// Shares widen reading alone.
pub(super) fn shares_count(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::CustomersRead
            | Permission::ContactsRead
            | Permission::InteractionsRead
            | Permission::ReportsRead
            | Permission::CustomersExport
    )
}

pub(super) fn for_caller(caller: &Caller, permission: Permission) -> RowPredicate {
    let scope = caller.scope(permission);
    if scope == Scope::All {
        return RowPredicate::All;
    }
    let (Some(employee_id), Some(policy)) = (caller.employee_id(), caller.policy()) else {
        return RowPredicate::Nothing;
    };
    let mut group_ids: Arc<[Uuid]> = match (scope, caller.group_id()) {
        (Scope::Unspecified, _) => return RowPredicate::Nothing,
        (Scope::Group, Some(group)) => Arc::from([group]),
        (Scope::GroupAndBelow, Some(group)) => policy.group_and_below(group),
        _ => Arc::from([]),
    };
    let chosen = caller.chosen_groups(permission);
    if !chosen.is_empty() {
        let mut all = group_ids.to_vec();
        for group in chosen {
            all.extend_from_slice(&policy.group_and_below(*group));
        }
        all.sort_unstable();
        all.dedup();
        group_ids = all.into();
    }
    RowPredicate::Scoped {
        employee_id,
        group_ids,
        shared_with_group: caller.group_id(),
        shares_count: shares_count(permission),
    }
}

impl RowPredicate {
    /// Writes the predicate as one parenthesised boolean expression.
    pub fn push_sql(&self, query: &mut QueryBuilder<Postgres>, columns: RowColumns) {
        let (employee_id, group_ids) = match self {
            Self::Nothing => {
                query.push("FALSE");
                return;
            }
            Self::All => {
                query.push("TRUE");
                return;
            }
            Self::Scoped { employee_id, group_ids, .. } => (employee_id, group_ids),
        };
        query.push("(").push(columns.owner).push(" = ").push_bind(*employee_id);
        if !group_ids.is_empty() {
            query.push(" OR ").push(columns.group).push(" = ANY(").push_bind(group_ids.to_vec()).push(")");
        }
        if let (true, Some((id, _))) = (self.counts_shares(), columns.shares) {
            query.push(" OR ").push(id).push(" = ANY(");
            self.push_shared_sql(query, columns);
            query.push(")");
        }
        query.push(")");
    }

    fn counts_shares(&self) -> bool {
        matches!(self, Self::Scoped { shares_count: true, .. })
    }

    /// The ids that are shared with the caller: an array, so that the planner can join the indexes of owner, group and id
    /// rather than read every row.
    pub(super) fn push_shared_sql(&self, query: &mut QueryBuilder<Postgres>, columns: RowColumns) {
        let (Self::Scoped { employee_id, shared_with_group, shares_count: true, .. }, Some((_, table))) =
            (self, columns.shares)
        else {
            query.push("'{}'::uuid[]");
            return;
        };
        query.push("ARRAY(SELECT record_id FROM ").push(table);
        query.push(" WHERE (employee_id = ").push_bind(*employee_id);
        if let Some(group) = shared_with_group {
            query.push(" OR group_id = ").push_bind(*group);
        }
        query.push(") AND (expire_time IS NULL OR expire_time > now()))");
    }

    /// The same decision for a row at hand, shares aside.
    pub fn covers(&self, owner_id: Option<Uuid>, group_id: Option<Uuid>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Scoped { employee_id, group_ids, .. } => {
                owner_id == Some(*employee_id) || group_id.is_some_and(|group| group_ids.binary_search(&group).is_ok())
            }
        }
    }
}
