//! All SQL of stages, cases and the rules that warn.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::{ChurnCase, ChurnRule, ChurnState, ChurnStep, CustomerStage, StageChange};
use platform::access::{Policy, RowPredicate};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::filter::{EvalContext, Predicate};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::customer::row::COLUMNS as CUSTOMER;
use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

const CASE: &str =
    "SELECT k.id, k.customer_id, c.name, k.state, coalesce(r.label, ''), k.cause, k.owner_id, k.due_date,
        k.measures, k.loss_code, k.note, k.create_time, k.end_time, k.revision
    FROM churn_case k JOIN customer c ON c.id = k.customer_id LEFT JOIN churn_rule r ON r.id = k.rule_id WHERE ";

const RULE: &str =
    "id, label, filter, due_days, quiet_days, create_time, update_time, revision, create_user_id, update_user_id";

fn name(policy: &Policy, id: Option<Uuid>) -> String {
    id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default()
}

fn case(row: &PgRow, policy: &Policy) -> sqlx::Result<ChurnCase> {
    let owner_id: Uuid = row.try_get(6)?;
    Ok(ChurnCase {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        customer_name: row.try_get(2)?,
        state: row.try_get::<i16, _>(3)?.into(),
        rule_label: row.try_get(4)?,
        cause: row.try_get(5)?,
        owner_id: owner_id.to_string(),
        owner_name: name(policy, Some(owner_id)),
        due_date: row.try_get::<NaiveDate, _>(7)?.to_string(),
        measures: row.try_get(8)?,
        loss_code: row.try_get(9)?,
        note: row.try_get(10)?,
        create_time: Some(timestamp(row.try_get(11)?)),
        end_time: row.try_get::<Option<_>, _>(12)?.map(timestamp),
        etag: etag(row.try_get(13)?),
    })
}

/// The first due first, behind a place. Served by `churn_case_due`.
pub async fn case_list(
    connection: &mut PgConnection,
    policy: &Policy,
    rows: &RowPredicate,
    (predicate, context): (&Predicate, &EvalContext),
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<ChurnCase>> {
    let mut sql = QueryBuilder::<Postgres>::new(CASE);
    predicate.push_sql(&mut sql, context);
    sql.push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    if let Some((date, id)) = after {
        sql.push(" AND (k.due_date, k.id) > (").push_bind(date).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY k.due_date, k.id LIMIT ").push(limit);
    let rows = sql.build().fetch_all(connection).await?;
    Ok(rows.iter().map(|row| case(row, policy)).collect::<sqlx::Result<_>>()?)
}

/// NOT_FOUND unless the rows cover its customer.
pub async fn case_get(
    connection: &mut PgConnection,
    policy: &Policy,
    rows: &RowPredicate,
    id: Uuid,
) -> Result<ChurnCase> {
    let mut sql = QueryBuilder::<Postgres>::new(CASE);
    sql.push("k.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let row = sql.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(case(&row, policy)?)
}

/// A case to be.
pub struct NewCase<'a> {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub cause: &'a str,
    pub owner_id: Uuid,
    pub due_date: NaiveDate,
}

pub async fn case_insert(connection: &mut PgConnection, new: &NewCase<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO churn_case (id, customer_id, state, cause, owner_id, due_date) VALUES ($1, $2, 1, $3, $4, $5)",
    )
    .bind(new.id)
    .bind(new.customer_id)
    .bind(new.cause)
    .bind(new.owner_id)
    .bind(new.due_date)
    .execute(connection)
    .await
    .map_err(|error| {
        let open = || Error::failed_precondition(&reason::CHURN_CASE_OPEN);
        on_constraint(error, &[("churn_case_open", open)])
    })?;
    Ok(())
}

/// What a step makes of a case.
pub struct Changed<'a> {
    pub state: ChurnState,
    pub owner_id: Uuid,
    pub due_date: NaiveDate,
    pub measures: &'a str,
    pub loss_code: &'a str,
    pub note: &'a str,
}

