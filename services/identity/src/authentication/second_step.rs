//! The second step of a sign-in, and the only one of a sign-in by passkey.

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::SignInResponse;
use platform::access::Call;
use platform::db::{Tx, timestamp};
use platform::error::{Error, Result};
use uuid::Uuid;

use super::rpc::{sign_in_audit, unauthenticated};
use super::store::{self, Credentials};
use crate::attempt::failure::{self, Failure};
use crate::attempt::{Attempt, Digest};
use crate::challenge::store::{Challenge, challenge_close};
use crate::challenge::{self, NewChallenge, Purpose};
use crate::credential::proof::{Offer, Proof};
use crate::sign_on::store::session_note;
use crate::{Identity, error};

/// What a sign-in has come by before its second factor.
pub struct FirstStep<'a> {
    pub device: &'a str,
    pub device_digest: Option<Digest>,
    /// That vouches for the employee, in the place of a password.
    pub provider_id: Option<Uuid>,
}

impl Identity {
    /// The answer to a first step that is not enough: what to go on with. Nothing but the challenge comes of it.
    pub(crate) async fn second_step(
        &self,
        mut tx: Tx,
        call: &Call,
        employee_id: Uuid,
        first: FirstStep<'_>,
        now: DateTime<Utc>,
    ) -> Result<SignInResponse> {
        let (kinds, passkey_options_json, state) = self.second_factors(employee_id).await?;
        let challenge = NewChallenge {
            employee_id: Some(employee_id),
            device: first.device.to_owned(),
            device_digest: first.device_digest,
            provider_id: first.provider_id,
            ..NewChallenge::of_nobody(Purpose::SecondFactor, state)
        };
        let challenge = challenge.give(tx.connection(), now).await?;
        let reply = SignInResponse {
            challenge,
            challenge_expire_time: Some(timestamp(now + challenge::LIFE)),
            second_factors: kinds.into_iter().map(Into::into).collect(),
            passkey_options_json,
            ..SignInResponse::default()
        };
        tx.commit_call(call, reply).await
    }

    pub(super) async fn sign_in_complete(
        &self,
        call: Call,
        request: proto::CompleteSignInRequest,
    ) -> Result<SignInResponse> {
        let offer = Offer::of(&request.totp_code, &request.recovery_code, &request.passkey_json);
        let purposes = [Purpose::SecondFactor, Purpose::PasskeySignIn];
        let mut challenge = self.challenge_try(&request.challenge, &purposes).await?;
        let offer = offer?;
        let now = Utc::now();
        let state = std::mem::take(&mut challenge.state);
        let (employee_id, found) = match (challenge.purpose, challenge.employee_id, &offer) {
            (Purpose::SecondFactor, Some(employee_id), offer) => {
                (Some(employee_id), self.proof(employee_id, offer, state, now).await?)
            }
            (_, _, Offer::Passkey(json)) => self.discovery(json, state).await?.unzip(),
            _ => (None, None),
        };
        let Some(employee_id) = employee_id else {
            // Nobody's passkey, so that nothing but the network is there to count by.
            self.attempt_from_network(&call).await?;
            self.failure_note(&call, Failure::of_account(Uuid::nil(), "UNKNOWN_PASSKEY")).await?;
            return Err(second_factor_wrong());
        };
        let credentials = store::credentials(self.db.pool(), employee_id).await?.ok_or_else(second_factor_wrong)?;
        let attempt = self.attempt_second_factor(&call, &credentials.login_name, challenge.device_digest).await?;
        let why = match &found {
            _ if !attempt.permitted => "LOCKED",
            _ if !credentials.active => "DISABLED",
            None => "WRONG_SECOND_FACTOR",
            Some(_) => "",
        };
        let spent = match found {
            Some(proof) if why.is_empty() => {
                self.sign_in_finish(&call, &challenge, &credentials, &attempt, proof, &request.device, now).await?
            }
            _ => None,
        };
        if let Some(reply) = spent {
            return Ok(reply);
        }
        let why = if why.is_empty() { "WRONG_SECOND_FACTOR" } else { why };
        let failure = Failure::of_employee(failure::SIGN_IN, employee_id, "reason", why);
        self.failure_note(&call, failure.everywhere_if(!attempt.permitted)).await?;
        Err(second_factor_wrong())
    }

    /// Spends the proof and opens the session in one transaction; nothing when the proof was used already.
    #[expect(clippy::too_many_arguments, reason = "all that a sign-in has come by")]
    async fn sign_in_finish(
        &self,
        call: &Call,
        challenge: &Challenge,
        credentials: &Credentials,
        attempt: &Attempt,
        proof: Proof,
        device: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<SignInResponse>> {
        let employee_id = credentials.employee_id;
        let factor = proof.kind().as_str_name().trim_start_matches("SECOND_FACTOR_");
        let method = match (challenge.purpose, challenge.provider_id) {
            (Purpose::PasskeySignIn, _) => factor.to_owned(),
            (_, None) => format!("PASSWORD_AND_{factor}"),
            (_, Some(_)) => format!("SIGN_ON_AND_{factor}"),
        };
        let mut tx = self.db.begin().await?;
        if !challenge_close(tx.connection(), challenge.id).await? {
            return Err(challenge::invalid());
        }
        if !proof.spend(tx.connection(), employee_id).await? {
            return Ok(None);
        }
        attempt.clear(tx.connection()).await?;
        if !store::signed_in(tx.connection(), credentials, None, Some(now)).await? {
            return Err(challenge::invalid());
        }
        let device = if challenge.device.is_empty() { device } else { &challenge.device };
        let reply = self.session_open(&mut tx, call, credentials, attempt, device, now).await?;
        if let Some(provider_id) = challenge.provider_id {
            session_note(tx.connection(), &reply.refresh_token, provider_id).await?;
        }
        tx.audit(sign_in_audit("employee.signed_in", employee_id, &method));
        let call = self.call_of(call.clone(), employee_id);
        Ok(Some(tx.commit_call(&call, reply).await?))
    }

    /// A session, at a place that is known from now on.
    pub(super) async fn session_open(
        &self,
        tx: &mut Tx,
        call: &Call,
        credentials: &Credentials,
        attempt: &Attempt,
        device: &str,
        now: DateTime<Utc>,
    ) -> Result<SignInResponse> {
        let device_token = attempt.learn_place(tx.connection()).await?;
        let employee_id: Uuid = credentials.employee_id;
        let tokens = self.session_start(tx.connection(), employee_id, device, &call.address, now, false).await?;
        Ok(tokens.sign_in(credentials.password_change_required, device_token))
    }

    pub(super) async fn passkey_sign_in_start(&self, call: &Call) -> Result<proto::StartPasskeySignInResponse> {
        let started = self.passkeys.start_discovery()?;
        let begun = NewChallenge::of_nobody(Purpose::PasskeySignIn, started.state);
        let mut tx = self.db.begin().await?;
        let challenge = begun.give(tx.connection(), Utc::now()).await?;
        let reply = proto::StartPasskeySignInResponse { challenge, options_json: started.options_json };
        tx.commit_call(call, reply).await
    }
}

fn second_factor_wrong() -> Error {
    unauthenticated(&error::SECOND_FACTOR_WRONG)
}
