//! All SQL of events for webhooks, deliveries and attempts.

use chrono::{DateTime, Utc};
use contracts::identity::{WebhookAttempt, WebhookDelivery, WebhookDeliveryState as State};
use platform::db::timestamp;
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, QueryBuilder, Row as _};
use uuid::Uuid;

use super::rules::Verdict;
use crate::webhook::event::{Message, TEST};
use crate::webhook::transport::Outcome;

/// Longer than any attempt may take.
const LEASE_SECONDS: f64 = 60.0;

/// Attempts that are shown of a delivery.
const ATTEMPTS: i64 = 20;

pub async fn events_insert(connection: &mut PgConnection, messages: &[Message]) -> Result<()> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
    let types: Vec<&str> = messages.iter().map(|message| message.event_type.as_str()).collect();
    let record_ids: Vec<Uuid> = messages.iter().map(|message| message.record_id).collect();
    let times: Vec<DateTime<Utc>> = messages.iter().map(|message| message.time).collect();
    let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
    sqlx::query(
        "INSERT INTO webhook_event (id, type, record_id, time, body)
         SELECT id, type, record_id, time, body
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::text[])
              WITH ORDINALITY AS e (id, type, record_id, time, body, place)
         ORDER BY place
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(ids)
    .bind(types)
    .bind(record_ids)
    .bind(times)
    .bind(bodies)
    .execute(connection)
    .await?;
    Ok(())
}

pub struct NewDelivery {
    pub endpoint_id: Uuid,
    pub event_id: Uuid,
    pub record_id: Uuid,
    pub event_time: DateTime<Utc>,
}

/// Writes deliveries in this order, due now.
pub async fn deliveries_insert(
    connection: &mut PgConnection,
    deliveries: &[NewDelivery],
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = deliveries.iter().map(|_| Uuid::now_v7()).collect();
    let endpoint_ids: Vec<Uuid> = deliveries.iter().map(|delivery| delivery.endpoint_id).collect();
    let event_ids: Vec<Uuid> = deliveries.iter().map(|delivery| delivery.event_id).collect();
    let record_ids: Vec<Uuid> = deliveries.iter().map(|delivery| delivery.record_id).collect();
    let times: Vec<DateTime<Utc>> = deliveries.iter().map(|delivery| delivery.event_time).collect();
    sqlx::query(
        "INSERT INTO webhook_delivery (id, endpoint_id, event_id, record_id, event_time, next_attempt_time)
         SELECT id, endpoint_id, event_id, record_id, event_time, $6
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[])
              WITH ORDINALITY AS d (id, endpoint_id, event_id, record_id, event_time, place)
         ORDER BY place",
    )
    .bind(ids)
    .bind(endpoint_ids)
    .bind(event_ids)
    .bind(record_ids)
    .bind(times)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// A delivery in hand.
#[derive(Debug, sqlx::FromRow)]
pub struct Leased {
    pub id: Uuid,
    pub lease_owner: Uuid,
    pub endpoint_id: Uuid,
    pub record_id: Uuid,
    pub event_id: Uuid,
    pub event_type: String,
    pub body: String,
    pub step: i32,
    pub url: String,
    /// Sealed; the newest first.
    pub secrets: Vec<Vec<u8>>,
}

