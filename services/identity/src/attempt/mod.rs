//! Attempts to prove who one is, counted before they are made so that attempts at the same time can't outrun the count.
//! An account is locked for places that it was never used from; each place that it was used from has a count of its own,
//! so that nobody can lock the owner out from elsewhere. A network that fails too often is refused before anything is
//! hashed. Names that nobody has are counted alike: they must cost the same. `failure` tells the audit trail.

pub mod failure;
mod rules;
pub mod store;

use chrono::Utc;
use platform::access::Call;
use platform::error::{Error, Result};
use sqlx::PgConnection;
use tonic::Code;
use uuid::Uuid;

pub use rules::{Digest, account_id, device_digest};
use rules::{Purpose, account_digest};

use crate::{Identity, error};

/// An attempt that was counted.
pub struct Attempt {
    /// False while the account is locked for the place.
    pub permitted: bool,
    key: Digest,
    account: Digest,
    device: Option<Digest>,
    origin: Origin,
}

/// The network that a call comes from, and the window of time that it was counted in.
pub struct Origin {
    network: Option<String>,
    period: i64,
}

impl Identity {
    /// Counts an attempt to sign in with a password.
    pub async fn attempt_password(&self, call: &Call, login_name: &str, device: Option<Digest>) -> Result<Attempt> {
        self.attempt(call, login_name, device, Purpose::Password).await
    }

    /// Counts an attempt at a second factor, apart from passwords: whoever knows the password must not begin anew with
    /// every sign-in.
    pub async fn attempt_second_factor(
        &self,
        call: &Call,
        login_name: &str,
        device: Option<Digest>,
    ) -> Result<Attempt> {
        self.attempt(call, login_name, device, Purpose::SecondFactor).await
    }

    async fn attempt(
        &self,
        call: &Call,
        login_name: &str,
        device: Option<Digest>,
        purpose: Purpose,
    ) -> Result<Attempt> {
        let account = account_digest(login_name);
        let origin = self.attempt_from_network(call).await?;
        let by_network = origin.network.as_deref().map(rules::network_digest);
        // The device tells more than the network, which it may share with whoever guesses.
        let places: Vec<&[u8]> = device.iter().chain(&by_network).map(|place| &place[..]).collect();
        let known = store::known_place(self.db.pool(), &account, &places).await?;
        let key = rules::key(&account, known.as_deref(), purpose);
        let permitted = store::count(self.db.pool(), &key, &account, &self.settings()).await?;
        Ok(Attempt { permitted, key, account, device, origin })
    }

    /// Counts an attempt of somebody signed in: a stolen session must neither be a way to guess, nor one to lock the owner
    /// out.
    pub async fn attempt_in_session(&self, call: &Call, login_name: &str) -> Result<Attempt> {
        let account = account_digest(login_name);
        let origin = self.attempt_from_network(call).await?;
        let session = call.caller.session_id().unwrap_or(Uuid::nil());
        let key = rules::key(&account, Some(session.as_bytes()), Purpose::Session);
        let permitted = store::count(self.db.pool(), &key, &account, &self.settings()).await?;
        Ok(Attempt { permitted, key, account, device: None, origin })
    }

    /// Counts what nobody may do too often from one network.
    pub async fn attempt_from_network(&self, call: &Call) -> Result<Origin> {
        let (period, passed) = rules::period(Utc::now(), self.config.network_seconds);
        let limit = self.config.network_failures;
        let network = rules::network(&call.address).filter(|_| limit > 0);
        if let Some(network) = &network {
            let (before, current) = store::network_count(self.db.pool(), network, period, limit).await?;
            if rules::weighed(before, current, passed) > f64::from(limit) {
                return Err(Error::new(Code::ResourceExhausted, &error::SIGN_IN_FAILURES));
            }
        }
        Ok(Origin { network, period })
    }
}

impl Attempt {
    /// Takes the attempt out of the counts: it was the owner's.
    pub async fn clear(&self, connection: &mut PgConnection) -> Result<()> {
        store::clear(&mut *connection, &self.key).await?;
        self.origin.clear(connection).await
    }

    /// Notes where the account is used from. Answers a token by which the device is known the next time, and the last one
    /// no more.
    pub async fn learn_place(&self, connection: &mut PgConnection) -> Result<String> {
        if let Some(network) = &self.origin.network {
            store::place_learn(&mut *connection, &self.account, &rules::network_digest(network)).await?;
        }
        if let Some(device) = &self.device {
            store::place_forget(&mut *connection, &self.account, device).await?;
        }
        let token = rules::device_token();
        store::place_learn(connection, &self.account, &device_digest(&token)).await?;
        Ok(token)
    }

    pub fn device(&self) -> Option<Digest> {
        self.device
    }
}

impl Origin {
    /// Takes the call out of the count: nothing was wrong with it.
    pub async fn clear(&self, connection: &mut PgConnection) -> Result<()> {
        if let Some(network) = &self.network {
            store::network_give_back(connection, network, self.period).await?;
        }
        Ok(())
    }
}

/// Forgets all failures of an account, as when an administrator helps out.
pub async fn forgive(connection: &mut PgConnection, login_name: &str) -> Result<()> {
    store::clear_account(connection, &account_digest(login_name)).await
}
