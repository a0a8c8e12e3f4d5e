//! Moves events from the outbox to the stream. Events of one aggregate are published one after the other, each after the
//! answer for the one before, so none overtakes another whatever fails; different aggregates go side by side.
//! A row leaves the outbox after the stream has answered for it. When that gets lost, the event is published again under
//! the same id, and the stream keeps one.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::lease::{Lease, in_time};
use super::pace::Pace;
use super::{Activity, Envelope, Events};
use crate::backoff;
use crate::db::Db;
use crate::telemetry;

const BATCH: i64 = 500;

/// How often the outbox is looked into when nobody told of a commit: those of other processes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// How often a standing-by replica tries to take over.
const STANDBY_INTERVAL: Duration = Duration::from_secs(1);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(5);

/// The relay of one service's outbox.
pub struct Relay {
    db: Db,
    events: Events,
    activity: watch::Sender<Activity>,
}

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    id: Uuid,
    aggregate: String,
    aggregate_id: Uuid,
    r#type: String,
    payload: Vec<u8>,
    traceparent: Option<String>,
    create_time: DateTime<Utc>,
}

impl Relay {
    pub fn new(db: &Db, events: &Events) -> Self {
        Self { db: db.clone(), events: events.clone(), activity: watch::Sender::new(Activity::Standby) }
    }

    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }

    /// Works until told to stop; failures are waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let Err(error) = self.session(&stop, &mut failures).await else { break };
            failures += 1;
            tracing::warn!(service = self.db.service(), failures, "events are not going out: {error:#}");
            self.activity.send_replace(Activity::Failing(format!("{error:#}")));
            let pause = backoff::pause(failures, FIRST_PAUSE, MOST_PAUSE);
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// Takes the lease and works under it until told to stop or until something fails.
    async fn session(&self, stop: &CancellationToken, failures: &mut u32) -> anyhow::Result<()> {
        let mut lease = Lease::connect(&self.db, "relay").await?;
        while !lease.try_take().await? {
            self.activity.send_replace(Activity::Standby);
            if stop.run_until_cancelled(tokio::time::sleep(STANDBY_INTERVAL)).await.is_none() {
                return Ok(());
            }
        }
        if !self.events.is_connected() {
            bail!("the event stream is not reachable");
        }
        self.events.stream().await?;
        self.activity.send_replace(Activity::Active);
        let (mut pace, mut full) = (Pace::new(), false);
        while stop.run_until_cancelled(pace.wait(full)).await.is_some() {
            full = self.move_batch(lease.connection()).await? == BATCH as usize;
            *failures = 0;
            if !full {
                let committed = self.db.committed().notified();
                let _ = stop.run_until_cancelled(tokio::time::timeout(POLL_INTERVAL, committed)).await;
            }
        }
        lease.release().await;
        Ok(())
    }

    async fn move_batch(&self, connection: &mut PgConnection) -> anyhow::Result<usize> {
        let rows: Vec<Row> = in_time(
            sqlx::query_as(
                "SELECT sequence, id, aggregate, aggregate_id, type, payload, traceparent, create_time
                 FROM outbox ORDER BY sequence LIMIT $1",
            )
            .bind(BATCH)
            .fetch_all(&mut *connection),
        )
        .await?;
        if rows.is_empty() {
            return Ok(0);
        }

        let mut published = Vec::with_capacity(rows.len());
        let mut failure = None;
        let mut answers = futures::stream::iter(by_aggregate(rows))
            .map(|rows| self.publish_in_order(rows))
            .buffer_unordered(BATCH as usize);
        while let Some((sequences, error)) = answers.next().await {
            published.extend(sequences);
            failure = failure.or(error);
        }
        drop(answers);

        let delete = sqlx::query("DELETE FROM outbox WHERE sequence = ANY($1)").bind(&published);
        in_time(delete.execute(connection)).await?;
        match failure {
            Some(error) => Err(error),
            None => Ok(published.len()),
        }
    }

    /// Publishes until one fails; those behind it have to wait for it.
    async fn publish_in_order(&self, rows: Vec<Row>) -> (Vec<i64>, Option<anyhow::Error>) {
        let mut published = Vec::with_capacity(rows.len());
        for row in rows {
            let (sequence, time) = (row.sequence, row.create_time);
            // A span only where the trace is kept: otherwise each event would begin a trace of its own.
            let span = match &row.traceparent {
                Some(traceparent) => telemetry::enter(Some(traceparent), || {
                    tracing::info_span!("publish event", otel.kind = "producer", event = row.r#type)
                }),
                None => Span::none(),
            };
            if let Err(error) = self.publish(row).instrument(span).await {
                return (published, Some(error));
            }
            published.push(sequence);
            let lag = (Utc::now() - time).to_std().unwrap_or_default();
            metrics::histogram!("changke_outbox_lag_seconds", "service" => self.db.service()).record(lag);
        }
        (published, None)
    }

    async fn publish(&self, row: Row) -> anyhow::Result<()> {
        let service = self.db.service();
        let subject = self.events.subject(service, &row.aggregate, &row.r#type);
        let envelope = Envelope {
            id: row.id,
            event_type: row.r#type,
            aggregate: row.aggregate,
            aggregate_id: row.aggregate_id,
            time: row.create_time,
            payload: row.payload.into(),
            stream_sequence: 0,
            traceparent: telemetry::current_traceparent().or(row.traceparent),
        };
        let (id, headers) = (envelope.id, envelope.headers(service));
        let answer = self.events.jetstream.publish_with_headers(subject, headers, envelope.payload);
        answer.await.with_context(|| format!("event {id}"))?.await.with_context(|| format!("event {id}"))?;
        Ok(())
    }
}

/// The rows of each aggregate in their order, the aggregates in the order of their first rows.
fn by_aggregate(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut places = HashMap::with_capacity(rows.len());
    let mut aggregates: Vec<Vec<Row>> = Vec::with_capacity(rows.len());
    for row in rows {
        let place = *places.entry((row.aggregate.clone(), row.aggregate_id)).or_insert(aggregates.len());
        match aggregates.get_mut(place) {
            Some(rows) => rows.push(row),
            None => aggregates.push(vec![row]),
        }
    }
    aggregates
}
