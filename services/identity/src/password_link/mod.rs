//! Links to set a password with. `rpc` answers who asks for one and who uses one, `job` sends them, `store` keeps their
//! digests.

pub mod job;
mod rpc;
pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use platform::db::Tx;
use platform::error::{Error, Result};
use platform::jobs::NewJob;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Config;
use crate::one_time_token::OneTimeToken;
use crate::{Identity, error};
use job::SendLink;

/// Numbered as in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    Reset = 1,
    Invitation = 2,
    FirstAdministrator = 3,
}

impl Purpose {
    /// How long a link is good.
    pub fn seconds(self, config: &Config) -> u32 {
        match self {
            Self::Reset => config.reset_link_seconds,
            Self::Invitation | Self::FirstAdministrator => config.invitation_seconds,
        }
    }

    pub fn expire_time(self, config: &Config, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::seconds(i64::from(self.seconds(config)))
    }
}

/// The link of a token. What stands behind the `#` is sent to no server and kept in no log.
pub fn link(public_url: &str, token: &OneTimeToken) -> String {
    format!("{}/set-password#{}", public_url.trim_end_matches('/'), token.encode())
}

impl Identity {
    /// Refuses an invitation that could not be sent.
    pub fn can_mail(&self) -> bool {
        self.mailer.is_some()
    }

    pub fn permit_invitation(&self, email: &str) -> Result<()> {
        match (&self.mailer, email) {
            (None, _) => Err(Error::failed_precondition(&error::MAIL_NOT_SET_UP)),
            (_, "") => Err(Error::failed_precondition(&error::EMAIL_MISSING)),
            _ => Ok(()),
        }
    }

    /// Leaves a link to the worker; nobody is sent none.
    pub async fn link_send(&self, tx: &mut Tx, employee_id: Option<Uuid>, purpose: Purpose) -> Result<()> {
        let job = NewJob::new::<SendLink>(&job::Payload { employee_id, purpose })?;
        tx.enqueue(job.max_attempts(job::ATTEMPTS)).await?;
        Ok(())
    }
}
