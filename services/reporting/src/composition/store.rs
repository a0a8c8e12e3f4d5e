//! SQL of the composition. All of it passes the row predicate of the caller.

use chrono::{DateTime, Utc};
use platform::access::{RowColumns, RowPredicate};
use platform::error::Result;
use platform::filter::{EvalContext, Predicate};
use sqlx::{PgConnection, Postgres, QueryBuilder};

const ROWS: RowColumns =
    RowColumns { owner: "d.owner_id", group: "d.group_id", shares: Some(("d.customer_id", "customer_share")) };

pub struct Selection<'q> {
    /// Expressions to group by, from `rules::grouping`.
    pub groupings: [&'static str; 2],
    pub zone: &'q str,
    pub as_of: Option<DateTime<Utc>>,
    pub rows: &'q RowPredicate,
    pub filter: &'q Predicate,
    pub context: &'q EvalContext,
}

pub struct Group {
    pub key: String,
    pub series_key: String,
    pub count: i64,
}

/// Counts by both groupings, largest first.
pub async fn composition_count(connection: &mut PgConnection, selection: &Selection<'_>) -> Result<Vec<Group>> {
    let [first, second] = selection.groupings;
    let mut query = QueryBuilder::<Postgres>::new("WITH zone AS (SELECT ");
    query.push_bind(selection.zone.to_owned());
    query.push("::text) SELECT ").push(first).push(", ").push(second);
    query.push(", count(*) FROM dim_customer d WHERE d.state = 1 AND ");
    match selection.as_of {
        None => {
            query.push("d.valid_to IS NULL");
        }
        Some(time) => {
            query.push("d.valid_from <= ").push_bind(time);
            query.push(" AND (d.valid_to IS NULL OR d.valid_to > ").push_bind(time).push(")");
        }
    }
    query.push(" AND ");
    selection.rows.push_sql(&mut query, ROWS);
    query.push(" AND (");
    selection.filter.push_sql(&mut query, selection.context);
    query.push(") GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2");
    let rows: Vec<(String, String, i64)> = query.build_query_as().fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(key, series_key, count)| Group { key, series_key, count }).collect())
}

pub struct FeedRow {
    /// Of the first event that was counted in.
    pub first_event_time: Option<DateTime<Utc>>,
    pub last_event_time: Option<DateTime<Utc>>,
    pub rebuilding: bool,
}

pub async fn feed_get(connection: &mut PgConnection) -> Result<FeedRow> {
    let query = "SELECT first_event_time, last_event_time, rebuilding FROM feed";
    let (first_event_time, last_event_time, rebuilding) = sqlx::query_as(query).fetch_one(connection).await?;
    Ok(FeedRow { first_event_time, last_event_time, rebuilding })
}

/// The same, held until the transaction ends: of two who would start over, one waits.
pub async fn feed_lock(connection: &mut PgConnection) -> Result<FeedRow> {
    sqlx::query("SELECT FROM feed FOR UPDATE").execute(&mut *connection).await?;
    feed_get(connection).await
}

/// Notes that events were counted in, the first and the latest of them of these times.
pub async fn feed_advance(
    connection: &mut PgConnection,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
) -> Result<()> {
    let query = "UPDATE feed SET
        first_event_time = coalesce(first_event_time, $1),
        last_event_time = greatest(last_event_time, $2)";
    sqlx::query(query).bind(first).bind(last).execute(connection).await?;
    Ok(())
}

/// Empties the star schema for a rebuild.
pub async fn star_schema_clear(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("TRUNCATE dim_customer, customer_share").execute(&mut *connection).await?;
    sqlx::query("UPDATE feed SET rebuilding = true, last_event_time = NULL").execute(connection).await?;
    Ok(())
}

pub async fn rebuild_finish(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("UPDATE feed SET rebuilding = false WHERE rebuilding").execute(connection).await?;
    Ok(())
}
