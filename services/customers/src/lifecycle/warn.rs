//! Opens cases for customers of whom a rule warns. Part of the judging of customers, so what it asks about is up to date.

use chrono::NaiveDate;
use contracts::customers::ChurnRule;
use platform::error::Result;
use platform::filter::{EvalContext, Predicate};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// A rule, ready to run.
pub struct Warning {
    pub rule: ChurnRule,
    pub predicate: Predicate,
}

impl Warning {
    /// Whether the rule warns of the customer `c` today. Who has ended, or nobody owns, is no longer or not yet to be kept.
    pub fn push_sql(&self, sql: &mut QueryBuilder<Postgres>, context: &EvalContext) {
        sql.push("c.state = 1 AND c.owner_id IS NOT NULL AND c.stage <> 3 AND ");
        self.predicate.push_sql(sql, context);
        sql.push(
            " AND NOT EXISTS (SELECT FROM churn_case k WHERE k.customer_id = c.id
                AND (k.state IN (1, 2) OR k.end_time > now() - make_interval(days => ",
        );
        sql.push_bind(self.rule.quiet_days).push(")))");
    }
}

/// Opens the cases that are missing: case and customer.
pub async fn warn(
    connection: &mut PgConnection,
    warning: &Warning,
    context: &EvalContext,
    ids: &[Uuid],
    today: NaiveDate,
) -> Result<Vec<(Uuid, Uuid)>> {
    let mut sql = QueryBuilder::new(
        "WITH opened AS (
             INSERT INTO churn_case (id, customer_id, state, rule_id, cause, owner_id, due_date)
             SELECT gen_random_uuid(), c.id, 1, ",
    );
    sql.push_bind(warning.rule.id.parse::<Uuid>().unwrap_or_default()).push(", ");
    sql.push_bind(warning.rule.label.clone()).push(", c.owner_id, ").push_bind(today).push("::date + ");
    sql.push_bind(warning.rule.due_days).push("::int FROM customer c WHERE c.id = ANY(").push_bind(ids.to_vec());
    sql.push(") AND ");
    warning.push_sql(&mut sql, context);
    // Two that judge at once open one.
    sql.push(
        " ON CONFLICT (customer_id) WHERE state IN (1, 2) DO NOTHING
          RETURNING id, customer_id, state, owner_id, due_date, cause
         ), noted AS (
             INSERT INTO churn_step (id, case_id, state, owner_id, due_date, note)
             SELECT gen_random_uuid(), id, state, owner_id, due_date, cause FROM opened
         )
         SELECT id, customer_id FROM opened",
    );
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// How many customers a rule would warn of.
pub async fn count(connection: &mut PgConnection, warning: &Warning, context: &EvalContext) -> Result<i64> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM customer c WHERE ");
    warning.push_sql(&mut sql, context);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

pub use super::store::rule_all;
