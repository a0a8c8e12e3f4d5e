//! Shows a file to the scanner before anybody can have it. Tried again until there is a verdict: what nobody has looked at
//! stays closed.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;
use contracts::customers::{Attachment, AttachmentState};
use platform::access::Policy;
use platform::blob::Blobs;
use platform::error::{Error, Result};
use platform::jobs::{JobContext, JobFailure, JobHandler, NewJob};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clamd::{self, Verdict};
use super::{AttachmentConfig, rpc, store};

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    pub attachment_id: Uuid,
}

/// At most one of an attachment is under way. A daemon that is away for hours is waited for.
pub fn of(attachment_id: Uuid) -> Result<NewJob> {
    let job = NewJob::new::<Scan>(&Payload { attachment_id })?;
    Ok(job.unique(format!("attachment.scan/{attachment_id}")).max_attempts(100))
}

pub struct Scan {
    config: Arc<AttachmentConfig>,
    blobs: Blobs,
}

impl Scan {
    pub fn new(config: Arc<AttachmentConfig>, blobs: Blobs) -> Self {
        Self { config, blobs }
    }
}

#[async_trait]
impl JobHandler for Scan {
    const KIND: &'static str = "customers.attachment.scan";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let id = job.payload.attachment_id;
        let nobody = Policy::default();
        let mut tx = job.db().begin().await?;
        let found = match store::attachment_lock(tx.connection(), &nobody, id).await {
            Err(error) if is_gone(&error) => return Ok(()),
            found => found?,
        };
        // Not held while the scanner takes its time.
        tx.commit().await?;
        if found.attachment.state() != AttachmentState::Scanning {
            return Ok(());
        }
        // A scanner that was taken away holds nothing back.
        let verdict = match self.config.scanner() {
            None => Verdict::Clean,
            Some(address) => {
                let content = self.blobs.get(found.object_id).await?;
                clamd::scan(address, content).await.map_err(JobFailure::Retry)?
            }
        };

        let mut tx = job.db().begin().await?;
        let before = match store::attachment_lock(tx.connection(), &nobody, id).await {
            Err(error) if is_gone(&error) => return Ok(()),
            before => before?,
        };
        if before.attachment.state() != AttachmentState::Scanning {
            return Ok(());
        }
        let (state, finding, action) = match verdict {
            Verdict::Clean => (AttachmentState::Clean, String::new(), "attachment.scanned"),
            Verdict::Found(finding) => (AttachmentState::Refused, finding, "attachment.refused"),
        };
        let after = Attachment { state: state as i32, finding, ..before.attachment.clone() };
        let after = store::attachment_update(tx.connection(), &nobody, id, &after).await?;
        if state == AttachmentState::Refused {
            store::object_announce(tx.connection(), before.object_id, Utc::now()).await?;
            super::sweep::soon(&mut tx).await?;
        }
        rpc::tell(&mut tx, action, &after, &before.attachment, false)?;
        tx.commit().await?;
        Ok(())
    }
}

/// It was removed meanwhile.
fn is_gone(error: &Error) -> bool {
    error.code() == tonic::Code::NotFound
}
