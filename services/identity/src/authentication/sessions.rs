//! Pairs of tokens: the first of a session, and the next in exchange for the last.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity as proto;
use platform::access::AccessClaims;
use platform::db::timestamp;
use platform::error::{Error, Result};
use sqlx::PgConnection;
use tonic::Code;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::session_store::{self, NewSession};
use crate::config::Config;
use crate::{Identity, error};

/// An access token and the refresh token that goes with it.
pub struct Tokens {
    access_token: String,
    access_expire_time: DateTime<Utc>,
    refresh_token: String,
    refresh_expire_time: DateTime<Utc>,
}

struct Times {
    access: DateTime<Utc>,
    refresh: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// When the tokens that are made now expire, in a session that ends at `end` whatever happens. Whole seconds, as in the
/// token, rounded up where the database keeps them longer than the token says.
fn times(config: &Config, now: DateTime<Utc>, end: Option<DateTime<Utc>>) -> Times {
    let after = |life: std::time::Duration| now + TimeDelta::from_std(life).unwrap_or(TimeDelta::zero());
    let end = end.unwrap_or_else(|| after(config.session_life()));
    Times {
        access: after(config.access_token_life()).min(end),
        refresh: after(config.refresh_token_life()).min(end),
        end,
    }
}

impl Identity {
    /// Starts a session within a transaction. `second_factor`: that the provider of single sign-on has asked for one.
    pub(crate) async fn session_start(
        &self,
        connection: &mut PgConnection,
        employee_id: Uuid,
        device: &str,
        address: &str,
        now: DateTime<Utc>,
        second_factor: bool,
    ) -> Result<Tokens> {
        let token = RefreshToken::first(Uuid::now_v7());
        let times = times(&self.settings(), now, None);
        let session = NewSession {
            employee_id,
            token: &token,
            device: device.trim(),
            address,
            create_time: now,
            expire_time: times.refresh,
            end_time: times.end,
            access_expire_time: times.access,
            second_factor,
        };
        session_store::session_insert(connection, &session).await?;
        self.tokens(&session, now, &times).await
    }

    /// Exchanges a token of a session. Without `rotate` the token has been exchanged already, and so it is when another
    /// call is quicker, as that of a second tab: the answer is the same refresh token again.
    pub(crate) async fn session_continue(
        &self,
        session: &session_store::StoredSession,
        present: &RefreshToken,
        rotate: bool,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Tokens> {
        let token = present.successor(&session.rotation_key);
        let times = times(&self.settings(), now, Some(session.end_time));
        let next = NewSession {
            employee_id: session.employee_id,
            token: &token,
            device: "",
            address,
            create_time: now,
            expire_time: times.refresh,
            end_time: times.end,
            access_expire_time: times.access,
            second_factor: session.second_factor,
        };
        let written = match rotate && session_store::session_rotate(self.db.pool(), present, &next).await? {
            true => true,
            false => session_store::session_repeat(self.db.pool(), &next).await?,
        };
        if !written {
            return Err(Error::new(Code::Unauthenticated, &error::REFRESH_TOKEN_INVALID));
        }
        self.tokens(&next, session.auth_time, &times).await
    }

    /// Goes on with a session whose holder has just proven again who they are. The refresh token of before doesn't come
    /// along in this call, so the next one can't follow from it: a new family begins, and the old one is void.
    pub(crate) async fn session_confirm(
        &self,
        connection: &mut PgConnection,
        employee_id: Uuid,
        session_id: Uuid,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Tokens> {
        let over = || Error::new(Code::Unauthenticated, &error::REFRESH_TOKEN_INVALID);
        let (end, second_factor) = session_store::session_bounds(connection, session_id).await?.ok_or_else(over)?;
        let token = RefreshToken::first(session_id);
        let times = times(&self.settings(), now, Some(end));
        let next = NewSession {
            employee_id,
            token: &token,
            device: "",
            address,
            create_time: now,
            expire_time: times.refresh,
            end_time: times.end,
            access_expire_time: times.access,
            second_factor,
        };
        if !session_store::session_confirm(connection, &next).await? {
            return Err(over());
        }
        self.tokens(&next, now, &times).await
    }

    async fn tokens(&self, session: &NewSession<'_>, auth_time: DateTime<Utc>, times: &Times) -> Result<Tokens> {
        let now = session.create_time;
        let key = self.keys.current(now).await?;
        let (issued, expires) = (now.timestamp(), times.access.timestamp());
        let proven = Some(auth_time.timestamp());
        let claims = AccessClaims::new(session.employee_id, session.token.session_id, issued, expires, proven);
        Ok(Tokens {
            access_token: key.sign(&AccessClaims { second_factor: session.second_factor, ..claims })?,
            access_expire_time: DateTime::from_timestamp(times.access.timestamp(), 0)
                .ok_or_else(|| Error::internal(anyhow::anyhow!("a time beyond the calendar")))?,
            refresh_token: session.token.encode(),
            refresh_expire_time: times.refresh,
        })
    }
}

impl Tokens {
    pub fn sign_in(self, password_change_required: bool, device_token: String) -> proto::SignInResponse {
        proto::SignInResponse {
            access_token: self.access_token,
            access_token_expire_time: Some(timestamp(self.access_expire_time)),
            refresh_token: self.refresh_token,
            refresh_token_expire_time: Some(timestamp(self.refresh_expire_time)),
            password_change_required,
            device_token,
            ..Default::default()
        }
    }

    pub fn refresh(self, password_change_required: bool) -> proto::RefreshSessionResponse {
        proto::RefreshSessionResponse {
            access_token: self.access_token,
            access_token_expire_time: Some(timestamp(self.access_expire_time)),
            refresh_token: self.refresh_token,
            refresh_token_expire_time: Some(timestamp(self.refresh_expire_time)),
            password_change_required,
        }
    }

    pub fn confirm(self) -> proto::ConfirmIdentityResponse {
        proto::ConfirmIdentityResponse {
            access_token: self.access_token,
            access_token_expire_time: Some(timestamp(self.access_expire_time)),
            refresh_token: self.refresh_token,
            refresh_token_expire_time: Some(timestamp(self.refresh_expire_time)),
        }
    }

    pub fn change_password(self) -> proto::ChangePasswordResponse {
        proto::ChangePasswordResponse {
            access_token: self.access_token,
            access_token_expire_time: Some(timestamp(self.access_expire_time)),
            refresh_token: self.refresh_token,
            refresh_token_expire_time: Some(timestamp(self.refresh_expire_time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_outlives_its_session() {
        let config = Config::default();
        let now = Utc::now();
        let fresh = times(&config, now, None);
        assert_eq!(fresh.access - now, TimeDelta::minutes(10));
        assert_eq!(fresh.refresh - now, TimeDelta::days(14));
        assert_eq!(fresh.end - now, TimeDelta::days(60));
        let late = times(&config, fresh.end - TimeDelta::minutes(3), Some(fresh.end));
        assert_eq!((late.access, late.refresh, late.end), (fresh.end, fresh.end, fresh.end));
    }
}