/// Takes deliveries that are due, at most so many under way for one endpoint, each the first that is pending of its
/// record. Served by `webhook_delivery_due` and `webhook_delivery_record`.
pub async fn lease(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
    limit_of_endpoint: i64,
) -> Result<Vec<Leased>> {
    Ok(sqlx::query_as(
        "WITH due AS (
             SELECT first.id FROM webhook_endpoint n
             CROSS JOIN LATERAL (
                 SELECT d.id, d.next_attempt_time FROM webhook_delivery d
                 WHERE d.endpoint_id = n.id AND d.state = 1 AND d.next_attempt_time <= $1
                   AND (d.lease_until IS NULL OR d.lease_until < now())
                   AND NOT EXISTS (
                       SELECT FROM webhook_delivery before
                       WHERE before.endpoint_id = d.endpoint_id AND before.record_id = d.record_id
                         AND before.state = 1 AND before.position < d.position)
                 ORDER BY d.next_attempt_time, d.position
                 LIMIT greatest(0, $3 - (
                     SELECT count(*) FROM webhook_delivery l
                     WHERE l.endpoint_id = n.id AND l.state = 1 AND l.lease_until >= now()))
                 FOR UPDATE SKIP LOCKED
             ) first
             WHERE n.enabled
             ORDER BY first.next_attempt_time
             LIMIT $2
         )
         UPDATE webhook_delivery d
         SET lease_owner = gen_random_uuid(), lease_until = now() + make_interval(secs => $4)
         FROM due, webhook_endpoint n, webhook_event e
         WHERE d.id = due.id AND n.id = d.endpoint_id AND e.id = d.event_id
         RETURNING d.id, d.lease_owner, d.endpoint_id, d.record_id, d.event_id, e.type AS event_type, e.body, d.step,
                   n.url, array_remove(
                       ARRAY[n.secret, CASE WHEN n.old_secret_expire_time > $1 THEN n.old_secret END], NULL) AS secrets",
    )
    .bind(now)
    .bind(limit)
    .bind(limit_of_endpoint)
    .bind(LEASE_SECONDS)
    .fetch_all(executor)
    .await?)
}

/// Ends the lease with what the attempt means. False when the lease is lost.
pub async fn attempt_end(
    connection: &mut PgConnection,
    leased: &Leased,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (state, next_attempt_time) = match verdict {
        Verdict::Delivered => (State::Delivered, now),
        Verdict::Failed => (State::Failed, now),
        Verdict::Again(pause) => (State::Pending, now + *pause),
    };
    let ended = sqlx::query(
        "UPDATE webhook_delivery
         SET state = $3, next_attempt_time = $4, end_time = CASE WHEN $3 <> 1 THEN $4 END, step = step + 1,
             attempt_count = attempt_count + 1, lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND lease_owner = $2 AND state = 1",
    )
    .bind(leased.id)
    .bind(leased.lease_owner)
    .bind(state as i16)
    .bind(next_attempt_time)
    .execute(&mut *connection)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    // Those behind it are not looked at before its time, and the next one at once when it is through.
    let behind = match state {
        State::Pending => {
            "UPDATE webhook_delivery SET next_attempt_time = $3
             WHERE endpoint_id = $1 AND record_id = $2 AND state = 1 AND next_attempt_time < $3"
        }
        _ => {
            "UPDATE webhook_delivery SET next_attempt_time = $3
             WHERE next_attempt_time > $3 AND step = 0 AND id = (
                 SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND record_id = $2 AND state = 1
                 ORDER BY position LIMIT 1)"
        }
    };
    sqlx::query(behind)
        .bind(leased.endpoint_id)
        .bind(leased.record_id)
        .bind(next_attempt_time)
        .execute(connection)
        .await?;
    Ok(true)
}

