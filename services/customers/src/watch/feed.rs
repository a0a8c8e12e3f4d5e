//! Hears of the service's own events while anybody watches, and tells all streams of this process whose they are. What it
//! could not hear, it tells as too much to tell.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::customers::{AttachmentChanged, CustomerChanged, CustomerShareChanged, InteractionChanged};
use platform::backoff;
use platform::db::Db;
use platform::error::{Error, Result};
use platform::events::{Envelope, Events};
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::rules::{Batch, Gathered, MOST};
use super::store;

/// For how long changes are gathered.
const GATHER: Duration = Duration::from_millis(250);

/// Shares that run out make no event, so they are looked for: once in so many batches.
const EXPIRY_LOOK: u32 = 4;

/// Batches that a stream may lag behind.
const LAG: usize = 16;

/// How long a newcomer waits until events are heard.
const PATIENCE: Duration = Duration::from_secs(5);

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MOST_PAUSE: Duration = Duration::from_secs(5);

pub struct Feed {
    db: Db,
    events: Events,
    batches: broadcast::Sender<Batch>,
    live: watch::Sender<bool>,
    wanted: Notify,
}

impl Feed {
    pub fn new(db: &Db, events: &Events) -> Self {
        Self {
            db: db.clone(),
            events: events.clone(),
            batches: broadcast::Sender::new(LAG),
            live: watch::Sender::new(false),
            wanted: Notify::new(),
        }
    }

    /// Every batch from now on.
    pub async fn join(&self) -> Result<broadcast::Receiver<Batch>> {
        // Also what tells that somebody is there.
        let batches = self.batches.subscribe();
        self.wanted.notify_one();
        let mut live = self.live.subscribe();
        let waited = tokio::time::timeout(PATIENCE, live.wait_for(|live| *live)).await;
        waited
            .map_err(|_| Error::unavailable(anyhow::anyhow!("events are not coming in")))?
            .map_err(Error::internal)?;
        Ok(batches)
    }

    /// Works until told to stop, as long as anybody watches; failures are waited out.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            if self.batches.receiver_count() == 0 {
                let _ = stop.run_until_cancelled(self.wanted.notified()).await;
                continue;
            }
            let followed = self.follow(&stop, &mut failures).await;
            self.live.send_replace(false);
            let Err(error) = followed else { continue };
            failures += 1;
            tracing::warn!(failures, "changes of customers are not heard of: {error:#}");
            let pause = backoff::pause(failures, FIRST_PAUSE, MOST_PAUSE);
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    async fn follow(&self, stop: &CancellationToken, failures: &mut u32) -> anyhow::Result<()> {
        let mut tail = self.events.tail(self.db.service()).await?;
        // Whoever has been there for longer has missed what came before.
        self.tell(Batch::TooMany);
        self.live.send_replace(true);
        let mut gathered = Gathered::default();
        let mut expiry = Expiry::default();
        let mut tick = interval(GATHER);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.batches.receiver_count() > 0 {
            tokio::select! {
                () = stop.cancelled() => break,
                event = tail.next() => {
                    if let Some(id) = customer_of(&event?) {
                        gathered.add(id);
                    }
                }
                _ = tick.tick() => {
                    expiry.look(&self.db, &mut gathered).await?;
                    if let Some(batch) = gathered.take() {
                        self.tell(batch);
                    }
                    *failures = 0;
                }
            }
        }
        Ok(())
    }

    fn tell(&self, batch: Batch) {
        // Nobody may be there any more.
        let _ = self.batches.send(batch);
    }
}

/// Which customer an event is about.
fn customer_of(event: &Envelope) -> Option<Uuid> {
    if event.is::<CustomerChanged>() {
        return Some(event.aggregate_id);
    }
    let customer_id = if event.is::<CustomerShareChanged>() {
        event.decode::<CustomerShareChanged>().ok()?.customer_id
    } else if event.is::<AttachmentChanged>() {
        event.decode::<AttachmentChanged>().ok()?.customer_id
    } else {
        // The time of the last contact is the customer's.
        event.decode::<InteractionChanged>().ok()?.customer_id
    };
    customer_id.parse().ok()
}

#[derive(Default)]
struct Expiry {
    ticks: u32,
    looked: Option<DateTime<Utc>>,
}

impl Expiry {
    async fn look(&mut self, db: &Db, gathered: &mut Gathered) -> Result<()> {
        self.ticks = (self.ticks + 1) % EXPIRY_LOOK;
        if self.looked.is_none() || self.ticks == 0 {
            let (now, ids) = store::shares_expired(db.pool(), self.looked, MOST + 1).await?;
            self.looked = Some(now);
            ids.into_iter().for_each(|id| gathered.add(id));
        }
        Ok(())
    }
}
