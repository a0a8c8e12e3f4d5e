//! Checks a second factor. What is checked here takes effect by [`Proof::spend`] in the transaction of what it opens: a
//! code is good once, however many calls carry it at the same time.

use chrono::{DateTime, Utc};
use contracts::identity::SecondFactor;
use platform::error::{Error, Result};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;
use webauthn_rs::prelude::{AuthenticationResult, Passkey};

use super::store::{self, StoredPasskey};
use super::{passkeys, recovery, totp};
use crate::{Identity, error};

/// What a caller offers.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer<'a> {
    Totp(&'a str),
    RecoveryCode(&'a str),
    Passkey(&'a str),
}

impl<'a> Offer<'a> {
    /// The one of the three that is not empty.
    pub fn of(totp_code: &'a str, recovery_code: &'a str, passkey_json: &'a str) -> Result<Self> {
        match (totp_code, recovery_code, passkey_json) {
            (code, "", "") if !code.is_empty() => Ok(Self::Totp(code)),
            ("", code, "") if !code.is_empty() => Ok(Self::RecoveryCode(code)),
            ("", "", json) if !json.is_empty() => Ok(Self::Passkey(json)),
            _ => Err(Error::invalid("totp_code", &error::ONE_PROOF)),
        }
    }
}

/// Something that holds, and is yet to be spent.
pub enum Proof {
    Totp { credential_id: Uuid, step: i64 },
    RecoveryCode { digest: [u8; 32] },
    Passkey(Box<(StoredPasskey, AuthenticationResult)>),
}

impl Identity {
    /// Checks an offer of an employee; `state` is that of the challenge which a passkey answers. Nothing when it doesn't
    /// hold.
    pub async fn proof(
        &self,
        employee_id: Uuid,
        offer: &Offer<'_>,
        state: Value,
        now: DateTime<Utc>,
    ) -> Result<Option<Proof>> {
        match offer {
            Offer::Totp(code) => {
                let secrets = store::totp_secrets(self.db.pool(), employee_id).await?;
                let place = totp::place(employee_id);
                let matching = secrets.into_iter().find_map(|(credential_id, sealed, last_used)| {
                    let secret = self.seal.open(&place, &sealed)?;
                    let step = totp::matching_step(&secret, code, now.timestamp(), last_used)?;
                    Some(Proof::Totp { credential_id, step })
                });
                Ok(matching)
            }
            Offer::RecoveryCode(code) => Ok(Some(Proof::RecoveryCode { digest: recovery::digest(code) })),
            Offer::Passkey(json) => {
                let Some(answer) = passkeys::answer(json) else { return Ok(None) };
                let Some(stored) = store::passkey_find(self.db.pool(), answer.get_credential_id()).await? else {
                    return Ok(None);
                };
                if stored.employee_id != employee_id {
                    return Ok(None);
                }
                // The passkey came after the challenge, which doesn't ask for one then.
                if state.is_null() {
                    return Ok(None);
                }
                let result = self.passkeys.finish_authentication(state, &answer)?;
                Ok(result.map(|result| Proof::Passkey(Box::new((stored, result)))))
            }
        }
    }

    /// Checks a passkey that tells itself whose it is.
    pub async fn discovery(&self, json: &str, state: Value) -> Result<Option<(Uuid, Proof)>> {
        let Some(answer) = passkeys::answer(json) else { return Ok(None) };
        let Some((employee_id, passkey_id)) = self.passkeys.discovered(&answer) else { return Ok(None) };
        let Some(stored) = store::passkey_find(self.db.pool(), passkey_id).await? else { return Ok(None) };
        if stored.employee_id != employee_id {
            return Ok(None);
        }
        let result = self.passkeys.finish_discovery(state, &answer, &stored.passkey)?;
        Ok(result.map(|result| (employee_id, Proof::Passkey(Box::new((stored, result))))))
    }

    /// The passkeys of an employee.
    pub async fn passkeys_of(&self, employee_id: Uuid) -> Result<Vec<Passkey>> {
        store::passkeys(self.db.pool(), employee_id).await
    }
}

impl Proof {
    pub fn kind(&self) -> SecondFactor {
        match self {
            Self::Totp { .. } => SecondFactor::Totp,
            Self::RecoveryCode { .. } => SecondFactor::RecoveryCode,
            Self::Passkey(_) => SecondFactor::Passkey,
        }
    }

    /// Uses the proof up. False when it doesn't hold, or another call has used it.
    pub async fn spend(self, connection: &mut PgConnection, employee_id: Uuid) -> Result<bool> {
        match self {
            Self::Totp { credential_id, step } => store::totp_spend(connection, credential_id, step).await,
            Self::RecoveryCode { digest } => store::recovery_code_spend(connection, employee_id, &digest).await,
            Self::Passkey(checked) => {
                let (mut stored, result) = *checked;
                let changed = stored.passkey.update_credential(&result) == Some(true);
                store::passkey_used(connection, &stored, changed).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_proof_is_offered_at_a_time() {
        assert_eq!(Offer::of("1", "", "").unwrap(), Offer::Totp("1"));
        assert_eq!(Offer::of("", "1", "").unwrap(), Offer::RecoveryCode("1"));
        assert_eq!(Offer::of("", "", "1").unwrap(), Offer::Passkey("1"));
        for (totp, recovery, passkey) in [("", "", ""), ("1", "1", ""), ("", "1", "1"), ("1", "", "1")] {
            assert!(Offer::of(totp, recovery, passkey).is_err());
        }
    }
}
