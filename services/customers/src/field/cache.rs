//! The fields and dictionaries held in memory. `schema_revision` tells when to look again: at most once a second, and at
//! once after a change made here, so that other replicas follow within a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use platform::access::Caller;
use platform::db::Db;
use platform::error::Result;
use sqlx::PgConnection;

use super::fields::Fields;
use super::kind::RecordKind;
use super::store;
use crate::dictionary::cache::Dictionaries;

const LOOK_AGAIN_MILLIS: u64 = 1_000;

/// Cheap to share behind an `Arc`.
pub struct FieldCache {
    db: Db,
    held: ArcSwapOption<Fields>,
    start: Instant,
    /// Milliseconds after `start`.
    looked: AtomicU64,
}

impl FieldCache {
    pub fn new(db: Db) -> Self {
        Self { db, held: ArcSwapOption::empty(), start: Instant::now(), looked: AtomicU64::new(0) }
    }

    /// The fields of every kind of record and the dictionaries, as they were at most about a second ago.
    pub async fn current(&self) -> Result<Arc<Fields>> {
        match self.held.load_full() {
            Some(fields) if !self.due() => Ok(fields),
            _ => self.refresh().await,
        }
    }

    /// Those of customers, as a caller knows them.
    pub async fn seen_by(&self, caller: &Caller) -> Result<Arc<Fields>> {
        self.of(RecordKind::Customer, caller).await
    }

    /// Those of a kind of record, as a caller knows them.
    pub async fn of(&self, kind: RecordKind, caller: &Caller) -> Result<Arc<Fields>> {
        Ok(self.current().await?.view(kind, Some(caller)))
    }

    /// Those of a kind of record in full: for work on nobody's behalf.
    pub async fn all_of(&self, kind: RecordKind) -> Result<Arc<Fields>> {
        Ok(self.current().await?.view(kind, None))
    }

    /// To be called after a change was committed here. What can't be read now is read at the next look: the change
    /// stands either way.
    pub async fn changed(&self) {
        if let Err(error) = self.refresh().await {
            tracing::warn!("fields: {error}");
        }
    }

    /// Looks now, however short ago the last look was.
    pub async fn refresh(&self) -> Result<Arc<Fields>> {
        let mut connection = self.db.pool().acquire().await?;
        let revision = store::revision(&mut connection).await?;
        if let Some(held) = self.held.load_full()
            && held.revision() >= revision
        {
            return Ok(held);
        }
        let list = store::field_all(&mut connection).await?;
        let dictionaries = Dictionaries::load(&mut connection).await?;
        // Rows newer than the revision that was read first do no harm: the next look finds a newer revision.
        let fresh = Arc::new(Fields::new(revision, list, dictionaries));
        self.held.rcu(|held| match held {
            Some(held) if held.revision() > fresh.revision() => held.clone(),
            _ => fresh.clone(),
        });
        Ok(fresh)
    }

    /// True for one caller a second; the others go on with what is held meanwhile.
    fn due(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        now.saturating_sub(looked) >= LOOK_AGAIN_MILLIS
            && self.looked.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Tells all caches that the schema has changed; also keeps two changes of the schema apart until the transaction ends.
pub async fn schema_changed(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE schema_revision SET revision = revision + 1").execute(connection).await?;
    Ok(())
}
