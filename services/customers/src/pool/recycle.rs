//! Puts customers whom their owners let lie back into the pool, once a day.

use chrono::{TimeDelta, Utc};
use platform::access::PolicyCache;
use platform::db::{AuditEntry, Db, FieldChange};
use platform::jobs::{JobContext, JobFailure, JobHandler};
use sqlx::Row;
use std::sync::Arc;
use uuid::Uuid;

use super::store;
use crate::customer::event;
use crate::customer::row::{Reader, WIDTH};
use crate::field::Fields;

const BATCH: i64 = 500;

pub struct Recycle {
    policy: Arc<PolicyCache>,
}

impl Recycle {
    pub fn new(policy: Arc<PolicyCache>) -> Self {
        Self { policy }
    }

    /// One batch in one transaction; how many customers it put back.
    async fn batch(&self, db: &Db) -> Result<usize, JobFailure> {
        let mut tx = db.begin().await?;
        let rule = store::rule_get(tx.connection()).await?;
        if rule.recycle_after_days == 0 {
            return Ok(0);
        }
        let since = Utc::now() - TimeDelta::days(rule.recycle_after_days.into());
        let policy = self.policy.policy();
        let fields = Fields::default();
        let reader = Reader::clear(policy.clone(), &fields);
        let rows = store::recycle(tx.connection(), since, BATCH).await?;
        for row in &rows {
            let customer = reader.customer(row)?;
            let id: Uuid = row.try_get(0)?;
            let previous: Uuid = row.try_get(WIDTH)?;
            event::emit(&mut tx, id, &customer);
            tx.audit(AuditEntry {
                action: "customer.recycled",
                record_kind: event::AGGREGATE,
                record_id: id,
                subject_id: id,
                changes: vec![FieldChange {
                    field: "owner_id".into(),
                    before: policy.employee_name(previous).to_owned(),
                    after: String::new(),
                }],
            });
        }
        tx.commit().await?;
        Ok(rows.len())
    }
}

#[async_trait::async_trait]
impl JobHandler for Recycle {
    const KIND: &'static str = "customers.recycle";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        // Each batch leaves fewer to do, so a repeated run goes on where the last one ended.
        while self.batch(job.db()).await? > 0 {
            job.proceed()?;
        }
        Ok(())
    }
}
