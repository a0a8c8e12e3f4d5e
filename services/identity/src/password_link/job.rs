//! Sends a link. Every attempt of a job sends the same one: a mail that went out although its job doesn't know stays good.

use chrono::Utc;
use platform::db::{AuditEntry, FieldChange};
use platform::jobs::{JobContext, JobFailure, JobHandler};
use platform::locale::Locale;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{self, Recipient, links_replace};
use super::{Purpose, link};
use crate::Identity;
use crate::mail::letter::{self, Addressee};
use crate::one_time_token::OneTimeToken;

/// Enough for a server that is away for the better part of an hour.
pub const ATTEMPTS: i32 = 12;

/// Links that anybody can have sent to one account within an hour.
const RESETS_AN_HOUR: i64 = 3;

pub struct SendLink(pub Identity);

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    /// Nobody, for a name that nobody has: the request must not take less time.
    pub employee_id: Option<Uuid>,
    pub purpose: Purpose,
}

#[tonic::async_trait]
impl JobHandler for SendLink {
    const KIND: &'static str = "identity.send_link";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let identity = &self.0;
        let Payload { employee_id, purpose } = job.payload;
        let (Some(mailer), Some(employee_id)) = (&identity.mailer, employee_id) else { return Ok(()) };
        let Some(recipient) = store::recipient(job.db().pool(), employee_id).await? else { return Ok(()) };
        let wanted = match purpose {
            Purpose::Reset => {
                store::recent_links(job.db().pool(), employee_id, purpose, job.id()).await? < RESETS_AN_HOUR
            }
            _ => recipient.password_change_required,
        };
        if !wanted || !recipient.active || recipient.email.is_empty() {
            return Ok(());
        }
        let now = Utc::now();
        let key = identity.keys.current(now).await?;
        let token = OneTimeToken::new(job.id(), key.derive(&[b"password link", job.id().as_bytes()]));
        let mut tx = job.db().begin().await?;
        let expire_time = purpose.expire_time(&identity.config, now);
        let kept = store::link_keep(tx.connection(), employee_id, purpose, &token, expire_time).await?;
        let Some(is_new) = kept else { return Ok(()) };
        if purpose == Purpose::Invitation {
            links_replace(tx.connection(), employee_id, purpose, token.id).await?;
        }
        if is_new {
            tx.audit(audit(employee_id, purpose));
        }
        tx.commit().await?;
        let link = link(&identity.config.public_url, &token);
        mailer.send(&recipient.email, &written(&recipient, purpose, &link, purpose.seconds(&identity.config))).await
    }
}

pub fn audit(employee_id: Uuid, purpose: Purpose) -> AuditEntry {
    let after = match purpose {
        Purpose::Reset => "RESET",
        Purpose::Invitation => "INVITATION",
        Purpose::FirstAdministrator => "FIRST_ADMINISTRATOR",
    };
    AuditEntry {
        action: "employee.password_link_made",
        record_kind: "employee",
        record_id: employee_id,
        subject_id: employee_id,
        changes: vec![FieldChange::set("purpose", after)],
    }
}

fn written(recipient: &Recipient, purpose: Purpose, link: &str, seconds: u32) -> letter::Letter {
    let to = Addressee {
        display_name: &recipient.display_name,
        login_name: &recipient.login_name,
        locale: Locale::negotiate(&recipient.locale),
    };
    match purpose {
        Purpose::Reset => letter::reset(&to, link, seconds),
        _ => letter::invitation(&to, link, seconds),
    }
}