pub async fn attempt_insert(
    connection: &mut PgConnection,
    delivery_id: Uuid,
    time: DateTime<Utc>,
    outcome: &Outcome,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_attempt (id, delivery_id, time, status_code, latency_millis, failure, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(Uuid::now_v7())
    .bind(delivery_id)
    .bind(time)
    .bind(outcome.status_code)
    .bind(i32::try_from(outcome.latency.as_millis()).unwrap_or(i32::MAX))
    .bind(outcome.failure)
    .bind(&outcome.answer)
    .execute(connection)
    .await?;
    Ok(())
}

/// Drops what has yet to be sent to an endpoint.
pub async fn skip_pending(connection: &mut PgConnection, endpoint_id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE webhook_delivery SET state = 4, end_time = $2, lease_owner = NULL, lease_until = NULL
         WHERE endpoint_id = $1 AND state = 1",
    )
    .bind(endpoint_id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a delivery that is over behind those of its record that are pending. False when it is under way.
pub async fn redeliver(connection: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let put = sqlx::query(
        "UPDATE webhook_delivery
         SET state = 1, step = 0, next_attempt_time = $2, end_time = NULL, position = DEFAULT
         WHERE id = $1 AND state <> 1",
    )
    .bind(id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(put.rows_affected() == 1)
}

/// A stretch of events that an endpoint's filter takes.
pub struct Stretch<'a> {
    pub endpoint_id: Uuid,
    /// Types, none of them a pattern.
    pub event_types: &'a [String],
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub undelivered_only: bool,
}

impl Stretch<'_> {
    fn push(&self, query: &mut QueryBuilder<sqlx::Postgres>) {
        query.push(" FROM webhook_event e WHERE e.type = ANY(").push_bind(self.event_types.to_vec());
        query.push(") AND e.time >= ").push_bind(self.start).push(" AND e.time < ").push_bind(self.end);
        // One that is on its way comes anyhow.
        let states = if self.undelivered_only { "(1, 2)" } else { "(1)" };
        query.push(" AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id AND d.endpoint_id = ");
        query.push_bind(self.endpoint_id).push(" AND d.state IN ").push(states).push(")");
    }
}

pub async fn stretch_count(connection: &mut PgConnection, stretch: &Stretch<'_>) -> Result<i64> {
    let mut query = QueryBuilder::new("SELECT count(*)");
    stretch.push(&mut query);
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

/// Puts the next events of a stretch, behind a sequence, on their way; answers how many and the last one's sequence.
pub async fn stretch_deliver(
    connection: &mut PgConnection,
    stretch: &Stretch<'_>,
    after: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Option<(i64, i64)>> {
    let mut query = QueryBuilder::new("SELECT e.id, e.record_id, e.time, e.sequence");
    stretch.push(&mut query);
    query.push(" AND e.sequence > ").push_bind(after).push(" ORDER BY e.sequence LIMIT ").push_bind(limit);
    let rows: Vec<(Uuid, Uuid, DateTime<Utc>, i64)> = query.build_query_as().fetch_all(&mut *connection).await?;
    let Some((.., last)) = rows.last().copied() else { return Ok(None) };
    let delivery = |(event_id, record_id, event_time, _): &(Uuid, Uuid, DateTime<Utc>, i64)| NewDelivery {
        endpoint_id: stretch.endpoint_id,
        event_id: *event_id,
        record_id: *record_id,
        event_time: *event_time,
    };
    let deliveries: Vec<NewDelivery> = rows.iter().map(delivery).collect();
    deliveries_insert(connection, &deliveries, now).await?;
    Ok(Some((deliveries.len() as i64, last)))
}

/// Removes events of so many days ago with their deliveries, unless one is under way; answers how many.
pub async fn events_prune(executor: impl PgExecutor<'_>, days: i32) -> Result<u64> {
    let pruned = sqlx::query(
        "DELETE FROM webhook_event WHERE id IN (
             SELECT e.id FROM webhook_event e
             WHERE e.receive_time < now() - make_interval(days => $1)
               AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id AND d.state = 1)
             LIMIT 5000)",
    )
    .bind(days)
    .execute(executor)
    .await?;
    Ok(pruned.rows_affected())
}

#[derive(serde::Deserialize)]
struct StoredAttempt {
    time: DateTime<Utc>,
    status_code: i32,
    latency_millis: i32,
    failure: String,
    answer: String,
}

fn select(attempts: i64) -> String {
    format!(
        "SELECT d.id, d.endpoint_id, d.event_id, e.type, d.record_id, d.event_time, d.state, d.attempt_count,
                CASE WHEN d.state = 1 THEN d.next_attempt_time END, d.create_time, d.end_time, e.body,
                (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.id), '[]') FROM (
                     SELECT * FROM webhook_attempt WHERE delivery_id = d.id ORDER BY id DESC LIMIT {attempts}) a)
         FROM webhook_delivery d JOIN webhook_event e ON e.id = d.event_id WHERE d.endpoint_id = "
    )
}

