//! When customers go back to the pool, as one SQL expression that the daily round, previews and lists share.

use chrono::{DateTime, FixedOffset, Utc};
use contracts::customers::Pool;
use platform::filter::{self, EvalContext, Predicate, Schema};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::sources::Sources;

/// The rules of all pools, ready to run.
pub struct Recycling<'a> {
    sources: &'a Sources,
    pools: Vec<(Uuid, Vec<Rule>)>,
    context: EvalContext,
}

struct Rule {
    label: String,
    after_days: i32,
    protection_days: i32,
    predicate: Predicate,
}

impl<'a> Recycling<'a> {
    pub fn new(sources: &'a Sources, schema: &Schema, zone: FixedOffset) -> Self {
        let pools = sources.pools().iter().filter_map(|pool| {
            let rules: Vec<Rule> =
                pool.recycling_rules.iter().filter_map(|rule| compiled(pool, rule, schema)).collect();
            Some((pool.id.parse().ok()?, rules)).filter(|(_, rules)| !rules.is_empty())
        });
        // A rule is nobody's, so `me()` is no one.
        let context = EvalContext::at(Utc::now().with_timezone(&zone), None);
        Self { sources, pools: pools.collect(), context }
    }

    /// No pool has a rule.
    pub fn is_off(&self) -> bool {
        self.pools.is_empty()
    }

    /// When the customer `c` goes back, NULL when it doesn't.
    pub fn push_time(&self, sql: &mut QueryBuilder<Postgres>) {
        self.push_by_pool(sql, |sql, rules| {
            sql.push("LEAST(");
            for (index, rule) in rules.iter().enumerate() {
                sql.push(if index > 0 { ", " } else { "" }).push("CASE WHEN ");
                rule.predicate.push_sql(sql, &self.context);
                sql.push(" THEN ");
                rule.push_time(sql);
                sql.push(" END");
            }
            sql.push(")");
        });
    }

    /// The label of the first rule that holds at a time.
    pub fn push_label(&self, sql: &mut QueryBuilder<Postgres>, now: DateTime<Utc>) {
        self.push_by_pool(sql, |sql, rules| {
            sql.push("CASE");
            for rule in rules {
                sql.push(" WHEN ");
                rule.predicate.push_sql(sql, &self.context);
                sql.push(" AND ");
                rule.push_time(sql);
                sql.push(" <= ").push_bind(now).push(" THEN ").push_bind(rule.label.clone());
            }
            sql.push(" END");
        });
    }

    fn push_by_pool(
        &self,
        sql: &mut QueryBuilder<Postgres>,
        push_rules: impl Fn(&mut QueryBuilder<Postgres>, &[Rule]),
    ) {
        if self.pools.is_empty() {
            sql.push("NULL");
            return;
        }
        sql.push("CASE (");
        self.sources.push_id(sql);
        sql.push(")");
        for (pool_id, rules) in &self.pools {
            sql.push(" WHEN ").push_bind(*pool_id).push(" THEN ");
            push_rules(sql, rules);
        }
        sql.push(" END");
    }
}

impl Rule {
    /// When it holds at the earliest. GREATEST passes over the contact that there never was.
    fn push_time(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push("GREATEST(GREATEST(c.owner_time");
        if self.after_days > 0 {
            sql.push(", c.last_contact_time");
        }
        sql.push(") + make_interval(days => ").push_bind(self.after_days);
        sql.push("), c.owner_time + make_interval(days => ").push_bind(self.protection_days).push("))");
    }
}

/// Nothing where the filter doesn't hold good any more, as when a field has gone: what nobody can decide stays.
fn compiled(pool: &Pool, rule: &contracts::customers::RecyclingRule, schema: &Schema) -> Option<Rule> {
    match filter::compile(&rule.filter, schema) {
        Ok(predicate) => Some(Rule {
            label: rule.label.clone(),
            after_days: rule.after_days,
            protection_days: pool.protection_days,
            predicate,
        }),
        Err(error) => {
            tracing::warn!(pool = pool.id, label = rule.label, "recycling rule left out: {}", error.message_en());
            None
        }
    }
}
