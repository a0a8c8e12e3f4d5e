//! Passwords: `hashing` hashes within bounds, `rules` says what a new one must satisfy, `common` knows those that anybody
//! would guess, `store` keeps those of the past.

mod common;
pub mod hashing;
pub mod rules;
pub mod store;

use platform::error::{Error, Result};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::authentication::store::Credentials;
use crate::{Identity, error};

/// In the place of a hash, where there is no password: one that nobody knows would keep the parameters of its time in use
/// for good. No hash of any password.
pub const NO_PASSWORD: &str = "!";

impl Identity {
    /// Refuses a new password that the policy doesn't permit, or that the employee had not long ago.
    pub async fn password_permit(
        &self,
        field: &str,
        credentials: &Credentials,
        current: Option<&str>,
        new: &str,
    ) -> Result<()> {
        let policy = &self.settings().password;
        let violations = rules::password_violations(policy, field, &credentials.login_name, current, new);
        if !violations.is_empty() {
            return Err(Error::invalid_fields(violations));
        }
        let kept = i64::from(policy.remembered.saturating_sub(1));
        let mut past = store::past_hashes(self.db.pool(), credentials.employee_id, kept).await?;
        if policy.remembered > 0 {
            past.push(credentials.password_hash.clone());
        }
        for hash in past {
            if self.passwords.matches(new.to_owned(), hash).await? {
                let refusal = Error::invalid(field, &error::PASSWORD_REUSED);
                return Err(refusal.arg("remembered", policy.remembered));
            }
        }
        Ok(())
    }

    /// Keeps the present password among those of the past, before another takes its place.
    pub async fn password_remember(&self, connection: &mut PgConnection, employee_id: Uuid) -> Result<()> {
        store::remember(connection, employee_id, i64::from(self.config.password.remembered)).await
    }
}