pub async fn case_update(connection: &mut PgConnection, id: Uuid, changed: &Changed<'_>) -> Result<()> {
    sqlx::query(
        "UPDATE churn_case SET
             state = $2, owner_id = $3, due_date = $4, measures = $5, loss_code = $6, note = $7, update_time = now(),
             end_time = CASE WHEN $2 IN (3, 4) THEN now() END, revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(changed.state as i16)
    .bind(changed.owner_id)
    .bind(changed.due_date)
    .bind(changed.measures)
    .bind(changed.loss_code)
    .bind(changed.note)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn step_insert(
    connection: &mut PgConnection,
    case_id: Uuid,
    note: &str,
    author_id: Option<Uuid>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO churn_step (id, case_id, state, owner_id, due_date, note, author_id)
         SELECT $2, id, state, owner_id, due_date, $3, $4 FROM churn_case WHERE id = $1",
    )
    .bind(case_id)
    .bind(Uuid::now_v7())
    .bind(note)
    .bind(author_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// In order, behind a place.
pub async fn step_list(
    connection: &mut PgConnection,
    policy: &Policy,
    case_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(ChurnStep, DateTime<Utc>)>> {
    let rows = sqlx::query(
        "SELECT id, state, owner_id, due_date, note, step_time, author_id FROM churn_step
         WHERE case_id = $1 AND ($2::timestamptz IS NULL OR (step_time, id) > ($2, $3))
         ORDER BY step_time, id LIMIT $4",
    )
    .bind(case_id)
    .bind(after.map(|(time, _)| time))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let step = |row: &PgRow| {
        let time = row.try_get(5)?;
        let user_id: Option<Uuid> = row.try_get(6)?;
        let step = ChurnStep {
            id: row.try_get::<Uuid, _>(0)?.to_string(),
            state: row.try_get::<i16, _>(1)?.into(),
            owner_name: name(policy, row.try_get(2)?),
            due_date: row.try_get::<NaiveDate, _>(3)?.to_string(),
            note: row.try_get(4)?,
            step_time: Some(timestamp(time)),
            user_id: user_id.map(|id| id.to_string()).unwrap_or_default(),
            user_name: name(policy, user_id),
        };
        Ok((step, time))
    };
    Ok(rows.iter().map(step).collect::<sqlx::Result<_>>()?)
}

/// Moves a locked customer to another stage and notes it; the row as it is then.
pub async fn stage_set(
    connection: &mut PgConnection,
    customer_id: Uuid,
    (before, after): (CustomerStage, CustomerStage),
    reason: &str,
    author_id: Option<Uuid>,
) -> Result<PgRow> {
    let sql = format!(
        "WITH noted AS (
             INSERT INTO stage_change (id, customer_id, before, after, reason, author_id) VALUES ($2, $1, $3, $4, $5, $6)
         )
         UPDATE customer c
         SET stage = $4, update_time = now(), update_user_id = $6, revision = c.revision + 1
         WHERE c.id = $1 RETURNING {CUSTOMER}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(customer_id)
        .bind(Uuid::now_v7())
        .bind(before as i16)
        .bind(after as i16)
        .bind(reason)
        .bind(author_id);
    Ok(row.fetch_one(connection).await?)
}

/// The last first, behind a place. Served by `stage_change_customer`.
pub async fn stage_list(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(StageChange, DateTime<Utc>)>> {
    let rows = sqlx::query(
        "SELECT id, before, after, reason, change_time, author_id FROM stage_change
         WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (change_time, id) < ($2, $3))
         ORDER BY change_time DESC, id DESC LIMIT $4",
    )
    .bind(customer_id)
    .bind(after.map(|(time, _)| time))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let change = |row: &PgRow| {
        let time = row.try_get(4)?;
        let user_id: Option<Uuid> = row.try_get(5)?;
        let change = StageChange {
            id: row.try_get::<Uuid, _>(0)?.to_string(),
            before: row.try_get::<i16, _>(1)?.into(),
            after: row.try_get::<i16, _>(2)?.into(),
            reason: row.try_get(3)?,
            change_time: Some(timestamp(time)),
            user_id: user_id.map(|id| id.to_string()).unwrap_or_default(),
            user_name: name(policy, user_id),
        };
        Ok((change, time))
    };
    Ok(rows.iter().map(change).collect::<sqlx::Result<_>>()?)
}

fn rule(row: &PgRow) -> sqlx::Result<ChurnRule> {
    Ok(ChurnRule {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        label: row.try_get(1)?,
        filter: row.try_get(2)?,
        due_days: row.try_get(3)?,
        quiet_days: row.try_get(4)?,
        create_time: Some(timestamp(row.try_get(5)?)),
        update_time: Some(timestamp(row.try_get(6)?)),
        etag: etag(row.try_get(7)?),
        create_user_id: author(row, 8)?,
        update_user_id: author(row, 9)?,
    })
}

/// All of them, in the order of lists; there are few.
pub async fn rule_all(connection: &mut PgConnection) -> Result<Vec<ChurnRule>> {
    let sql = format!("SELECT {RULE} FROM churn_rule ORDER BY label COLLATE \"C\", id");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    Ok(rows.iter().map(rule).collect::<sqlx::Result<_>>()?)
}

/// Held until the transaction ends.
pub async fn rule_lock(connection: &mut PgConnection, id: Uuid) -> Result<ChurnRule> {
    let sql = format!("SELECT {RULE} FROM churn_rule WHERE id = $1 FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(rule(&row.ok_or_else(Error::not_found)?)?)
}

fn label_taken() -> Error {
    Error::already_exists("churn_rule.label", &reason::CHURN_RULE_LABEL_TAKEN)
}

/// Creates a rule, or changes the one of this id.
pub async fn rule_save(connection: &mut PgConnection, id: Uuid, new: &ChurnRule) -> Result<ChurnRule> {
    let sql = format!(
        "INSERT INTO churn_rule AS r (id, label, filter, due_days, quiet_days) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET
             label = $2, filter = $3, due_days = $4, quiet_days = $5, update_time = now(), revision = r.revision + 1
         RETURNING {RULE}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(&new.label)
        .bind(&new.filter)
        .bind(new.due_days)
        .bind(new.quiet_days)
        .fetch_one(connection)
        .await
        .map_err(|error| on_constraint(error, &[("churn_rule_label", label_taken)]))?;
    Ok(rule(&row)?)
}

pub async fn rule_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM churn_rule WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}
