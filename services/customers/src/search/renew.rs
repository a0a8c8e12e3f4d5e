//! Brings documents of an earlier form into the present one, a batch at a time, while everybody works.

use async_trait::async_trait;
use platform::jobs::{JobContext, JobFailure, JobHandler};
use uuid::Uuid;

use super::document::{contact_document, customer_document};
use super::store::{documents_defer, documents_of_old, documents_save, documents_settle};

const BATCH: i64 = 500;

pub struct Renew;

impl Renew {
    /// Due at once where this form is new, and every day, since an older version may still write beside it.
    pub const KEY: &'static str = "search.renew.2";
}

#[async_trait]
impl JobHandler for Renew {
    const KIND: &'static str = "customers.search.renew";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let mut last = Uuid::nil();
        loop {
            job.proceed()?;
            let mut tx = job.db().begin().await?;
            let old = documents_of_old(tx.connection(), last, BATCH).await?;
            let Some(reached) = old.last() else { return Ok(()) };
            last = reached.id;
            let document = |old: &super::store::Named| match old.customer_id == old.id {
                true => customer_document(old.id, &old.name, &old.number, &old.phone),
                false => contact_document(old.id, old.customer_id, &old.name, &old.phone),
            };
            let documents: Vec<_> = old.iter().map(document).collect();
            documents_defer(tx.connection()).await?;
            documents_save(tx.connection(), &documents).await?;
            tx.commit().await?;
            documents_settle(&mut *job.db().pool().acquire().await?).await?;
        }
    }
}
