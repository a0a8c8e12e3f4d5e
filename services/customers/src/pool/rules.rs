//! Whose pool is whose, what of a customer shows there, and what a pool must be.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::{Customer, Pool};
use contracts::options::{Permission, PersonalData};
use platform::access::{Caller, Policy, RowPredicate};
use platform::error::{Reason, Violation, reason as common};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::sources::ids;
use crate::dictionary::cache::Dictionaries;
use crate::error::reason;
use crate::field::Fields;

/// The fields that are hidden in the pool, by which nobody may filter it.
pub const HIDDEN: [&str; 7] =
    ["phone", "email", "website", "id_number", "legal_representative", "bank_account", "remark"];

/// The groups from whose customers a caller may claim. A customer without a group is in everybody's reach.
#[derive(Debug, Clone, PartialEq)]
pub enum Reach {
    All,
    Of(Vec<Uuid>),
}

impl Reach {
    pub fn of(caller: &Caller) -> Self {
        match caller.rows(Permission::CustomersClaim) {
            RowPredicate::All => Self::All,
            RowPredicate::Nothing => Self::Of(Vec::new()),
            // Nobody owns what is in the pool, so what is the caller's own is what lies in the caller's own group.
            RowPredicate::Scoped { group_ids, .. } => {
                Self::Of(group_ids.iter().copied().chain(caller.group_id()).collect())
            }
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

    /// Whether a pool can hold a customer within reach.
    pub fn meets(&self, pool: &Pool, policy: &Policy) -> bool {
        let Self::Of(reached) = self else { return true };
        pool.group_ids.is_empty()
            || ids(&pool.group_ids).iter().any(|named| {
                let below: Arc<[Uuid]> = policy.group_and_below(*named);
                reached.iter().any(|group| below.binary_search(group).is_ok())
            })
    }
}

/// Custom fields that hold personal data.
pub fn personal_keys(fields: &Fields) -> Vec<String> {
    let personal = fields.all().filter(|field| field.personal_data() != PersonalData::Unspecified);
    personal.map(|field| field.key.clone()).collect()
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

pub fn exceeded(pool: &Pool, owned: i64, claims_today: i64) -> Option<Quota> {
    let reached = |limit: i32, count: i64| limit > 0 && count >= i64::from(limit);
    if reached(pool.max_owned, owned) {
        return Some(Quota::Owned(pool.max_owned));
    }
    reached(pool.max_claims_per_day, claims_today).then_some(Quota::Claims(pool.max_claims_per_day))
}

/// When who had a customer until `last_owned` may claim it again; nothing when that is now.
pub fn cooling_until(pool: &Pool, last_owned: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let until = last_owned? + TimeDelta::days(pool.cool_down_days.into());
    (pool.cool_down_days > 0 && until > now).then_some(until)
}

pub const MUTABLE: [&str; 10] = [
    "name_zh",
    "name_en",
    "group_ids",
    "regions",
    "manager_ids",
    "max_owned",
    "max_claims_per_day",
    "protection_days",
    "cool_down_days",
    "recycling_rules",
];

/// Takes the named fields over.
pub fn apply(pool: &mut Pool, wanted: &Pool, paths: &[&str]) {
    for path in paths {
        match *path {
            "name_zh" => wanted.name_zh.trim().clone_into(&mut pool.name_zh),
            "name_en" => wanted.name_en.trim().clone_into(&mut pool.name_en),
            "group_ids" => pool.group_ids.clone_from(&wanted.group_ids),
            "regions" => pool.regions.clone_from(&wanted.regions),
            "manager_ids" => pool.manager_ids.clone_from(&wanted.manager_ids),
            "max_owned" => pool.max_owned = wanted.max_owned,
            "max_claims_per_day" => pool.max_claims_per_day = wanted.max_claims_per_day,
            "protection_days" => pool.protection_days = wanted.protection_days,
            "cool_down_days" => pool.cool_down_days = wanted.cool_down_days,
            _ => pool.recycling_rules.clone_from(&wanted.recycling_rules),
        }
    }
}

/// Everything that is wrong with a pool by itself. What `before` holds already may have gone since.
pub fn check_pool(pool: &Pool, before: Option<&Pool>, policy: &Policy, dictionaries: &Dictionaries) -> Vec<Violation> {
    let mut faults = Vec::new();
    let mut add = |field: String, reason: &'static Reason, args| faults.push(Violation { field, reason, args });
    let kept = |list: fn(&Pool) -> &Vec<String>, one: &String| before.is_some_and(|pool| list(pool).contains(one));
    if pool.name_zh.is_empty() {
        add("pool.name_zh".into(), &common::VALUE_REQUIRED, Vec::new());
    }
    if pool.takes_rest && !(pool.group_ids.is_empty() && pool.regions.is_empty()) {
        add("pool.group_ids".into(), &reason::POOL_TAKES_REST, Vec::new());
    }
    for (index, id) in pool.group_ids.iter().enumerate() {
        let known = id.parse().is_ok_and(|id| policy.group(id).is_some());
        if !known && !kept(|pool| &pool.group_ids, id) {
            add(format!("pool.group_ids[{index}]"), &reason::GROUP_UNKNOWN, Vec::new());
        }
    }
    for (index, id) in pool.manager_ids.iter().enumerate() {
        let known = id.parse().is_ok_and(|id| policy.employee(id).is_some_and(|employee| employee.active));
        if !known && !kept(|pool| &pool.manager_ids, id) {
            add(format!("pool.manager_ids[{index}]"), &reason::OWNER_INVALID, Vec::new());
        }
    }
    for (index, code) in pool.regions.iter().enumerate() {
        if dictionaries.contains("region", code).is_none() && !kept(|pool| &pool.regions, code) {
            let args = vec![("dictionary", "region".to_owned()), ("code", code.clone())];
            add(format!("pool.regions[{index}]"), &reason::CODE_UNKNOWN, args);
        }
    }
    for (index, rule) in pool.recycling_rules.iter().enumerate() {
        if rule.after_days == 0 && rule.filter.trim().is_empty() {
            add(format!("pool.recycling_rules[{index}].after_days"), &reason::RECYCLING_RULE_EMPTY, Vec::new());
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use contracts::customers::RecyclingRule;

    use super::*;

    #[test]
    fn a_limit_of_zero_is_none() {
        let pool = Pool { max_owned: 2, max_claims_per_day: 0, ..Default::default() };
        assert_eq!(exceeded(&pool, 1, 1_000), None);
        assert_eq!(exceeded(&pool, 2, 0), Some(Quota::Owned(2)));
        let pool = Pool { max_owned: 0, max_claims_per_day: 3, ..Default::default() };
        assert_eq!(exceeded(&pool, 1_000, 2), None);
        assert_eq!(exceeded(&pool, 0, 3), Some(Quota::Claims(3)));
    }

    #[test]
    fn who_had_a_customer_waits_for_the_days_of_the_pool() {
        let now = Utc::now();
        let ago = |days| Some(now - TimeDelta::days(days));
        let pool = Pool { cool_down_days: 7, ..Default::default() };
        assert_eq!(cooling_until(&pool, None, now), None);
        assert_eq!(cooling_until(&pool, ago(7), now), None);
        assert_eq!(cooling_until(&pool, ago(5), now), Some(now + TimeDelta::days(2)));
        assert_eq!(cooling_until(&Pool::default(), ago(0), now), None);
    }

    #[test]
    fn a_pool_names_what_there_is_and_its_rules_say_something() {
        let rule = |after_days, filter: &str| RecyclingRule { after_days, filter: filter.into(), ..Default::default() };
        let pool = Pool {
            name_zh: "华东".into(),
            group_ids: vec![Uuid::now_v7().to_string()],
            regions: vec!["990000".into()],
            manager_ids: vec![Uuid::now_v7().to_string()],
            recycling_rules: vec![rule(30, ""), rule(0, "level = 'C'"), rule(0, " ")],
            ..Default::default()
        };
        let faults = |before| {
            let faults = check_pool(&pool, before, &Policy::default(), &Dictionaries::default());
            faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        let empty_rule = "pool.recycling_rules[2].after_days";
        assert_eq!(faults(None), ["pool.group_ids[0]", "pool.manager_ids[0]", "pool.regions[0]", empty_rule]);
        // What has gone since it was saved does not stand in the way of changing the rest.
        assert_eq!(faults(Some(&pool)), [empty_rule]);
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
