//! All SQL of searches for duplicates; that of the pairs is in `pairs`.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::DuplicateSearchState;
use platform::access::RowPredicate;
use platform::error::{Error, Result, on_constraint};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::{LARGEST_BLOCK, LEAST, Part, Reasons, Subject};
use crate::customer::store::{CUSTOMER_ROWS, select};
use crate::error::reason;
use crate::import::copy::Rows;

/// Whether any customer but this one has the number, whoever may see it: creation would say so.
pub async fn number_taken(connection: &mut PgConnection, number: &str, own: Option<Uuid>) -> Result<bool> {
    let taken = sqlx::query_scalar("SELECT EXISTS (SELECT FROM customer WHERE number = $1 AND id IS DISTINCT FROM $2)");
    Ok(taken.bind(number).bind(own).fetch_one(connection).await?)
}

/// Customers of this phone or this id number, where they are given. Served by `customer_phone` and `customer_id_number`.
pub async fn alike(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    phone_digits: &str,
    id_number: &str,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for (column, value) in [("phone_digits", phone_digits), ("id_number", id_number)] {
        if value.is_empty() {
            continue;
        }
        let mut sql = QueryBuilder::<Postgres>::new("SELECT c.id FROM customer c WHERE c.");
        sql.push(column).push(" <> '' AND c.").push(column).push(" = ").push_bind(value).push(" AND ");
        rows.push_sql(&mut sql, CUSTOMER_ROWS);
        sql.push(" LIMIT ").push_bind(limit);
        ids.extend(sql.build_query_scalar::<Uuid>().fetch_all(&mut *connection).await?);
    }
    Ok(ids)
}

/// Those that no other has taken over.
pub async fn candidates(connection: &mut PgConnection, rows: &RowPredicate, ids: &[Uuid]) -> Result<Vec<PgRow>> {
    let mut sql = select();
    sql.push("c.merged_into_id IS NULL AND c.id = ANY(").push_bind(ids).push(") AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    Ok(sql.build().fetch_all(connection).await?)
}

/// What so many share that they were not compared by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Block {
    pub reason: i32,
    pub customer_count: i64,
    pub customer_id: Uuid,
}