fn delivery(row: &PgRow) -> sqlx::Result<WebhookDelivery> {
    let id = |index| row.try_get::<Uuid, _>(index).map(|id| id.to_string());
    let time = |index| row.try_get::<Option<DateTime<Utc>>, _>(index).map(|time| time.map(timestamp));
    let Json(attempts) = row.try_get::<Json<Vec<StoredAttempt>>, _>(12)?;
    let attempt = |attempt: StoredAttempt| WebhookAttempt {
        time: Some(timestamp(attempt.time)),
        status_code: attempt.status_code,
        latency_millis: attempt.latency_millis,
        failure: attempt.failure,
        answer: attempt.answer,
    };
    Ok(WebhookDelivery {
        id: id(0)?,
        endpoint_id: id(1)?,
        webhook_id: id(2)?,
        event_type: row.try_get(3)?,
        record_id: id(4)?,
        event_time: time(5)?,
        state: row.try_get::<i16, _>(6)?.into(),
        attempt_count: row.try_get(7)?,
        next_attempt_time: time(8)?,
        create_time: time(9)?,
        end_time: time(10)?,
        body: row.try_get(11)?,
        attempts: attempts.into_iter().map(attempt).collect(),
    })
}

pub async fn delivery_get(executor: impl PgExecutor<'_>, endpoint_id: Uuid, id: Uuid) -> Result<WebhookDelivery> {
    let sql = format!("{} $1 AND d.id = $2", select(ATTEMPTS));
    let row = sqlx::query(AssertSqlSafe(sql)).bind(endpoint_id).bind(id).fetch_optional(executor).await?;
    Ok(delivery(&row.ok_or_else(Error::not_found)?)?)
}

pub struct Selection {
    pub endpoint_id: Uuid,
    pub state: State,
    pub start: Option<DateTime<Utc>>,
    pub end: Option<DateTime<Utc>>,
    pub after: Option<Uuid>,
    pub limit: i64,
}

/// Latest first, without bodies. Served by `webhook_delivery_log`.
pub async fn delivery_list(executor: impl PgExecutor<'_>, selection: &Selection) -> Result<Vec<WebhookDelivery>> {
    let mut query = QueryBuilder::new(select(1));
    query.push_bind(selection.endpoint_id);
    if selection.state != State::Unspecified {
        query.push(" AND d.state = ").push_bind(selection.state as i16);
    }
    if let Some(start) = selection.start {
        query.push(" AND d.event_time >= ").push_bind(start);
    }
    if let Some(end) = selection.end {
        query.push(" AND d.event_time < ").push_bind(end);
    }
    if let Some(after) = selection.after {
        query.push(" AND d.id < ").push_bind(after);
    }
    query.push(" ORDER BY d.id DESC LIMIT ").push_bind(selection.limit);
    let rows = query.build().fetch_all(executor).await?;
    let listed = |row| delivery(row).map(|delivery| WebhookDelivery { body: String::new(), ..delivery });
    Ok(rows.iter().map(listed).collect::<sqlx::Result<_>>()?)
}

/// Writes a message that only tries an endpoint; answers the delivery's id.
pub async fn test_insert(connection: &mut PgConnection, message: &Message, now: DateTime<Utc>) -> Result<Uuid> {
    debug_assert_eq!(message.event_type, TEST);
    events_insert(connection, std::slice::from_ref(message)).await?;
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO webhook_delivery (id, endpoint_id, event_id, record_id, event_time, next_attempt_time)
         VALUES ($1, $2, $3, $2, $4, $4)",
    )
    .bind(id)
    .bind(message.record_id)
    .bind(message.id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(id)
}
