//! Puts the events of a stretch of time on their way once more, some at a time: each batch is one transaction with the
//! progress that follows from it.

use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use contracts::identity::{WebhookReplay, WebhookReplayState};
use platform::db::timestamp;
use platform::jobs::{JobContext, JobFailure, JobHandler, JobState, JobStatus};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::delivery::store::{self, Stretch};
use super::{Webhooks, endpoint, event};

const BATCH: i64 = 500;

pub struct Replay {
    pub webhooks: Arc<Webhooks>,
}

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub endpoint_id: Uuid,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub undelivered_only: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Progress {
    total: i64,
    queued: i64,
    /// Of the last event that was put on its way.
    sequence: i64,
}

#[tonic::async_trait]
impl JobHandler for Replay {
    const KIND: &'static str = "identity.webhook_replay";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let mut progress: Option<Progress> = job.progress();
        loop {
            job.proceed()?;
            let mut tx = job.db().begin().await?;
            // Held: none of the batch gets past a disabling.
            let endpoint = endpoint::store::endpoint_lock(tx.connection(), job.payload.endpoint_id).await;
            let endpoint = endpoint.ok().filter(|endpoint| endpoint.enabled);
            let Some(endpoint) = endpoint else { return Err(JobFailure::Fatal(anyhow!("the endpoint is disabled"))) };
            let takes = |name: &String| endpoint.event_types.iter().any(|pattern| event::matches(pattern, name));
            let event_types: Vec<String> = event::types("").map(|known| known.r#type).filter(takes).collect();
            let stretch = Stretch {
                endpoint_id: job.payload.endpoint_id,
                event_types: &event_types,
                start: job.payload.start,
                end: job.payload.end,
                undelivered_only: job.payload.undelivered_only,
            };
            let mut next = match progress.take() {
                Some(progress) => progress,
                None => {
                    let total = store::stretch_count(tx.connection(), &stretch).await?;
                    Progress { total, ..Progress::default() }
                }
            };
            let now = self.webhooks.clock.now();
            let moved = store::stretch_deliver(tx.connection(), &stretch, next.sequence, BATCH, now).await?;
            if let Some((queued, sequence)) = moved {
                next.queued += queued;
                next.sequence = sequence;
            }
            job.checkpoint(tx.connection(), &next).await?;
            tx.commit().await?;
            if moved.is_none() {
                return Ok(());
            }
            progress = Some(next);
        }
    }
}

/// A replay as its job stands.
pub fn shown(job: &JobStatus) -> WebhookReplay {
    let progress = Progress::deserialize(&job.progress).unwrap_or_default();
    let state = match job.state {
        JobState::Pending | JobState::Leased => WebhookReplayState::Running,
        JobState::Done => WebhookReplayState::Completed,
        JobState::Dead | JobState::Cancelled => WebhookReplayState::Failed,
    };
    WebhookReplay {
        id: job.id.to_string(),
        state: state.into(),
        queued_count: progress.queued,
        total_count: progress.total,
        create_time: Some(timestamp(job.create_time)),
        end_time: job.end_time.map(timestamp),
    }
}
