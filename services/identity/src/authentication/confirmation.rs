//! Proving again, within a session, who one is: dangerous acts ask for a proof that is fresh.

use chrono::Utc;
use contracts::identity as proto;
use platform::access::Call;
use platform::error::{Error, Result, reason};
use uuid::Uuid;

use super::rpc::sign_in_audit;
use super::store::{self, Credentials};
use crate::attempt::Attempt;
use crate::attempt::failure::{self, Failure};
use crate::challenge::store::challenge_close;
use crate::challenge::{self, NewChallenge, Purpose};
use crate::credential::proof::{Offer, Proof};
use crate::{Identity, error};

/// A proof that held, and the challenge that it met.
enum Proven {
    Password,
    Factor(Proof, Option<Uuid>),
}

impl Identity {
    pub(super) async fn confirmation_start(&self, call: &Call) -> Result<proto::StartPasskeyConfirmationResponse> {
        let employee_id = call.caller.require_employee()?;
        let known = self.passkeys_of(employee_id).await?;
        if known.is_empty() {
            return Err(Error::failed_precondition(&error::SECOND_FACTOR_MISSING));
        }
        let started = self.passkeys.start_authentication(&known)?;
        let session_id = call.caller.session_id();
        let begun = NewChallenge::of_session(Purpose::Confirmation, employee_id, session_id, started.state);
        let mut tx = self.db.begin().await?;
        let challenge = begun.give(tx.connection(), Utc::now()).await?;
        let reply = proto::StartPasskeyConfirmationResponse { challenge, options_json: started.options_json };
        tx.commit_call(call, reply).await
    }

    pub(super) async fn confirm(
        &self,
        call: &Call,
        request: proto::ConfirmIdentityRequest,
    ) -> Result<proto::ConfirmIdentityResponse> {
        let employee_id = call.caller.require_employee()?;
        let session_id = call.caller.session_id().ok_or_else(|| Error::permission_denied(&reason::STEP_UP_REQUIRED))?;
        let credentials = store::credentials(self.db.pool(), employee_id).await?.ok_or_else(Error::not_found)?;
        let field = match (&*request.password, &*request.totp_code, &*request.passkey_json) {
            (_, "", "") => "password",
            ("", _, "") => "totp_code",
            ("", "", _) => "passkey_json",
            _ => return Err(Error::invalid("password", &error::ONE_PROOF)),
        };
        if field == "password" && request.password.is_empty() {
            return Err(Error::invalid("password", &error::ONE_PROOF));
        }
        let attempt = self.attempt_in_session(call, &credentials.login_name).await?;
        let proven = self.proven(call, &credentials, &attempt, &request).await?;
        let Some(proven) = proven else { return self.confirmation_refuse(call, employee_id, field).await };

        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        let method = match &proven {
            Proven::Password => "PASSWORD",
            Proven::Factor(proof, _) => proof.kind().as_str_name().trim_start_matches("SECOND_FACTOR_"),
        };
        if let Proven::Factor(proof, met) = proven {
            if let Some(met) = met
                && !challenge_close(tx.connection(), met).await?
            {
                return Err(challenge::invalid());
            }
            if !proof.spend(tx.connection(), employee_id).await? {
                drop(tx);
                return self.confirmation_refuse(call, employee_id, field).await;
            }
        }
        attempt.clear(tx.connection()).await?;
        let tokens = self.session_confirm(tx.connection(), employee_id, session_id, &call.address, now).await?;
        tx.audit(sign_in_audit("employee.identity_confirmed", employee_id, method));
        tx.commit_call(call, tokens.confirm()).await
    }

    async fn proven(
        &self,
        call: &Call,
        credentials: &Credentials,
        attempt: &Attempt,
        request: &proto::ConfirmIdentityRequest,
    ) -> Result<Option<Proven>> {
        let employee_id = credentials.employee_id;
        let now = Utc::now();
        let proven = if !request.password.is_empty() {
            let hash = Some(credentials.password_hash.clone());
            self.passwords.verify(request.password.clone(), hash).await?.then_some(Proven::Password)
        } else if !request.totp_code.is_empty() {
            let offer = Offer::Totp(&request.totp_code);
            let proof = self.proof(employee_id, &offer, serde_json::Value::Null, now).await?;
            proof.map(|proof| Proven::Factor(proof, None))
        } else {
            let session_id = call.caller.session_id();
            let begun =
                self.challenge_try_in(&request.challenge, Purpose::Confirmation, employee_id, session_id).await?;
            let proof = self.proof(employee_id, &Offer::Passkey(&request.passkey_json), begun.state, now).await?;
            proof.map(|proof| Proven::Factor(proof, Some(begun.id)))
        };
        // Looked at last: a lock costs the same as a wrong proof.
        Ok(proven.filter(|_| attempt.permitted && credentials.active))
    }

    async fn confirmation_refuse<T>(&self, call: &Call, employee_id: Uuid, field: &'static str) -> Result<T> {
        self.failure_note(call, Failure::of_employee(failure::CONFIRMATION, employee_id, "proof", field)).await?;
        Err(Error::invalid(field, &error::PROOF_WRONG))
    }
}
