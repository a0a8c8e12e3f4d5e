//! Takes events of chosen types into a service: a batch, its ids and the position behind it are one transaction. The
//! position in the database is the truth and the consumer on the stream is made anew from it whenever something was in
//! doubt; so no crash, no lost connection and no second replica can leave out, repeat or swap events.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::{FutureExt, StreamExt};
use prost::Name;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tracing::{Instrument, Span};

use super::lease::{Lease, in_time};
use super::pace::Pace;
use super::{Activity, Envelope, Events, envelope, inbox};
use crate::backoff;
use crate::db::{Db, Tx};
use crate::error::{Error, Result, reason};
use crate::telemetry;

const BATCH: usize = 256;

/// How long the stream waits before it sends again what was not answered for; longer than any retry here.
const ACK_WAIT: Duration = Duration::from_secs(600);

/// How often a silent stream shows that it lives; after two of them missed it counts as gone.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How often the lease is tried for, and looked after when there are no events.
const LEASE_INTERVAL: Duration = Duration::from_secs(1);

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MOST_PAUSE: Duration = Duration::from_secs(5);

/// Name of the epoch in the metadata of the stream's consumer.
const EPOCH: &str = "epoch";

/// The effect of events on a service.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Takes effect through the transaction alone, or fails and is tried again. Events of one aggregate come in order;
    /// each comes once in effect.
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()>;

    /// The same for several events in their order, where one statement can serve many.
    async fn handle_batch(&self, tx: &mut Tx, events: &[&Envelope]) -> Result<()> {
        for event in events {
            self.handle(tx, event).instrument(span(event)).await?;
        }
        Ok(())
    }
}

/// What happens to an event that can't take effect.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// After so many tries it becomes a dead letter. Tries that fail because something is unreachable don't count.
    pub attempts: u32,
    /// Doubles with each try.
    pub first_pause: Duration,
    pub most_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 8, first_pause: FIRST_PAUSE, most_pause: Duration::from_secs(30) }
    }
}

/// One durable consumer of a service.
pub struct Consumer {
    db: Db,
    events: Events,
    name: &'static str,
    handler: Arc<dyn Handler>,
    subjects: Vec<String>,
    retries: Retries,
    activity: watch::Sender<Activity>,
}

/// How a batch of events ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Applied,
    /// Another replica, or a reset, has begun a new epoch.
    Superseded,
    Stopped,
}

/// A stretch of the stream in hand.
struct Batch {
    events: Vec<Envelope>,
    /// Position of the last message, which need not be an event of ours.
    end: u64,
}

impl Consumer {
    /// `name` is unique in the service and must never change.
    pub fn new(db: &Db, events: &Events, name: &'static str, handler: impl Handler) -> Self {
        Self {
            db: db.clone(),
            events: events.clone(),
            name,
            handler: Arc::new(handler),
            subjects: Vec::new(),
            retries: Retries::default(),
            activity: watch::Sender::new(Activity::Standby),
        }
    }

    /// Takes in events of this type; of all types when none is named. Adding a type later needs a reset to see the old ones.
    #[must_use]
    pub fn event<E: Name>(mut self) -> Self {
        self.subjects.push(self.events.subject_filter(&E::full_name()));
        self
    }

    #[must_use]
    pub fn retries(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }

    /// For looking at the consumer and starting it over while it runs, here or in another process.
    pub fn monitor(&self) -> Monitor {
        Monitor { db: self.db.clone(), events: self.events.clone(), name: self.name, subjects: self.subjects.clone() }
    }

    /// For letting dead letters take effect, here or in another process.
    pub fn retrier(&self) -> Retrier {
        Retrier { db: self.db.clone(), name: self.name, handler: self.handler.clone() }
    }

