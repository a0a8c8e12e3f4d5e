//! The fields and dictionaries at one moment, held in memory. `schema_revision` tells when to look again: at most once
//! a second, and at once after a change made here, so that other replicas follow within a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use contracts::customers as proto;
use platform::db::Db;
use platform::error::Result;
use sqlx::PgConnection;

use super::store;
use crate::dictionary::cache::Dictionaries;

const LOOK_AGAIN_MILLIS: u64 = 1_000;

/// A field as the contract states it.
pub type Definition = proto::Field;

/// The schema of customers beyond their built-in fields.
#[derive(Debug, Default)]
pub struct Fields {
    revision: i64,
    /// In the order of forms, retired ones too.
    list: Vec<Definition>,
    dictionaries: Dictionaries,
}

impl Fields {
    pub fn new(revision: i64, list: Vec<Definition>, dictionaries: Dictionaries) -> Self {
        Self { revision, list, dictionaries }
    }

    pub fn revision(&self) -> i64 {
        self.revision
    }

    pub fn all(&self) -> &[Definition] {
        &self.list
    }

    /// Those in use, in the order of forms.
    pub fn active(&self) -> impl Iterator<Item = &Definition> {
        self.list.iter().filter(|field| !field.retired)
    }

    /// Retired or not.
    pub fn by_key(&self, key: &str) -> Option<&Definition> {
        self.list.iter().find(|field| field.key == key)
    }

    pub fn dictionaries(&self) -> &Dictionaries {
        &self.dictionaries
    }
}

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

    /// The fields and dictionaries as they were at most about a second ago.
    pub async fn current(&self) -> Result<Arc<Fields>> {
        match self.held.load_full() {
            Some(fields) if !self.due() => Ok(fields),
            _ => self.refresh().await,
        }
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
            && held.revision >= revision
        {
            return Ok(held);
        }
        let list = store::field_all(&mut connection).await?;
        let dictionaries = Dictionaries::load(&mut connection).await?;
        // Rows newer than the revision that was read first do no harm: the next look finds a newer revision.
        let fresh = Arc::new(Fields { revision, list, dictionaries });
        self.held.rcu(|held| match held {
            Some(held) if held.revision > fresh.revision => held.clone(),
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
