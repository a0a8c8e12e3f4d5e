//! Removes the objects that no attachment holds: those of attachments that are gone, and those whose attachment was never
//! written down because the process ended in between. Asks for scans again that were given up.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use platform::blob::Blobs;
use platform::db::Tx;
use platform::error::Result;
use platform::jobs::{self, JobContext, JobFailure, JobHandler, NewJob};

use super::{scan, store};

pub struct Sweep {
    blobs: Blobs,
}

impl Sweep {
    pub fn new(blobs: Blobs) -> Self {
        Self { blobs }
    }
}

/// Longer than a scan waits for its turn.
const UNSCANNED: TimeDelta = TimeDelta::hours(1);

/// After this transaction, besides the regular times.
pub async fn soon(tx: &mut Tx) -> Result<()> {
    tx.enqueue(NewJob::new::<Sweep>(&())?).await?;
    Ok(())
}

#[async_trait]
impl JobHandler for Sweep {
    const KIND: &'static str = "customers.attachment.sweep";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        if self.blobs.is_open() {
            loop {
                job.proceed()?;
                let mut tx = job.db().begin().await?;
                let Some(id) = store::object_take_due(tx.connection()).await? else { break };
                // Off the list once it is gone; a process that ends in between leaves it there.
                self.blobs.remove(id).await?;
                tx.commit().await?;
            }
        }
        let mut connection = job.db().pool().acquire().await?;
        for id in store::attachments_unscanned(&mut connection, Utc::now() - UNSCANNED).await? {
            jobs::enqueue(&mut connection, scan::of(id)?).await?;
        }
        Ok(())
    }
}