    /// Works until told to stop; failures are waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let Err(error) = self.session(&stop, &mut failures).await else { continue };
            failures += 1;
            tracing::warn!(consumer = self.name, failures, "events are not coming in: {error:#}");
            self.activity.send_replace(Activity::Failing(format!("{error:#}")));
            pause(&stop, backoff::pause(failures, FIRST_PAUSE, MOST_PAUSE)).await;
        }
    }

    /// Takes the lease and works under it until told to stop, until a new epoch begins or until something fails.
    async fn session(&self, stop: &CancellationToken, failures: &mut u32) -> anyhow::Result<()> {
        let mut lease = Lease::connect(&self.db, &format!("consumer/{}", self.name)).await?;
        while !lease.try_take().await? {
            self.activity.send_replace(Activity::Standby);
            if !pause(stop, LEASE_INTERVAL).await {
                return Ok(());
            }
        }
        let stream = self.events.stream().await?;
        let (create_time, end) = (stream.cached_info().created, stream.cached_info().state.last_sequence);
        let position =
            in_time(inbox::position_open(lease.connection(), self.name, create_time, end.cast_signed())).await?;
        let mut messages = self.subscribe(&stream, position).await?;
        self.activity.send_replace(Activity::Active);

        let mut taken = Taken { delivery: 0, sequence: position.stream_sequence.cast_unsigned() };
        let (mut pace, mut full) = (Pace::new(), false);
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => break,
                next = messages.next() => next.context("the stream ended")??,
                () = tokio::time::sleep(LEASE_INTERVAL) => {
                    let now = in_time(inbox::position_get(lease.connection(), self.name)).await?;
                    if now.is_none_or(|now| now.epoch != position.epoch) {
                        break;
                    }
                    *failures = 0;
                    continue;
                }
            };
            if stop.run_until_cancelled(pace.wait(full)).await.is_none() {
                break;
            }
            let mut batch = Batch { events: Vec::with_capacity(BATCH), end: taken.sequence };
            taken.take(&next, &mut batch)?;
            let mut last = next;
            while batch.events.len() < BATCH {
                let Some(Some(next)) = messages.next().now_or_never() else { break };
                let next = next?;
                taken.take(&next, &mut batch)?;
                last = next;
            }
            full = batch.events.len() == BATCH;
            if self.apply(position.epoch, &batch, stop).await? != Outcome::Applied {
                break;
            }
            *failures = 0;
            // What the stream learns from it is how much is left; the position is in the database already.
            if let Err(error) = last.ack().await {
                bail!("acknowledge: {error}");
            }
            if let Ok(info) = last.info() {
                metrics::gauge!("changke_consumer_pending", "consumer" => self.name).set(info.pending as f64);
            }
        }
        lease.release().await;
        Ok(())
    }

    /// The consumer on the stream, made anew: one that other replicas or lost connections left has messages under way.
    async fn subscribe(&self, stream: &Stream, position: inbox::Position) -> anyhow::Result<pull::Stream> {
        let name = durable_name(&self.events, &self.db, self.name);
        // There may be none.
        let _ = stream.delete_consumer(&name).await;
        let consumer = stream
            .create_consumer(pull::Config {
                durable_name: Some(name),
                filter_subjects: self.subjects.clone(),
                deliver_policy: DeliverPolicy::ByStartSequence {
                    start_sequence: position.stream_sequence.cast_unsigned() + 1,
                },
                ack_policy: AckPolicy::All,
                ack_wait: ACK_WAIT,
                max_ack_pending: 4 * BATCH as i64,
                metadata: [(EPOCH.to_owned(), position.epoch.to_string())].into(),
                ..pull::Config::default()
            })
            .await?;
        Ok(consumer.stream().max_messages_per_batch(2 * BATCH).heartbeat(HEARTBEAT).messages().await?)
    }

    /// The whole batch at once; if that fails, one event after the other, to know which is to blame.
    async fn apply(&self, epoch: i64, batch: &Batch, stop: &CancellationToken) -> Result<Outcome> {
        let error = match self.apply_once(epoch, &batch.events, batch.end).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        tracing::info!(
            consumer = self.name,
            events = batch.events.len(),
            "a batch failed, taking its events one by one: {error}"
        );
        for event in &batch.events {
            let outcome = self.apply_alone(epoch, event, stop).await?;
            if outcome != Outcome::Applied {
                return Ok(outcome);
            }
        }
        self.apply_once(epoch, &[], batch.end).await
    }

    /// Tries until the event takes effect or is put aside.
    async fn apply_alone(&self, epoch: i64, event: &Envelope, stop: &CancellationToken) -> Result<Outcome> {
        let (mut attempts, mut tries) = (0, 0);
        loop {
            let error = match self.apply_once(epoch, std::slice::from_ref(event), event.stream_sequence).await {
                Ok(outcome) => {
                    self.activity.send_replace(Activity::Active);
                    return Ok(outcome);
                }
                Err(error) => error,
            };
            tries += 1;
            // When something is unreachable, no event is to blame: all would fail.
            if error.code() != Code::Unavailable {
                attempts += 1;
            }
            tracing::warn!(consumer = self.name, event = %event.id, event_type = event.event_type, attempts, "{error}");
            if attempts >= self.retries.attempts {
                return self.put_aside(epoch, event, &error).await;
            }
            self.activity.send_replace(Activity::Failing(format!("event {}: {error}", event.id)));
            if !pause(stop, backoff::pause(tries, self.retries.first_pause, self.retries.most_pause)).await {
                return Ok(Outcome::Stopped);
            }
        }
    }

    async fn put_aside(&self, epoch: i64, event: &Envelope, failure: &Error) -> Result<Outcome> {
        let mut tx = self.db.begin().await?;
        if !inbox::position_advance(tx.connection(), self.name, epoch, event.stream_sequence.cast_signed()).await? {
            return Ok(Outcome::Superseded);
        }
        inbox::record(tx.connection(), self.name, std::slice::from_ref(event)).await?;
        inbox::dead_letter_insert(tx.connection(), self.name, event, &failure.to_string()).await?;
        tx.commit().await?;
        tracing::error!(consumer = self.name, event = %event.id, event_type = event.event_type, "put aside: {failure}");
        metrics::counter!("changke_dead_letters_total", "consumer" => self.name).increment(1);
        self.activity.send_replace(Activity::Active);
        Ok(Outcome::Applied)
    }

    async fn apply_once(&self, epoch: i64, events: &[Envelope], end: u64) -> Result<Outcome> {
        let mut tx = self.db.begin().await?;
        if !inbox::position_advance(tx.connection(), self.name, epoch, end.cast_signed()).await? {
            return Ok(Outcome::Superseded);
        }
        let mut fresh = inbox::record(tx.connection(), self.name, events).await?;
        let fresh: Vec<&Envelope> = events.iter().filter(|event| fresh.remove(&event.id)).collect();
        if !fresh.is_empty() {
            self.handler.handle_batch(&mut tx, &fresh).await?;
        }
        tx.commit().await?;
        for event in events {
            let lag = (Utc::now() - event.time).to_std().unwrap_or_default();
            metrics::histogram!("changke_event_lag_seconds", "consumer" => self.name).record(lag);
        }
        Ok(Outcome::Applied)
    }
}

