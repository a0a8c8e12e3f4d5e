//! The end of a sign-on or a link: from what the provider sent back to a session, or to the step that it still waits for.
//! What does not hold looks alike to the caller; only the audit trail learns why.

use chrono::Utc;
use contracts::identity::{self as proto, SignInResponse};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange};
use platform::error::{Error, Result};
use sha2::{Digest, Sha256};
use tonic::Code;
use uuid::Uuid;

use super::provider::Fault;
use super::rules::Person;
use super::store::{self, Flow};
use crate::attempt::failure::Failure;
use crate::authentication::second_step::FirstStep;
use crate::authentication::store::credentials;
use crate::identity_provider::store::{Stored, provider_get};
use crate::{Identity, error, policy};

fn failed() -> Error {
    Error::new(Code::Unauthenticated, &error::SIGN_ON_FAILED)
}

pub(super) fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// A sign-on that came to nothing: what the caller is told, and what the audit trail is.
pub(super) struct Refusal {
    error: Error,
    /// Empty for what is nobody's attempt, such as a provider that does not answer.
    why: &'static str,
    provider: Option<(Uuid, String)>,
    /// Whom the provider vouches for.
    subject: String,
}

impl Refusal {
    /// Something that no provider stands behind, which nobody may try often.
    pub(super) fn is_guess(&self) -> bool {
        !self.why.is_empty() && self.subject.is_empty()
    }

    fn new(why: &'static str) -> Self {
        Self { error: failed(), why, provider: None, subject: String::new() }
    }

    fn of(why: &'static str, flow: &Flow) -> Self {
        Self { provider: Some((flow.provider_id, String::new())), ..Self::new(why) }
    }

    fn at(self, provider: &Stored, subject: &str) -> Self {
        Self { provider: Some((provider.id, provider.provider.name.clone())), subject: subject.to_owned(), ..self }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reasons = [
            (&error::SIGN_ON_UNKNOWN, "UNKNOWN"),
            (&error::SIGN_ON_LINK_TAKEN, "LINK_TAKEN"),
            (&error::SIGN_ON_FAILED, "EMPLOYEE_DISABLED"),
        ];
        let why = reasons.into_iter().find(|(reason, _)| *reason == error.reason()).map_or("", |(_, why)| why);
        Self { error, ..Self::new(why) }
    }
}

impl Identity {
    pub(super) async fn sign_on(
        &self,
        call: &Call,
        request: proto::CompleteSignOnRequest,
    ) -> Result<proto::CompleteSignOnResponse, Refusal> {
        let proto::CompleteSignOnRequest { state, code, browser_secret, device } = request;
        let flow = self.flow_take(&state, &browser_secret).await?;
        if flow.employee_id.is_some() {
            return Err(Refusal::of("STATE", &flow));
        }
        let return_to = flow.return_to.clone();
        let (provider, person) = self.vouched(flow, code).await?;
        let reply = self.signed_on(call, &provider, &person, &device).await;
        let reply = reply.map_err(|error| Refusal::from(error).at(&provider, &person.subject))?;
        Ok(proto::CompleteSignOnResponse {
            access_token: reply.access_token,
            access_token_expire_time: reply.access_token_expire_time,
            refresh_token: reply.refresh_token,
            refresh_token_expire_time: reply.refresh_token_expire_time,
            password_change_required: reply.password_change_required,
            return_to,
            challenge: reply.challenge,
            challenge_expire_time: reply.challenge_expire_time,
            second_factors: reply.second_factors,
            passkey_options_json: reply.passkey_options_json,
        })
    }

    pub(super) async fn identity_to_link(
        &self,
        employee_id: Uuid,
        state: &str,
        browser_secret: &str,
        code: String,
    ) -> Result<(Stored, Person), Refusal> {
        let flow = self.flow_take(state, browser_secret).await?;
        if flow.employee_id != Some(employee_id) {
            return Err(Refusal {
                error: Error::failed_precondition(&error::SIGN_ON_FAILED),
                ..Refusal::of("STATE", &flow)
            });
        }
        self.vouched(flow, code).await
    }

