//! Remembers what this process has committed until it has its place in the chain. Whoever takes an entry out of the
//! database together with its row of the queue leaves nothing behind there; the process that wrote it knows all the same.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::store::{self, Pending};
use crate::db::{AuditEntry, Db, FieldChange};
use crate::error::Result;

/// What the trail says of an entry that was removed before it was chained.
pub(super) const REMOVED: &str = "audit.entry_removed";

/// Entries that are remembered at most, should nobody be able to chain for hours.
const MOST: usize = 500_000;

/// Committed entries on their way to the witness; nothing is kept where nobody chains.
#[derive(Default)]
pub(crate) struct Committed(Mutex<Option<Vec<Uuid>>>);

impl Committed {
    pub(crate) fn add(&self, entries: Vec<Uuid>) {
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
            && kept.len() < MOST
        {
            kept.extend(entries);
        }
    }

    /// All since the last time; from the first time on they are kept.
    fn take(&self) -> Vec<Uuid> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Vec::new()).unwrap_or_default()
    }
}

pub(super) struct Witness {
    pub(super) patience: Duration,
    /// Since when each is looked for.
    waiting: HashMap<Uuid, Instant>,
}

impl Witness {
    pub(super) fn new(db: &Db) -> Self {
        db.written().take();
        Self { patience: Duration::from_secs(30), waiting: HashMap::new() }
    }

    /// Takes in what was committed since the last time.
    pub(super) fn gather(&mut self, db: &Db) {
        let now = Instant::now();
        let room = MOST.saturating_sub(self.waiting.len());
        self.waiting.extend(db.written().take().into_iter().take(room).map(|entry| (entry, now)));
    }

    /// This process has chained them itself.
    pub(super) fn chained(&mut self, entries: &[Pending]) {
        for entry in entries {
            self.waiting.remove(&entry.entry_id);
        }
    }

    /// Looks for those that have been on their way for long: others may have chained them, or the queue is long. Of those
    /// that are nowhere the trail is told, and so is the log.
    pub(super) async fn look(&mut self, db: &Db) -> Result<()> {
        let now = Instant::now();
        let long = |since: &Instant| now.duration_since(*since) >= self.patience;
        let late: Vec<Uuid> = self.waiting.iter().filter(|(_, since)| long(since)).map(|(entry, _)| *entry).collect();
        if late.is_empty() {
            return Ok(());
        }
        let mut connection = db.pool().acquire().await?;
        let found = store::entries_under_way(&mut connection, &late).await?;
        connection.release();
        let removed: Vec<Uuid> = late.iter().copied().filter(|entry| !found.contains_key(entry)).collect();
        if !removed.is_empty() {
            let mut tx = db.begin().await?;
            for entry in &removed {
                tracing::error!(service = db.service(), %entry, "an audit entry was removed before it was chained");
                tx.audit(AuditEntry {
                    action: REMOVED,
                    record_kind: "audit",
                    record_id: *entry,
                    subject_id: *entry,
                    changes: vec![FieldChange::set("entry_id", entry.to_string())],
                });
            }
            tx.commit().await?;
        }
        for entry in late {
            match found.get(&entry) {
                // Looked for again, after a while.
                Some(false) => drop(self.waiting.insert(entry, now)),
                _ => drop(self.waiting.remove(&entry)),
            }
        }
        Ok(())
    }
}
