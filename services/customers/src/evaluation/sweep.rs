//! Judges all customers as a durable job: after a change of rules those that changed, once a day all of them.

use std::sync::Arc;

use contracts::customers::{RuleRun, RuleRunState};
use platform::error::Result;
use platform::jobs::{self, JobContext, JobFailure, JobHandler, JobState};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::judge::{Cause, judge};
use super::rule::Rules;
use super::store;
use crate::Shared;

const BATCH: i64 = 2_000;

/// Of what the rules are; all of them when nothing is named.
#[derive(Default, Serialize, Deserialize)]
pub struct Payload {
    #[serde(default)]
    pub scheme: Option<String>,
    #[serde(default)]
    pub tag: Option<String>,
    /// The rules that warn, and no others.
    #[serde(default)]
    pub churn: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Progress {
    after: Uuid,
    seen: i64,
    changed: i64,
    total: i64,
}

pub struct Sweep {
    shared: Arc<Shared>,
}

impl Sweep {
    pub const KEY: &'static str = "evaluation.sweep";

    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// One batch in one transaction that also notes how far it came; whether it was the last.
    async fn batch(&self, job: &JobContext<Payload>, progress: &mut Progress) -> Result<bool, JobFailure> {
        let mut tx = job.db().begin().await?;
        let Payload { scheme, tag, churn } = &job.payload;
        let mut rules = Rules::load(&self.shared, tx.connection()).await?;
        if *churn {
            rules.schemes.clear();
            rules.tags.clear();
        } else if scheme.is_some() || tag.is_some() {
            rules.schemes.retain(|rules| Some(&rules.code) == scheme.as_ref());
            // A tag may depend on the grade, and a warning on both.
            rules.tags.retain(|(name, _)| tag.as_ref().is_none_or(|tag| tag == name));
        }
        if rules.is_empty() {
            return Ok(true);
        }
        if progress.total == 0 {
            progress.total = store::customer_total(tx.connection()).await?;
        }
        let ids = store::next_ids(tx.connection(), progress.after, BATCH).await?;
        let judged = judge(&mut tx, &rules, &ids, Cause::Rules).await?;
        progress.after = ids.last().copied().unwrap_or(progress.after);
        progress.seen += ids.len() as i64;
        progress.changed += judged.customers.len() as i64;
        job.checkpoint(tx.connection(), progress).await?;
        tx.commit().await?;
        Ok(ids.len() < BATCH as usize)
    }
}

#[async_trait::async_trait]
impl JobHandler for Sweep {
    const KIND: &'static str = "customers.evaluate";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let mut progress = job.progress::<Progress>().unwrap_or_default();
        loop {
            job.proceed()?;
            if self.batch(&job, &mut progress).await? {
                return Ok(());
            }
        }
    }
}

/// How far a job has come; nothing when it was long ago.
pub async fn run(connection: &mut PgConnection, job_id: Option<Uuid>) -> Result<Option<RuleRun>> {
    let Some(job_id) = job_id else { return Ok(None) };
    let Some(status) = jobs::status(connection, job_id).await? else { return Ok(None) };
    let progress = Progress::deserialize(&status.progress).unwrap_or_default();
    let state = match status.state {
        JobState::Done => RuleRunState::Done,
        JobState::Dead | JobState::Cancelled => RuleRunState::Failed,
        _ => RuleRunState::Running,
    };
    Ok(Some(RuleRun {
        state: state.into(),
        seen_count: progress.seen,
        changed_count: progress.changed,
        total_count: progress.total.max(progress.seen),
    }))
}
