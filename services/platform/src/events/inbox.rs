//! What a consumer has taken in, kept beside its effects: how far in the stream it is, under whose lease, and the ids of
//! events, by which one that stands twice in the stream takes effect once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::Envelope;

/// How far a consumer is. Each taker of the lease gets an `epoch` of its own; whoever comes with an older one is too late.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Position {
    pub(super) epoch: i64,
    pub(super) stream_sequence: i64,
}

/// Opens a new epoch. It waits for a transaction of the epoch before, and later ones of that epoch fail.
/// A stream that was made anew, or that has lost its end, counts its events from there again.
pub(super) async fn position_open(
    connection: &mut PgConnection,
    consumer: &str,
    stream_create_time: DateTime<Utc>,
    stream_end: i64,
) -> sqlx::Result<Position> {
    sqlx::query_as(
        "INSERT INTO inbox_position AS position (consumer, stream_create_time, stream_sequence, epoch)
         VALUES ($1, $2, 0, 1)
         ON CONFLICT (consumer) DO UPDATE SET
             epoch = position.epoch + 1,
             stream_create_time = $2,
             stream_sequence =
                 CASE WHEN position.stream_create_time = $2 THEN least(position.stream_sequence, $3) ELSE 0 END
         RETURNING epoch, stream_sequence",
    )
    .bind(consumer)
    .bind(stream_create_time)
    .bind(stream_end)
    .fetch_one(connection)
    .await
}

pub(super) async fn position_get(connection: &mut PgConnection, consumer: &str) -> sqlx::Result<Option<Position>> {
    sqlx::query_as("SELECT epoch, stream_sequence FROM inbox_position WHERE consumer = $1")
        .bind(consumer)
        .fetch_optional(connection)
        .await
}

/// Moves on, or tells that another epoch has begun. The row stays locked until the transaction ends.
pub(super) async fn position_advance(
    connection: &mut PgConnection,
    consumer: &str,
    epoch: i64,
    stream_sequence: i64,
) -> sqlx::Result<bool> {
    let moved = sqlx::query("UPDATE inbox_position SET stream_sequence = $3 WHERE consumer = $1 AND epoch = $2")
        .bind(consumer)
        .bind(epoch)
        .bind(stream_sequence)
        .execute(connection)
        .await?;
    Ok(moved.rows_affected() == 1)
}

/// Forgets everything the consumer has taken in, so that it starts over from the first event.
pub(super) async fn reset(connection: &mut PgConnection, consumer: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE inbox_position SET stream_sequence = 0, epoch = epoch + 1 WHERE consumer = $1")
        .bind(consumer)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM inbox WHERE consumer = $1").bind(consumer).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM inbox_dead_letter WHERE consumer = $1").bind(consumer).execute(connection).await?;
    Ok(())
}

/// Notes the events as taken in; answers those that were not before.
pub(super) async fn record(
    connection: &mut PgConnection,
    consumer: &str,
    events: &[Envelope],
) -> sqlx::Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
    let fresh: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO inbox (event_id, consumer) SELECT id, $2 FROM unnest($1::uuid[]) AS id
         ON CONFLICT DO NOTHING RETURNING event_id",
    )
    .bind(ids)
    .bind(consumer)
    .fetch_all(connection)
    .await?;
    Ok(fresh.into_iter().collect())
}

pub(super) async fn dead_letter_insert(
    connection: &mut PgConnection,
    consumer: &str,
    event: &Envelope,
    failure: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO inbox_dead_letter
             (event_id, consumer, type, payload, failure, aggregate, aggregate_id, event_time, stream_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (event_id, consumer) DO UPDATE SET failure = excluded.failure",
    )
    .bind(event.id)
    .bind(consumer)
    .bind(&event.event_type)
    .bind(event.payload.as_ref())
    // Postgres refuses it, and the text may quote anything.
    .bind(failure.replace('\0', ""))
    .bind(&event.aggregate)
    .bind(event.aggregate_id)
    .bind(event.time)
    .bind(event.stream_sequence.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a dead letter out, to let it take effect. The consumer's batches wait until the transaction ends.
pub(super) async fn dead_letter_take(
    connection: &mut PgConnection,
    consumer: &str,
    event_id: Uuid,
) -> sqlx::Result<Option<Envelope>> {
    sqlx::query("SELECT FROM inbox_position WHERE consumer = $1 FOR UPDATE")
        .bind(consumer)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query(
        "DELETE FROM inbox_dead_letter WHERE consumer = $1 AND event_id = $2
         RETURNING type, aggregate, aggregate_id, event_time, payload, stream_sequence",
    )
    .bind(consumer)
    .bind(event_id)
    .fetch_optional(connection)
    .await?;
    let envelope = |row: sqlx::postgres::PgRow| {
        Ok(Envelope {
            id: event_id,
            event_type: row.try_get(0)?,
            aggregate: row.try_get(1)?,
            aggregate_id: row.try_get(2)?,
            time: row.try_get(3)?,
            payload: row.try_get::<Vec<u8>, _>(4)?.into(),
            stream_sequence: row.try_get::<i64, _>(5)?.cast_unsigned(),
            traceparent: None,
        })
    };
    row.map(envelope).transpose()
}

pub(super) async fn dead_letter_blame(
    connection: &mut PgConnection,
    consumer: &str,
    event_id: Uuid,
    failure: &str,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE inbox_dead_letter SET failure = $3 WHERE consumer = $1 AND event_id = $2")
        .bind(consumer)
        .bind(event_id)
        .bind(failure.replace('\0', ""))
        .execute(connection)
        .await?;
    Ok(())
}
