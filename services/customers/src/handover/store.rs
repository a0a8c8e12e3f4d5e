//! All SQL of handovers.

use chrono::{DateTime, Utc};
use contracts::customers::{HandoverLine, HandoverState, OwnershipReason};
use platform::access::{RowColumns, RowPredicate};
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::Receiver;
use crate::customer::list::Selection;
use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

/// Whose handovers are whose: of who started it, and of the group that it goes from.
const ROWS: RowColumns = RowColumns { owner: "h.create_user_id", group: "h.group_id", shares: None };

const COLUMNS: &str =
    "h.id, h.from_employee_id, h.group_id, h.actor_id, h.create_user_id, h.receivers, h.filter, h.note,
    h.state, h.failure, h.expected_count, h.create_time, h.end_time, h.job_id,
    (SELECT j.state FROM job j WHERE j.id = h.job_id)";

pub const CUSTOMER: &str = "customer";
pub const INTERACTION: &str = "interaction";

#[derive(Debug, Clone)]
pub struct Stored {
    pub id: Uuid,
    pub from_employee_id: Uuid,
    pub group_id: Option<Uuid>,
    pub actor_id: Uuid,
    pub create_user_id: Uuid,
    pub receivers: Vec<Receiver>,
    pub filter: String,
    pub note: String,
    pub state: HandoverState,
    /// Id of the reason.
    pub failure: String,
    pub expected_count: i64,
    pub create_time: DateTime<Utc>,
    pub end_time: Option<DateTime<Utc>>,
    pub job_id: Uuid,
}

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    let Json(receivers) = row.try_get::<Json<Vec<Receiver>>, _>(5)?;
    let mut state = HandoverState::try_from(i32::from(row.try_get::<i16, _>(8)?)).unwrap_or_default();
    let mut failure: String = row.try_get(9)?;
    let under_way = matches!(row.try_get::<Option<&str>, _>(14)?, Some("pending" | "leased"));
    // A job that is over without having said so has broken off.
    if matches!(state, HandoverState::Running | HandoverState::Undoing) && !under_way {
        (state, failure) = (HandoverState::Failed, reason::HANDOVER_BROKE_OFF.id.to_owned());
    }
    Ok(Stored {
        id: row.try_get(0)?,
        from_employee_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        actor_id: row.try_get(3)?,
        create_user_id: row.try_get(4)?,
        receivers,
        filter: row.try_get(6)?,
        note: row.try_get(7)?,
        state,
        failure,
        expected_count: row.try_get(10)?,
        create_time: row.try_get(11)?,
        end_time: row.try_get(12)?,
        job_id: row.try_get(13)?,
    })
}

fn select() -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM handover h WHERE ");
    sql
}