#[derive(Debug)]
pub struct Search {
    pub id: Uuid,
    pub employee_id: Uuid,
    pub state: DuplicateSearchState,
    pub customer_count: i64,
    pub read_count: i64,
    pub step: i32,
    pub pair_count: i64,
    pub large_blocks: Vec<Block>,
    /// Id of the reason.
    pub failure: String,
    pub create_time: DateTime<Utc>,
    pub end_time: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "SELECT s.id, s.employee_id, s.state, s.customer_count, s.read_count, s.step, s.pair_count,
    s.large_blocks, s.failure, s.create_time, s.end_time,
    (SELECT j.state FROM job j WHERE j.id = s.job_id) FROM duplicate_search s ";

fn search(row: &PgRow) -> sqlx::Result<Search> {
    let mut state = DuplicateSearchState::try_from(i32::from(row.try_get::<i16, _>(2)?)).unwrap_or_default();
    let mut failure: String = row.try_get(8)?;
    let under_way = matches!(row.try_get::<Option<&str>, _>(11)?, Some("pending" | "leased"));
    // A job that is over without having said so has broken off.
    if state == DuplicateSearchState::Running && !under_way {
        (state, failure) = (DuplicateSearchState::Failed, reason::DUPLICATE_SEARCH_BROKE_OFF.id.to_owned());
    }
    Ok(Search {
        id: row.try_get(0)?,
        employee_id: row.try_get(1)?,
        state,
        customer_count: row.try_get(3)?,
        read_count: row.try_get(4)?,
        step: row.try_get(5)?,
        pair_count: row.try_get(6)?,
        large_blocks: row.try_get::<Json<Vec<Block>>, _>(7)?.0,
        failure,
        create_time: row.try_get(9)?,
        end_time: row.try_get(10)?,
    })
}

/// How many customers there are to look at.
pub async fn customer_count(connection: &mut PgConnection, rows: &RowPredicate) -> Result<i64> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT count(*) FROM customer c WHERE c.state = 1 AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

pub async fn search_insert(
    connection: &mut PgConnection,
    (id, employee_id, job_id): (Uuid, Uuid, Uuid),
    customer_count: i64,
) -> Result<()> {
    // One that broke off without saying so does not stand in the way.
    sqlx::query(
        "UPDATE duplicate_search s SET state = 3, failure = $2, end_time = now()
         WHERE s.employee_id = $1 AND s.state = 1
           AND NOT EXISTS (SELECT FROM job j WHERE j.id = s.job_id AND j.state IN ('pending', 'leased'))",
    )
    .bind(employee_id)
    .bind(reason::DUPLICATE_SEARCH_BROKE_OFF.id)
    .execute(&mut *connection)
    .await?;
    let inserted =
        sqlx::query("INSERT INTO duplicate_search (id, employee_id, job_id, customer_count) VALUES ($1, $2, $3, $4)");
    let inserted = inserted.bind(id).bind(employee_id).bind(job_id).bind(customer_count).execute(connection).await;
    let running = || Error::failed_precondition(&reason::DUPLICATE_SEARCH_RUNNING);
    inserted.map_err(|error| on_constraint(error, &[("duplicate_search_running", running)]))?;
    Ok(())
}

pub async fn search_get(connection: &mut PgConnection, employee_id: Uuid, id: Uuid) -> Result<Search> {
    let sql = format!("{COLUMNS} WHERE s.id = $1 AND s.employee_id = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(employee_id).fetch_optional(connection).await?;
    Ok(search(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn search_list(
    connection: &mut PgConnection,
    employee_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Search>> {
    let sql =
        format!("{COLUMNS} WHERE s.employee_id = $1 AND ($2::uuid IS NULL OR s.id < $2) ORDER BY s.id DESC LIMIT $3");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(employee_id).bind(after).bind(limit).fetch_all(connection).await?;
    Ok(found.iter().map(search).collect::<sqlx::Result<_>>()?)
}

/// The search that a job works on, held until the transaction ends; nothing when it is over.
pub async fn search_of_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid) -> Result<Option<Search>> {
    let sql = format!("{COLUMNS} WHERE s.id = $1 AND s.job_id = $2 AND s.state = 1 FOR NO KEY UPDATE OF s");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(job_id).fetch_optional(connection).await?;
    Ok(row.as_ref().map(search).transpose()?)
}

/// Ends a search for a reason; what it had read is of no more use.
pub async fn search_fail(connection: &mut PgConnection, id: Uuid, job_id: Uuid, failure: &str) -> Result<()> {
    sqlx::query(
        "WITH failed AS (
             UPDATE duplicate_search SET state = 3, failure = $3, end_time = now()
             WHERE id = $1 AND job_id = $2 AND state = 1
             RETURNING id
         )
         DELETE FROM duplicate_subject USING failed WHERE search_id = failed.id",
    )
    .bind(id)
    .bind(job_id)
    .bind(failure)
    .execute(connection)
    .await?;
    Ok(())
}

/// What of a customer is compared.
#[derive(sqlx::FromRow)]
pub struct Known {
    pub id: Uuid,
    pub kind: i16,
    pub name: String,
    pub phone_digits: String,
    pub id_number: String,
    pub email: String,
    pub birthday: Option<NaiveDate>,
}

pub async fn known_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Known>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT c.id, c.kind, c.name, c.phone_digits, c.id_number, c.email, c.birthday FROM customer c
         WHERE c.state = 1 AND c.id > ",
    );
    sql.push_bind(after).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" ORDER BY c.id LIMIT ").push(limit);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Writes what was read, and how far the search has come.
pub async fn subjects_write(
    connection: &mut PgConnection,
    search_id: Uuid,
    subjects: &[(Uuid, i16, Subject)],
) -> Result<()> {
    let columns = Part::ALL.map(Part::column).join(", ");
    let mut rows = Rows::default();
    for (customer_id, kind, subject) in subjects {
        rows.plain(search_id).plain(customer_id).plain(kind);
        for part in Part::ALL {
            rows.optional(subject.get(part));
        }
        rows.end();
    }
    let copy = format!("COPY duplicate_subject (search_id, customer_id, kind, {columns}) FROM STDIN");
    rows.send(connection, &copy).await?;
    let read = sqlx::query("UPDATE duplicate_search SET read_count = read_count + $2 WHERE id = $1");
    read.bind(search_id).bind(subjects.len() as i64).execute(connection).await?;
    Ok(())
}

/// Writes the pairs that share `part`, and gives the largest blocks that were left out.
pub async fn compare(connection: &mut PgConnection, search_id: Uuid, part: Part) -> Result<Vec<(i64, Uuid)>> {
    // Sorting a million keys within the usual memory goes to the disk. Statistics are as old as the last rounds of cleaning.
    sqlx::raw_sql("SET LOCAL work_mem = '64MB'; ANALYZE duplicate_subject").execute(&mut *connection).await?;
    let (column, reasons) = (part.column(), Reasons::sql("x", "y"));
    let sql = format!(
        "WITH keyed AS MATERIALIZED (
             SELECT key, customer_id, n
             FROM (SELECT {column} AS key, customer_id, count(*) OVER (PARTITION BY {column}) AS n
                   FROM duplicate_subject WHERE search_id = $1 AND {column} IS NOT NULL) AS s
             WHERE n > 1
         ), found AS (
             SELECT x.customer_id AS one_id, y.customer_id AS other_id, {reasons} AS reasons
             FROM keyed a
             JOIN keyed b ON b.key = a.key AND b.customer_id > a.customer_id
             JOIN duplicate_subject x ON x.search_id = $1 AND x.customer_id = a.customer_id
             JOIN duplicate_subject y ON y.search_id = $1 AND y.customer_id = b.customer_id
             JOIN customer cx ON cx.id = x.customer_id AND cx.state = 1
             JOIN customer cy ON cy.id = y.customer_id AND cy.state = 1
             WHERE a.n <= $2 AND b.n <= $2 AND x.kind = y.kind
         ), scored AS (
             SELECT *, ($3::smallint[])[reasons + 1] AS score, ($4::smallint[])[reasons + 1] AS best_score FROM found
         ), pair AS (
             INSERT INTO duplicate_pair AS p (id, one_id, other_id, reasons, score)
             SELECT gen_random_uuid(), one_id, other_id, reasons, score FROM scored
             WHERE best_score >= $5
             ORDER BY one_id, other_id
             ON CONFLICT ON CONSTRAINT duplicate_pair_key DO UPDATE SET
                 reasons = excluded.reasons, score = excluded.score, find_time = excluded.find_time,
                 -- Merged, and parted again.
                 state = CASE WHEN p.state = 3 THEN 1 ELSE p.state END
         )
         SELECT n, customer_id FROM (SELECT DISTINCT ON (key) n, customer_id FROM keyed WHERE n > $2 ORDER BY key) AS l
         ORDER BY n DESC LIMIT 5"
    );
    let large = sqlx::query_as(AssertSqlSafe(sql)).bind(search_id).bind(LARGEST_BLOCK);
    let large = large.bind(Reasons::scores()).bind(Reasons::best_scores()).bind(LEAST);
    Ok(large.fetch_all(connection).await?)
}

pub async fn step_set(connection: &mut PgConnection, id: Uuid, step: usize, large: &[Block]) -> Result<()> {
    let set = sqlx::query("UPDATE duplicate_search SET step = $2, large_blocks = large_blocks || $3 WHERE id = $1");
    set.bind(id).bind(step as i32).bind(Json(large)).execute(connection).await?;
    Ok(())
}

/// Ends a search that has compared everything: open pairs of the rows that it did not find go.
pub async fn search_complete(
    connection: &mut PgConnection,
    (rows, seen): (&RowPredicate, Reasons),
    search: &Search,
) -> Result<()> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "DELETE FROM duplicate_pair p USING customer a, customer b
         WHERE p.state = 1 AND a.id = p.one_id AND b.id = p.other_id AND p.find_time < ",
    );
    sql.push_bind(search.create_time).push(" AND ");
    super::pairs::push_both(&mut sql, rows);
    sql.build().execute(&mut *connection).await?;
    sqlx::query(
        "UPDATE duplicate_search s SET state = 2, end_time = now(), pair_count = n.count
         FROM (SELECT count(*) FROM duplicate_pair p
               JOIN duplicate_subject x ON x.search_id = $1 AND x.customer_id = p.one_id
               JOIN duplicate_subject y ON y.search_id = $1 AND y.customer_id = p.other_id
               WHERE p.state = 1 AND ($2::smallint[])[(p.reasons & $3) + 1] >= $4) AS n
         WHERE s.id = $1",
    )
    .bind(search.id)
    .bind(Reasons::scores())
    .bind(seen.0)
    .bind(LEAST)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM duplicate_subject WHERE search_id = $1").bind(search.id).execute(&mut *connection).await?;
    // Pages are read at once, before anybody has looked at how many pairs there are now.
    sqlx::raw_sql("ANALYZE duplicate_pair").execute(connection).await?;
    Ok(())
}