    /// The flow of a state, for the browser that began it. Gone afterwards, whatever comes of it.
    async fn flow_take(&self, state: &str, browser_secret: &str) -> Result<Flow, Refusal> {
        let flow = store::flow_take(self.db.pool(), &digest(state)).await?;
        let flow = flow.ok_or_else(|| Refusal::new("STATE"))?;
        if flow.browser_digest == digest(browser_secret) { Ok(flow) } else { Err(Refusal::of("BROWSER", &flow)) }
    }

    /// Whom the provider vouches for.
    async fn vouched(&self, flow: Flow, code: String) -> Result<(Stored, Person), Refusal> {
        let provider = provider_get(self.db.pool(), flow.provider_id).await?;
        if !provider.provider.enabled {
            return Err(Refusal::new("PROVIDER_DISABLED").at(&provider, ""));
        }
        let secret = self.seal.open_text(provider.id.as_bytes(), &provider.client_secret)?;
        let person = self.providers.complete(&provider, &secret, code, flow.nonce, flow.code_verifier).await;
        let person = person.map_err(|fault| {
            let why = if let Fault::Refused(why, _) = &fault { why } else { "" };
            Refusal { error: told(&provider, &fault), ..Refusal::new(why) }.at(&provider, "")
        })?;
        Ok((provider, person))
    }

    /// Writes down why, which only the audit trail learns.
    pub(super) async fn sign_on_refuse(&self, call: &Call, refusal: Refusal) -> Result<Error> {
        let Refusal { error, why, provider, subject } = refusal;
        if !why.is_empty() {
            let provider = provider.as_ref().map(|(id, name)| (*id, name.as_str()));
            self.failure_note(call, Failure::of_sign_on(provider, &subject, why)).await?;
        }
        Ok(error)
    }

    /// Starts a session for whom the provider vouches for, or asks for the second factor.
    async fn signed_on(&self, call: &Call, provider: &Stored, person: &Person, device: &str) -> Result<SignInResponse> {
        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let entry = self.entry(&mut tx, provider, person, policy_revision).await?;
        let employee_id = entry.employee_id;
        let changed = self.roles_synchronise(&mut tx, provider, person, &entry, policy_revision).await?;
        let known = credentials(tx.connection(), employee_id).await?.filter(|known| known.active).ok_or_else(failed)?;
        let vouched = provider.provider.trust_second_factor && person.second_factor;
        // Whoever set a factor up is asked for it, as after a password; whoever lacks one that a role demands can do
        // nothing in the session but set one up.
        if known.second_factor_set && !vouched {
            let first = FirstStep { device, device_digest: None, provider_id: Some(provider.id) };
            let reply = self.second_step(tx, call, employee_id, first, now).await?;
            self.announce_if(changed, policy_revision).await;
            return Ok(reply);
        }
        store::signed_on(tx.connection(), employee_id, now).await?;
        let tokens = self.session_start(tx.connection(), employee_id, device, &call.address, now, vouched).await?;
        let reply = tokens.sign_in(known.password_change_required, String::new());
        store::session_note(tx.connection(), &reply.refresh_token, provider.id).await?;
        tx.audit(AuditEntry {
            action: "employee.signed_on",
            record_kind: "employee",
            record_id: employee_id,
            subject_id: employee_id,
            changes: vec![FieldChange::set("provider", provider.provider.name.as_str())],
        });
        tx.commit_call(call, ()).await?;
        self.announce_if(changed, policy_revision).await;
        Ok(reply)
    }

    async fn announce_if(&self, changed: bool, policy_revision: i64) {
        if changed {
            self.announce(policy_revision).await;
        }
    }
}

/// What the caller is told of a provider's fault; the log is told more.
pub(super) fn told(provider: &Stored, fault: &Fault) -> Error {
    tracing::warn!(provider = provider.provider.name, "single sign-on: {fault}");
    match fault {
        Fault::Unavailable(_) => Error::new(Code::Unavailable, &error::PROVIDER_UNAVAILABLE),
        Fault::Refused(..) => failed(),
    }
}
