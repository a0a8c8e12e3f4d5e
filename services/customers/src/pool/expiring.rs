//! Reading when customers go back: one customer, a caller's own that go soon, and what a rule would put back today.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::{Customer, ListExpiringCustomersRequest, ListExpiringCustomersResponse, Pool as PoolRecord};
use platform::access::{Call, RowPredicate};
use platform::db::timestamp;
use platform::error::Result;
use platform::page;
use sqlx::{PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use super::admin_store::pool_all;
use super::recycling::Recycling;
use super::sources::Sources;
use crate::Shared;
use crate::customer::list::built_in;
use crate::customer::row::{COLUMNS, Reader, WIDTH};
use crate::field::kind::RecordKind;
use crate::parent::CUSTOMER_ROWS;

/// How old the pools may be for what is only shown.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
const SAMPLE: i64 = 20;
const SOON_DAYS: i32 = 7;

/// The pools as they were a moment ago, for reading one customer after the other.
#[derive(Default)]
pub struct PoolCache {
    held: ArcSwapOption<(Instant, Vec<PoolRecord>)>,
}

impl PoolCache {
    async fn current(&self, shared: &Shared) -> Result<Arc<(Instant, Vec<PoolRecord>)>> {
        match self.held.load_full() {
            Some(held) if held.0.elapsed() < LOOK_AGAIN => Ok(held),
            _ => {
                let mut connection = shared.db.pool().acquire().await?;
                let fresh = Arc::new((Instant::now(), pool_all(&mut connection).await?));
                self.held.store(Some(fresh.clone()));
                Ok(fresh)
            }
        }
    }
}

/// When a customer goes back. Costs nothing where no pool has a rule.
pub async fn recycle_time(shared: &Shared, call: &Call, id: Uuid) -> Result<Option<DateTime<Utc>>> {
    let pools = shared.pools.current(shared).await?;
    if pools.1.iter().all(|pool| pool.recycling_rules.is_empty()) {
        return Ok(None);
    }
    let policy = call.caller.policy().cloned().unwrap_or_default();
    let sources = Sources::new(pools.1.clone(), &policy);
    let fields = shared.fields.all_of(RecordKind::Customer).await?;
    let schema = fields.schema(built_in);
    let recycling = Recycling::new(&sources, &schema, shared.zone);
    let mut sql = QueryBuilder::new("SELECT ");
    recycling.push_time(&mut sql);
    sql.push(" FROM customer c WHERE c.owner_id IS NOT NULL AND c.state = 1 AND c.id = ").push_bind(id);
    let time: Option<Option<DateTime<Utc>>> = sql.build_query_scalar().fetch_optional(shared.db.pool()).await?;
    Ok(time.flatten())
}

pub async fn list(
    shared: &Shared,
    call: &Call,
    request: &ListExpiringCustomersRequest,
) -> Result<ListExpiringCustomersResponse> {
    let employee_id = call.caller.require_employee()?;
    let policy = call.caller.policy().cloned().unwrap_or_default();
    let fields = shared.fields.all_of(RecordKind::Customer).await?;
    let schema = fields.schema(built_in);
    let size = page::size(request.page_size, 50);
    let within = if request.within_days == 0 { SOON_DAYS } else { request.within_days };
    let days = within.to_string();
    let bound = ["expiring", days.as_str()];
    let after = page::decode::<(DateTime<Utc>, Uuid)>(&bound, &request.page_token)?;
    if let Some((time, _)) = after {
        page::known_time(time)?;
    }
    let mut connection = shared.db.pool().acquire().await?;
    let sources = super::pools_load(&mut connection, &policy).await?;
    let recycling = Recycling::new(&sources, &schema, shared.zone);
    if recycling.is_off() {
        return Ok(ListExpiringCustomersResponse::default());
    }
    let mut sql = QueryBuilder::new("SELECT c.* FROM (SELECT ");
    sql.push(COLUMNS).push(", ");
    recycling.push_time(&mut sql);
    sql.push(" AS recycle_time FROM customer c WHERE c.state = 1 AND c.owner_id = ").push_bind(employee_id);
    sql.push(") c WHERE c.recycle_time <= ").push_bind(Utc::now() + TimeDelta::days(within.into()));
    if let Some((time, id)) = after {
        sql.push(" AND (c.recycle_time, c.id) > (").push_bind(time).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY c.recycle_time, c.id LIMIT ").push_bind(size + 1);
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let rows = sql.build().fetch_all(&mut *connection).await?;
    let mut found = rows.iter().map(|row| expiring(row, &reader)).collect::<sqlx::Result<Vec<_>>>()?;
    let next_page_token =
        page::cut(&mut found, size, &bound, |(time, customer)| (*time, customer.id.parse::<Uuid>().ok()))?;
    let customers = found.into_iter().map(|(_, customer)| customer).collect();
    Ok(ListExpiringCustomersResponse { customers, next_page_token })
}

fn expiring(row: &sqlx::postgres::PgRow, reader: &Reader<'_>) -> sqlx::Result<(DateTime<Utc>, Customer)> {
    let time: DateTime<Utc> = row.try_get(WIDTH)?;
    let mut customer = reader.customer(row)?;
    customer.recycle_time = Some(timestamp(time));
    Ok((time, customer))
}

/// What a pool would put back now, of the customers that somebody may see.
pub struct Overdue<'a> {
    pub sources: &'a Sources,
    pub recycling: &'a Recycling<'a>,
    pub rows: &'a RowPredicate,
    pub pool_id: Uuid,
}

impl Overdue<'_> {
    fn query(&self, columns: &str) -> QueryBuilder<sqlx::Postgres> {
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(columns).push(" FROM (SELECT ").push(COLUMNS).push(", ");
        self.recycling.push_time(&mut sql);
        sql.push(" AS recycle_time FROM customer c WHERE c.owner_id IS NOT NULL AND c.state = 1 AND ");
        self.rows.push_sql(&mut sql, CUSTOMER_ROWS);
        sql.push(" AND ");
        self.sources.push_is_in(&mut sql, &[self.pool_id]);
        sql.push(") c WHERE c.recycle_time <= ").push_bind(Utc::now());
        sql
    }
}

pub async fn overdue_count(connection: &mut PgConnection, overdue: &Overdue<'_>) -> Result<i64> {
    if overdue.recycling.is_off() {
        return Ok(0);
    }
    Ok(overdue.query("count(*)").build_query_scalar().fetch_one(connection).await?)
}

pub async fn overdue_list(
    connection: &mut PgConnection,
    overdue: &Overdue<'_>,
    reader: &Reader<'_>,
) -> Result<Vec<Customer>> {
    if overdue.recycling.is_off() {
        return Ok(Vec::new());
    }
    let mut sql = overdue.query("c.*");
    sql.push(" ORDER BY c.recycle_time, c.id LIMIT ").push_bind(SAMPLE);
    let rows = sql.build().fetch_all(connection).await?;
    let found = rows.iter().map(|row| expiring(row, reader).map(|(_, customer)| customer));
    Ok(found.collect::<sqlx::Result<_>>()?)
}