/// A span only where the trace is kept: otherwise each event would begin a trace of its own.
pub fn span(event: &Envelope) -> Span {
    let Some(traceparent) = &event.traceparent else { return Span::none() };
    telemetry::enter(Some(traceparent), || {
        tracing::info_span!("consume event", otel.kind = "consumer", event = event.event_type)
    })
}

/// How much of what the stream delivers has been taken.
struct Taken {
    /// Number of the last delivery of this consumer.
    delivery: u64,
    /// Position of the last message in the stream.
    sequence: u64,
}

impl Taken {
    fn take(&mut self, message: &async_nats::jetstream::Message, batch: &mut Batch) -> anyhow::Result<()> {
        let info = message.info().map_err(|error| anyhow::anyhow!("{error}"))?;
        // One that got lost on its way would come again after those behind it.
        if info.consumer_sequence != self.delivery + 1 {
            bail!("delivery {} follows {}", info.consumer_sequence, self.delivery);
        }
        self.delivery = info.consumer_sequence;
        if info.stream_sequence <= self.sequence {
            return Ok(());
        }
        self.sequence = info.stream_sequence;
        batch.end = info.stream_sequence;
        match Envelope::from_message(message, info.stream_sequence) {
            Ok(event) => batch.events.push(event),
            Err(error) => {
                tracing::error!(sequence = info.stream_sequence, subject = %message.subject, "no event of ours: {error:#}");
            }
        }
        Ok(())
    }
}