pub async fn handover_insert(connection: &mut PgConnection, new: &Stored) -> Result<DateTime<Utc>> {
    // One that broke off without saying so does not stand in the way.
    sqlx::query(
        "UPDATE handover h SET state = 5, failure = $2, end_time = now()
         WHERE h.from_employee_id = $1 AND h.state IN (1, 3)
           AND NOT EXISTS (SELECT FROM job j WHERE j.id = h.job_id AND j.state IN ('pending', 'leased'))",
    )
    .bind(new.from_employee_id)
    .bind(reason::HANDOVER_BROKE_OFF.id)
    .execute(&mut *connection)
    .await?;
    let time = sqlx::query_scalar(
        "INSERT INTO handover
             (id, from_employee_id, group_id, actor_id, create_user_id, receivers, filter, note, state, expected_count,
              job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING create_time",
    )
    .bind(new.id)
    .bind(new.from_employee_id)
    .bind(new.group_id)
    .bind(new.actor_id)
    .bind(new.create_user_id)
    .bind(Json(&new.receivers))
    .bind(&new.filter)
    .bind(&new.note)
    .bind(new.state as i16)
    .bind(new.expected_count)
    .bind(new.job_id)
    .fetch_one(connection)
    .await;
    time.map_err(|error| on_constraint(error, &[("handover_running", running)]))
}

fn running() -> Error {
    Error::failed_precondition(&reason::HANDOVER_RUNNING)
}

pub async fn handover_get(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Stored> {
    let mut sql = select();
    sql.push("h.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, ROWS);
    let row = sql.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held until the transaction ends.
pub async fn handover_lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Stored> {
    let mut sql = select();
    sql.push("h.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, ROWS);
    sql.push(" FOR NO KEY UPDATE OF h");
    let row = sql.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The handover that a job works on, held until the transaction ends; nothing when it is no longer this job's.
pub async fn handover_of_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid) -> Result<Option<Stored>> {
    let mut sql = select();
    sql.push("h.state IN (1, 3) AND h.id = ").push_bind(id).push(" AND h.job_id = ").push_bind(job_id);
    sql.push(" FOR NO KEY UPDATE OF h");
    let row = sql.build().fetch_optional(connection).await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

pub async fn handover_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut sql = select();
    rows.push_sql(&mut sql, ROWS);
    if let Some(after) = after {
        sql.push(" AND h.id < ").push_bind(after);
    }
    sql.push(" ORDER BY h.id DESC LIMIT ").push_bind(limit);
    let found = sql.build().fetch_all(connection).await?;
    Ok(found.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

/// Begins the way back.
pub async fn undo_begin(connection: &mut PgConnection, id: Uuid, actor_id: Uuid, job_id: Uuid) -> Result<()> {
    let begun = sqlx::query(
        "UPDATE handover SET state = 3, failure = '', actor_id = $2, job_id = $3, end_time = NULL WHERE id = $1",
    );
    let begun = begun.bind(id).bind(actor_id).bind(job_id).execute(connection).await;
    begun.map_err(|error| on_constraint(error, &[("handover_running", running)]))?;
    Ok(())
}

/// Ends a run, unless it is no longer this job's.
pub async fn handover_end(
    connection: &mut PgConnection,
    id: Uuid,
    job_id: Uuid,
    state: HandoverState,
    failure: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE handover SET state = $3, failure = $4, end_time = now()
         WHERE id = $1 AND job_id = $2 AND state IN (1, 3)",
    )
    .bind(id)
    .bind(job_id)
    .bind(state as i16)
    .bind(failure)
    .execute(connection)
    .await?;
    Ok(())
}

/// Which customers go.
pub struct Going<'a> {
    pub from_employee_id: Uuid,
    pub selection: &'a Selection,
    /// All of the employee's, those out of use as well.
    pub everything: bool,
}

impl Going<'_> {
    fn push_sql(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push("c.owner_id = ").push_bind(self.from_employee_id).push(" AND ");
        if self.selection.active_only && !self.everything {
            sql.push("c.state = 1 AND ");
        }
        self.selection.predicate.push_sql(sql, &self.selection.context);
    }
}

/// How many customers go, how many interactions are planned with them, and how many customers the rows leave out.
pub async fn going_count(
    connection: &mut PgConnection,
    going: &Going<'_>,
    rows: &RowPredicate,
) -> Result<(i64, i64, i64)> {
    let mut sql = QueryBuilder::new("WITH going AS (SELECT c.id, coalesce(");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(", false) AS covered FROM customer c WHERE ");
    going.push_sql(&mut sql);
    sql.push(
        ") SELECT (SELECT count(*) FROM going WHERE covered),
                  (SELECT count(*) FROM interaction i JOIN going g ON g.id = i.customer_id AND g.covered
                   WHERE i.state = 1 AND i.employee_id = ",
    );
    sql.push_bind(going.from_employee_id).push("), (SELECT count(*) FROM going WHERE NOT covered)");
    Ok(sql.build_query_as().fetch_one(connection).await?)
}

/// The next customers that go, with their regions; held until the transaction ends, in the order of ids as everybody holds
/// them. No more than were there a moment ago; whether there was any.
pub async fn going_lock(
    connection: &mut PgConnection,
    going: &Going<'_>,
    rows: &RowPredicate,
    limit: i64,
) -> Result<(bool, Vec<(Uuid, String)>)> {
    // By `customer_owner`: what has gone is no longer in the way of the next batch.
    let mut sql = QueryBuilder::new("SELECT c.id FROM customer c WHERE ");
    going.push_sql(&mut sql);
    sql.push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" ORDER BY c.create_time DESC, c.id DESC LIMIT ").push_bind(limit);
    let ids: Vec<Uuid> = sql.build_query_scalar().fetch_all(&mut *connection).await?;
    let mut sql = QueryBuilder::new("SELECT c.id, c.region FROM customer c WHERE c.id = ANY(");
    sql.push_bind(&ids).push(") AND ");
    going.push_sql(&mut sql);
    sql.push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" ORDER BY c.id FOR NO KEY UPDATE OF c");
    Ok((!ids.is_empty(), sql.build_query_as().fetch_all(connection).await?))
}

/// A planned interaction that has another employee now.
#[derive(sqlx::FromRow)]
pub struct Moved {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub employee_id: Uuid,
    pub revision: i64,
    pub r#type: i16,
    pub occur_time: DateTime<Utc>,
}

/// Gives what an employee has planned with customers to whoever has the customer now.
pub async fn planned_follow(
    connection: &mut PgConnection,
    from_employee_id: Uuid,
    (customer_ids, employee_ids): (&[Uuid], &[Uuid]),
) -> Result<Vec<Moved>> {
    let moved = sqlx::query_as(
        "UPDATE interaction i SET employee_id = n.employee_id, update_time = now(), revision = i.revision + 1
         FROM unnest($2::uuid[], $3::uuid[]) AS n (customer_id, employee_id)
         WHERE i.customer_id = n.customer_id AND i.employee_id = $1 AND i.state = 1
         RETURNING i.id, i.customer_id, i.employee_id, i.revision, i.type, i.occur_time",
    );
    Ok(moved.bind(from_employee_id).bind(customer_ids).bind(employee_ids).fetch_all(connection).await?)
}

/// A record that was moved.
pub struct Item {
    pub record_id: Uuid,
    pub customer_id: Uuid,
    pub kind: &'static str,
    pub employee_id: Uuid,
}

/// Notes what was moved, and counts it.
pub async fn items_insert(connection: &mut PgConnection, id: Uuid, items: &[Item]) -> Result<()> {
    sqlx::query(
        "WITH item AS (
             INSERT INTO handover_item (handover_id, record_id, customer_id, kind, employee_id)
             SELECT $1, n.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) AS n
             -- Somebody has given it back while this runs.
             ON CONFLICT (handover_id, record_id) DO UPDATE SET employee_id = excluded.employee_id
             RETURNING kind, employee_id
         )
         INSERT INTO handover_line AS l (handover_id, kind, employee_id, moved_count)
         SELECT $1, kind, employee_id, count(*) FROM item GROUP BY kind, employee_id
         ON CONFLICT (handover_id, kind, employee_id) DO UPDATE SET moved_count = l.moved_count + excluded.moved_count",
    )
    .bind(id)
    .bind(items.iter().map(|item| item.record_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.customer_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.kind).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.employee_id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The lines of several handovers.
pub async fn line_list(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, HandoverLine)>> {
    let rows = sqlx::query(
        "SELECT handover_id, kind, employee_id, moved_count, returned_count, kept_count FROM handover_line
         WHERE handover_id = ANY($1) ORDER BY handover_id, kind, employee_id",
    );
    let line = |row: &PgRow| {
        let line = HandoverLine {
            kind: row.try_get(1)?,
            employee_id: row.try_get::<Uuid, _>(2)?.to_string(),
            employee_name: String::new(),
            moved_count: row.try_get(3)?,
            returned_count: row.try_get(4)?,
            kept_count: row.try_get(5)?,
        };
        Ok((row.try_get(0)?, line))
    };
    Ok(rows.bind(ids).fetch_all(connection).await?.iter().map(line).collect::<sqlx::Result<_>>()?)
}

/// The next customers that are to come back, held; each with whether it can: it has not changed hands since, and the rows
/// cover it. Those that are gone are not among them.
pub async fn returning_lock(
    connection: &mut PgConnection,
    id: Uuid,
    rows: &RowPredicate,
    limit: i64,
) -> Result<(Vec<Uuid>, Vec<(Uuid, bool)>)> {
    // Served by `handover_item_moved`.
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT customer_id FROM handover_item WHERE handover_id = $1 AND state = 1 ORDER BY customer_id LIMIT $2",
    )
    .bind(id)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let mut sql = QueryBuilder::new("SELECT c.id, coalesce(c.owner_cause ->> 'handover_id' = ");
    sql.push_bind(id.to_string()).push(" AND (c.owner_cause ->> 'reason')::int = ");
    sql.push_bind(OwnershipReason::HandedOver as i32).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(", false) FROM customer c WHERE c.id = ANY(").push_bind(&ids);
    sql.push(") ORDER BY c.id FOR NO KEY UPDATE OF c");
    let found = sql.build_query_as().fetch_all(connection).await?;
    Ok((ids, found))
}

/// Gives back what is still planned with customers that came back.
pub async fn planned_return(
    connection: &mut PgConnection,
    id: Uuid,
    to_employee_id: Uuid,
    customer_ids: &[Uuid],
) -> Result<Vec<Moved>> {
    let moved = sqlx::query_as(
        "UPDATE interaction i SET employee_id = $2, update_time = now(), revision = i.revision + 1
         FROM handover_item n
         WHERE n.handover_id = $1 AND n.state = 1 AND n.kind = 'interaction' AND n.customer_id = ANY($3)
           AND i.id = n.record_id AND i.employee_id = n.employee_id AND i.state = 1
         RETURNING i.id, i.customer_id, i.employee_id, i.revision, i.type, i.occur_time",
    );
    Ok(moved.bind(id).bind(to_employee_id).bind(customer_ids).fetch_all(connection).await?)
}

/// Notes what came back of these customers and what belongs to them; the rest is kept by whoever has it.
pub async fn items_settle(
    connection: &mut PgConnection,
    id: Uuid,
    customer_ids: &[Uuid],
    returned: &[Uuid],
) -> Result<()> {
    sqlx::query(
        "WITH item AS (
             UPDATE handover_item SET state = CASE WHEN record_id = ANY($3) THEN 2 ELSE 3 END
             WHERE handover_id = $1 AND state = 1 AND customer_id = ANY($2)
             RETURNING kind, employee_id, state
         ), sums AS (
             SELECT kind, employee_id, count(*) FILTER (WHERE state = 2) AS returned,
                    count(*) FILTER (WHERE state = 3) AS kept
             FROM item GROUP BY kind, employee_id
         )
         UPDATE handover_line l
         SET returned_count = l.returned_count + s.returned, kept_count = l.kept_count + s.kept
         FROM sums s WHERE l.handover_id = $1 AND l.kind = s.kind AND l.employee_id = s.employee_id",
    )
    .bind(id)
    .bind(customer_ids)
    .bind(returned)
    .execute(connection)
    .await?;
    Ok(())
}

/// One line of the report.
#[derive(sqlx::FromRow)]
pub struct Reported {
    pub record_id: Uuid,
    pub customer_id: Uuid,
    pub kind: String,
    pub employee_id: Uuid,
    pub state: i16,
    pub number: Option<String>,
    pub name: Option<String>,
    pub subject: Option<String>,
}

/// What was moved behind a record, with the names of what the reader may read.
pub async fn item_list(
    connection: &mut PgConnection,
    id: Uuid,
    (customers, interactions): (&RowPredicate, &RowPredicate),
    after: Uuid,
    limit: i64,
) -> Result<Vec<Reported>> {
    let mut sql = QueryBuilder::new("SELECT n.record_id, n.customer_id, n.kind, n.employee_id, n.state, CASE WHEN ");
    customers.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" THEN c.number END AS number, CASE WHEN ");
    customers.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" THEN c.name END AS name, CASE WHEN ");
    interactions.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(
        " THEN i.subject END AS subject
         FROM handover_item n
         LEFT JOIN customer c ON c.id = n.customer_id
         LEFT JOIN interaction i ON i.id = n.record_id AND n.kind = 'interaction'
         WHERE n.handover_id = ",
    );
    sql.push_bind(id).push(" AND n.record_id > ").push_bind(after);
    sql.push(" ORDER BY n.record_id LIMIT ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}
