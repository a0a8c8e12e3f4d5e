//! Puts customers whose time has come back into the pool, once a day.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use platform::access::PolicyCache;
use platform::db::{AuditEntry, FieldChange};
use platform::jobs::{JobContext, JobFailure, JobHandler};
use sqlx::Row;
use uuid::Uuid;

use super::recycling::Recycling;
use super::store;
use crate::Shared;
use crate::customer::event;
use crate::customer::list::built_in;
use crate::customer::row::{Reader, WIDTH};
use crate::field::Fields;
use crate::field::kind::RecordKind;

const BATCH: i64 = 500;

pub struct Recycle {
    shared: Arc<Shared>,
    policy: Arc<PolicyCache>,
}

impl Recycle {
    pub fn new(shared: Arc<Shared>, policy: Arc<PolicyCache>) -> Self {
        Self { shared, policy }
    }

    /// One batch in one transaction that also notes how far it came; the last id, nothing behind the last batch.
    async fn batch(&self, job: &JobContext<()>, after: Uuid, now: DateTime<Utc>) -> Result<Option<Uuid>, JobFailure> {
        let mut tx = job.db().begin().await?;
        let policy = self.policy.policy();
        let fields = self.shared.fields.all_of(RecordKind::Customer).await?;
        let schema = fields.schema(built_in);
        let sources = super::pools_load(tx.connection(), &policy).await?;
        let recycling = Recycling::new(&sources, &schema, self.shared.zone);
        if recycling.is_off() {
            return Ok(None);
        }
        // Events hold no custom fields.
        let fields = Fields::default();
        let reader = Reader::clear(policy.clone(), &fields);
        let rows = store::recycle(tx.connection(), (&sources, &recycling), after, now, BATCH).await?;
        let mut last = after;
        for row in &rows {
            let customer = reader.customer(row)?;
            let id: Uuid = row.try_get(0)?;
            let previous: Uuid = row.try_get(WIDTH)?;
            let label: Option<String> = row.try_get(WIDTH + 1)?;
            last = last.max(id);
            event::emit(&mut tx, id, &customer);
            let mut changes = vec![FieldChange {
                field: "owner_id".into(),
                before: policy.employee_name(previous).to_owned(),
                after: String::new(),
            }];
            if let Some(label) = label.filter(|label| !label.is_empty()) {
                changes.push(FieldChange { field: "rule".into(), before: String::new(), after: label });
            }
            tx.audit(AuditEntry {
                action: "customer.recycled",
                record_kind: event::AGGREGATE,
                record_id: id,
                subject_id: id,
                changes,
            });
        }
        job.checkpoint(tx.connection(), &last).await?;
        tx.commit().await?;
        Ok(Some(last).filter(|_| rows.len() == BATCH as usize))
    }
}

#[async_trait::async_trait]
impl JobHandler for Recycle {
    const KIND: &'static str = "customers.recycle";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        // Pools are of groups: without the tree of them nobody can tell under whose rule a customer is.
        if !self.policy.is_fresh() {
            return Err(JobFailure::Retry(anyhow::anyhow!("the policy is not known yet")));
        }
        let now = Utc::now();
        let mut after = Some(job.progress::<Uuid>().unwrap_or_default());
        while let Some(behind) = after {
            job.proceed()?;
            after = self.batch(&job, behind, now).await?;
        }
        Ok(())
    }
}
