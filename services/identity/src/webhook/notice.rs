//! Tells those who administer webhooks by e-mail of an endpoint that was disabled for a reason of its own. The letters are
//! left to the worker with what disables it, so that each goes out once, and those that a mail server puts off come later.

use contracts::options::Permission;
use platform::db::Tx;
use platform::error::Result;
use platform::jobs::{JobContext, JobFailure, JobHandler, NewJob};
use platform::locale::Locale;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::endpoint::{rules::DisableReason, store};
use crate::Identity;
use crate::mail::letter::{self, Addressee};
use crate::password_link::job::ATTEMPTS;
use crate::password_link::store::recipient;

pub struct SendNotice(pub Identity);

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    employee_id: Uuid,
    endpoint_id: Uuid,
}

/// Leaves a letter to everybody concerned.
pub async fn notify(tx: &mut Tx, endpoint_id: Uuid) -> Result<()> {
    for employee_id in store::administrators(tx.connection(), Permission::WebhooksManage).await? {
        let job = NewJob::new::<SendNotice>(&Payload { employee_id, endpoint_id })?;
        tx.enqueue(job.max_attempts(ATTEMPTS)).await?;
    }
    Ok(())
}

#[tonic::async_trait]
impl JobHandler for SendNotice {
    const KIND: &'static str = "identity.webhook_notice";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let identity = &self.0;
        let Payload { employee_id, endpoint_id } = job.payload;
        let Some(mailer) = &identity.mailer else { return Ok(()) };
        let Some(to) = recipient(job.db().pool(), employee_id).await? else { return Ok(()) };
        // Enabled again or deleted meanwhile: there is nothing left to tell.
        let Some((name, reason)) = store::disabled(job.db().pool(), endpoint_id).await? else { return Ok(()) };
        if !to.active || to.email.is_empty() {
            return Ok(());
        }
        let addressee = Addressee {
            display_name: &to.display_name,
            login_name: &to.login_name,
            locale: Locale::negotiate(&to.locale),
        };
        let link = format!("{}/webhooks/{endpoint_id}", identity.config.public_url.trim_end_matches('/'));
        let gone = reason == DisableReason::Gone;
        mailer.send(&to.email, &letter::webhook_disabled(&addressee, &name, gone, &link)).await
    }
}
