//! The newest revision of the policy that this process knows to be committed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::Utc;
use platform::db::Db;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::store;

/// How soon changes by another replica are seen.
const POLL: Duration = Duration::from_millis(250);

/// Without a look at the database for this long, nobody is told that all is as it was.
const CURRENT_SECONDS: i64 = 5;

pub struct Feed {
    revision: watch::Sender<i64>,
    last_look: AtomicI64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { revision: watch::Sender::new(0), last_look: AtomicI64::new(0) }
    }
}

impl Feed {
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }

    /// Tells of a revision that was committed; all before it were, too.
    pub fn reached(&self, revision: i64) {
        self.revision.send_if_modified(|known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }

    /// Whether the known revision was the newest a moment ago.
    pub fn is_current(&self) -> bool {
        Utc::now().timestamp() - self.last_look.load(Ordering::Relaxed) <= CURRENT_SECONDS
    }

    /// Looks for changes by other replicas until shutdown.
    pub async fn run(&self, db: Db, shutdown: CancellationToken) {
        let mut failing = false;
        while !shutdown.is_cancelled() {
            match store::current(db.pool()).await {
                Ok(revision) => {
                    self.reached(revision);
                    self.last_look.store(Utc::now().timestamp(), Ordering::Relaxed);
                    failing = false;
                }
                // Four times a second says nothing more than once.
                Err(error) if !failing => {
                    tracing::warn!("policy revision: {error}");
                    failing = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}
