//! Whose pool is whose, and what of a customer shows there.

use contracts::customers::{Customer, PoolRule};
use contracts::options::{Permission, Scope};
use platform::access::{Caller, RowPredicate};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// The fields that are hidden in the pool, by which nobody may filter it.
pub const HIDDEN: [&str; 7] =
    ["phone", "email", "website", "id_number", "legal_representative", "bank_account", "remark"];

/// The pools that a caller may claim from. A customer without a group is in everybody's.
#[derive(Debug, Clone, PartialEq)]
pub enum Pools {
    All,
    Of(Vec<Uuid>),
}

impl Pools {
    pub fn of(caller: &Caller) -> Self {
        // Nobody owns what is in the pool, so the scope "own" means the caller's own group.
        if caller.scope(Permission::CustomersClaim) == Scope::Own {
            return Self::Of(caller.group_id().into_iter().collect());
        }
        match caller.rows(Permission::CustomersClaim) {
            RowPredicate::All => Self::All,
            RowPredicate::Nothing => Self::Of(Vec::new()),
            RowPredicate::Scoped { group_ids, .. } => Self::Of(group_ids.to_vec()),
        }
    }

    /// As one parenthesised expression over a column with the group.
    pub fn push_sql(&self, sql: &mut QueryBuilder<Postgres>, group: &str) {
        match self {
            Self::All => sql.push("TRUE"),
            Self::Of(groups) => {
                sql.push("(").push(group).push(" IS NULL OR ").push(group).push(" = ANY(");
                sql.push_bind(groups.clone()).push("))")
            }
        };
    }
}

/// Takes out what tells how to reach the customer, and other personal data.
pub fn hide(customer: &mut Customer, personal_keys: &[String]) {
    for text in [
        &mut customer.phone,
        &mut customer.email,
        &mut customer.website,
        &mut customer.id_number,
        &mut customer.legal_representative,
        &mut customer.bank_account,
        &mut customer.remark,
    ] {
        text.clear();
    }
    customer.addresses.clear();
    for key in personal_keys {
        customer.custom_fields.remove(key);
    }
}

/// The limit that one more claim would break.
#[derive(Debug, PartialEq, Eq)]
pub enum Quota {
    Owned(i32),
    Claims(i32),
}

pub fn exceeded(rule: &PoolRule, owned: i64, claims_today: i64) -> Option<Quota> {
    let reached = |limit: i32, count: i64| limit > 0 && count >= i64::from(limit);
    if reached(rule.max_owned, owned) {
        return Some(Quota::Owned(rule.max_owned));
    }
    reached(rule.max_claims_per_day, claims_today).then_some(Quota::Claims(rule.max_claims_per_day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_zero_is_none() {
        let rule = PoolRule { max_owned: 2, max_claims_per_day: 0, ..Default::default() };
        assert_eq!(exceeded(&rule, 1, 1_000), None);
        assert_eq!(exceeded(&rule, 2, 0), Some(Quota::Owned(2)));
        let rule = PoolRule { max_owned: 0, max_claims_per_day: 3, ..Default::default() };
        assert_eq!(exceeded(&rule, 1_000, 2), None);
        assert_eq!(exceeded(&rule, 0, 3), Some(Quota::Claims(3)));
    }

    #[test]
    fn what_shows_in_the_pool_reaches_nobody() {
        let mut customer = Customer {
            name: "张三".into(),
            phone: "13800138000".into(),
            email: "a@b.cn".into(),
            level: "A".into(),
            custom_fields: [("passport".to_owned(), Default::default()), ("budget".to_owned(), Default::default())]
                .into(),
            ..Default::default()
        };
        hide(&mut customer, &["passport".into()]);
        assert_eq!((customer.phone.as_str(), customer.email.as_str()), ("", ""));
        assert_eq!((customer.name.as_str(), customer.level.as_str()), ("张三", "A"));
        assert_eq!(customer.custom_fields.keys().collect::<Vec<_>>(), ["budget"]);
    }
}
