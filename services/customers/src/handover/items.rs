//! All SQL of what handovers move: customers, and what is planned with them.

use chrono::{DateTime, Utc};
use contracts::customers::OwnershipReason;
use platform::access::RowPredicate;
use platform::error::Result;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::customer::list::Selection;
use crate::parent::CUSTOMER_ROWS;

pub const CUSTOMER: &str = "customer";
pub const INTERACTION: &str = "interaction";

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