/// A consumer seen from outside. Cheap to clone.
#[derive(Clone)]
pub struct Monitor {
    db: Db,
    events: Events,
    name: &'static str,
    subjects: Vec<String>,
}

impl Monitor {
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Events that have not taken effect yet; before the consumer has first run, at most so many.
    pub async fn pending(&self) -> anyhow::Result<u64> {
        let mut connection = self.db.pool().acquire().await?;
        let position = inbox::position_get(&mut connection, self.name).await?;
        drop(connection);
        let stream = self.events.stream().await?;
        let info = stream.consumer_info(durable_name(&self.events, &self.db, self.name)).await;
        match (info, position) {
            (Ok(info), Some(position)) if info.config.metadata.get(EPOCH) == Some(&position.epoch.to_string()) => {
                Ok(info.num_pending + info.num_ack_pending as u64)
            }
            (_, position) => {
                let taken = position.map_or(0, |position| position.stream_sequence.cast_unsigned());
                Ok(stream.cached_info().state.last_sequence.saturating_sub(taken))
            }
        }
    }

    /// When the first event happened that the stream still holds for the consumer.
    pub async fn first_event_time(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let stream = self.events.stream().await?;
        let mut first: Option<StreamMessage> = None;
        for subject in &self.subjects {
            match stream.get_first_raw_message_by_subject(subject, 1).await {
                Ok(message) if first.as_ref().is_none_or(|first| message.sequence < first.sequence) => {
                    first = Some(message);
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        first.map(|message| envelope::time(&message.headers)).transpose()
    }

    /// Lets the consumer start over from the first event once the transaction commits. To be called before the
    /// transaction undoes the effects of the events: it waits for the batch under way and holds off the next one.
    pub async fn reset(&self, tx: &mut Tx) -> Result<()> {
        Ok(inbox::reset(tx.connection(), self.name).await?)
    }
}

/// Lets events that were put aside take effect. Cheap to clone.
#[derive(Clone)]
pub struct Retrier {
    db: Db,
    name: &'static str,
    handler: Arc<dyn Handler>,
}

impl Retrier {
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries a dead letter again in the transaction. A failure is noted with the letter and answered; the transaction is
    /// then to be undone.
    pub async fn retry(&self, tx: &mut Tx, event_id: uuid::Uuid) -> Result<()> {
        let event =
            inbox::dead_letter_take(tx.connection(), self.name, event_id).await?.ok_or_else(Error::not_found)?;
        let Err(error) = self.handler.handle(tx, &event).await else { return Ok(()) };
        let failure = error.to_string();
        let (db, name) = (self.db.clone(), self.name);
        // Behind the end of the transaction, which holds the letter.
        tokio::spawn(async move {
            let noted = async {
                let mut connection = db.pool().acquire().await?;
                inbox::dead_letter_blame(&mut connection, name, event_id, &failure).await
            };
            if let Err(error) = noted.await {
                tracing::warn!(consumer = name, event = %event_id, "the failure can't be noted: {error}");
            }
        });
        tracing::warn!(consumer = self.name, event = %event_id, "failed again: {error}");
        Err(Error::failed_precondition(&reason::DEAD_LETTER_FAILED))
    }
}

fn durable_name(events: &Events, db: &Db, name: &str) -> String {
    format!("{}_{}_{name}", events.prefix, db.service())
}

/// Waits; false when told to stop meanwhile.
async fn pause(stop: &CancellationToken, pause: Duration) -> bool {
    stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
}
