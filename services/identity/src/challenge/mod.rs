//! What was begun and is yet to be finished: a sign-in that waits for its second factor, the set-up of a factor, a
//! confirmation. A challenge is bound to whom it was given to, good for a few tries within five minutes, and for one
//! success.

pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use platform::error::{Error, Result};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::attempt::Digest;
use crate::one_time_token::OneTimeToken;
use crate::{Identity, error};

/// How long a challenge waits.
pub const LIFE: TimeDelta = TimeDelta::minutes(5);

/// Numbered as in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The second factor of a sign-in whose password was right.
    SecondFactor = 1,
    /// A sign-in by passkey, of whoever it belongs to.
    PasskeySignIn = 2,
    TotpSetUp = 3,
    PasskeySetUp = 4,
    /// A proof by passkey within a session.
    Confirmation = 5,
}

/// A challenge to be.
pub struct NewChallenge {
    pub purpose: Purpose,
    /// Nobody, before a sign-in by passkey.
    pub employee_id: Option<Uuid>,
    /// Within which it has to be finished.
    pub session_id: Option<Uuid>,
    /// What the client of a sign-in calls itself.
    pub device: String,
    pub device_digest: Option<Digest>,
    /// Of the single sign-on that waits for its second factor.
    pub provider_id: Option<Uuid>,
    /// What is needed to check the answer.
    pub state: Value,
}

impl NewChallenge {
    pub fn of_session(purpose: Purpose, employee_id: Uuid, session_id: Option<Uuid>, state: Value) -> Self {
        Self { employee_id: Some(employee_id), session_id, ..Self::of_nobody(purpose, state) }
    }

    /// Of whoever meets it.
    pub fn of_nobody(purpose: Purpose, state: Value) -> Self {
        Self {
            purpose,
            employee_id: None,
            session_id: None,
            device: String::new(),
            device_digest: None,
            provider_id: None,
            state,
        }
    }

    /// Writes the challenge and answers its token.
    pub async fn give(self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<String> {
        let token = OneTimeToken::random();
        store::challenge_insert(connection, &token, &self, now + LIFE).await?;
        Ok(token.encode())
    }
}

pub fn invalid() -> Error {
    Error::failed_precondition(&error::CHALLENGE_INVALID)
}

impl Identity {
    /// The challenge of a token, whose try is counted before it is made.
    pub async fn challenge_try(&self, token: &str, purposes: &[Purpose]) -> Result<store::Challenge> {
        let token = OneTimeToken::parse(token).ok_or_else(invalid)?;
        let challenge = store::challenge_try(self.db.pool(), &token).await?;
        challenge.filter(|challenge| purposes.contains(&challenge.purpose)).ok_or_else(invalid)
    }

    /// The same within a session, for whom and in which it was given alone.
    pub async fn challenge_try_in(
        &self,
        token: &str,
        purpose: Purpose,
        employee_id: Uuid,
        session_id: Option<Uuid>,
    ) -> Result<store::Challenge> {
        let challenge = self.challenge_try(token, &[purpose]).await?;
        let bound = challenge.employee_id == Some(employee_id) && challenge.session_id == session_id;
        if bound { Ok(challenge) } else { Err(invalid()) }
    }
}
