//! Signing in and out. Nothing here is kept under an idempotency key: an answer that holds tokens is given once.

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::authentication_service_server::AuthenticationService;
use platform::access::{Call, Caller};
use platform::db::{AuditEntry, FieldChange};
use platform::error::{Error, Reason, Result, reason};
use platform::{locale, page};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::second_step::FirstStep;
use super::store::Credentials;
use super::{rules, session_store, store};
use crate::attempt::failure::{self, Failure};
use crate::attempt::{self, Attempt};
use crate::challenge::store::challenges_void;
use crate::password_link::store::links_void;
use crate::{Identity, employee, error, policy};

pub(super) fn unauthenticated(reason: &'static Reason) -> Error {
    Error::new(Code::Unauthenticated, reason)
}

/// By what a sign-in or a confirmation succeeded.
pub(super) fn sign_in_audit(action: &'static str, employee_id: Uuid, method: &str) -> AuditEntry {
    AuditEntry { changes: vec![FieldChange::set("method", method)], ..session_audit(action, employee_id) }
}

fn session_audit(action: &'static str, employee_id: Uuid) -> AuditEntry {
    AuditEntry { action, record_kind: "employee", record_id: employee_id, subject_id: employee_id, changes: Vec::new() }
}

#[tonic::async_trait]
impl AuthenticationService for Identity {
    async fn sign_in(&self, request: Request<proto::SignInRequest>) -> Result<Response<proto::SignInResponse>, Status> {
        let call = Call::of(&request)?;
        let proto::SignInRequest { login_name, password, device, device_token } = request.into_inner();
        let device_digest = (!device_token.is_empty()).then(|| attempt::device_digest(&device_token));
        // Every attempt takes the same steps up to the answer, whatever is wrong with it.
        let attempt = self.attempt_password(&call, &login_name, device_digest).await?;
        let known = store::credentials_by_login(self.db.pool(), &login_name).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let matches = self.passwords.verify(password.clone(), hash).await?;
        let credentials = match known {
            Some(credentials) if attempt.permitted && matches && credentials.active => credentials,
            known => return Err(self.sign_in_refuse(&call, &login_name, known.as_ref(), &attempt).await?.into()),
        };

        let outdated = self.passwords.is_outdated(&credentials.password_hash);
        let new_hash = if outdated { Some(self.passwords.hash(password).await?) } else { None };
        let now = Utc::now();
        let employee_id = credentials.employee_id;
        let mut tx = self.db.begin().await?;
        attempt.clear(tx.connection()).await?;
        // With a second factor nobody has signed in yet.
        let signed_in = (!credentials.second_factor_set).then_some(now);
        if !store::signed_in(tx.connection(), &credentials, new_hash.as_deref(), signed_in).await? {
            return Err(unauthenticated(&error::SIGN_IN_FAILED).into());
        }
        if credentials.second_factor_set {
            let first = FirstStep { device: &device, device_digest: attempt.device(), provider_id: None };
            return Ok(Response::new(self.second_step(tx, &call, employee_id, first, now).await?));
        }
        let reply = self.session_open(&mut tx, &call, &credentials, &attempt, &device, now).await?;
        tx.audit(sign_in_audit("employee.signed_in", employee_id, "PASSWORD"));
        let call = self.call_of(call, employee_id);
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn complete_sign_in(
        &self,
        request: Request<proto::CompleteSignInRequest>,
    ) -> Result<Response<proto::SignInResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.sign_in_complete(call, request.into_inner()).await?))
    }

    async fn start_passkey_sign_in(
        &self,
        request: Request<proto::StartPasskeySignInRequest>,
    ) -> Result<Response<proto::StartPasskeySignInResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.passkey_sign_in_start(&call).await?))
    }

    async fn confirm_identity(
        &self,
        request: Request<proto::ConfirmIdentityRequest>,
    ) -> Result<Response<proto::ConfirmIdentityResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.confirm(&call, request.into_inner()).await?))
    }

    async fn start_passkey_confirmation(
        &self,
        request: Request<proto::StartPasskeyConfirmationRequest>,
    ) -> Result<Response<proto::StartPasskeyConfirmationResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.confirmation_start(&call).await?))
    }

    async fn refresh_session(
        &self,
        request: Request<proto::RefreshSessionRequest>,
    ) -> Result<Response<proto::RefreshSessionResponse>, Status> {
        let call = Call::of(&request)?;
        let now = Utc::now();
        let invalid = || unauthenticated(&error::REFRESH_TOKEN_INVALID);
        let token = RefreshToken::parse(&request.into_inner().refresh_token).ok_or_else(invalid)?;
        let session = session_store::session_find(self.db.pool(), token.session_id).await?.ok_or_else(invalid)?;
        let fate = rules::refresh(&session.state, &token, now);
        match fate {
            rules::Refresh::Rotate | rules::Refresh::Repeat => {
                let rotate = fate == rules::Refresh::Rotate;
                let tokens = self.session_continue(&session, &token, rotate, &call.address, now).await?;
                Ok(Response::new(tokens.refresh(session.password_change_required)))
            }
            rules::Refresh::Reused => {
                let mut tx = self.db.begin().await?;
                let revision = policy::store::advance(tx.connection()).await?;
                session_store::session_revoke(tx.connection(), session.employee_id, token.session_id, revision).await?;
                tx.audit(session_audit("employee.refresh_token_reused", session.employee_id));
                tx.commit_call(&call, ()).await?;
                self.announce(revision).await;
                Err(unauthenticated(&error::REFRESH_TOKEN_REUSED).into())
            }
            rules::Refresh::Invalid => Err(invalid().into()),
        }
    }

    async fn sign_out(
        &self,
        request: Request<proto::SignOutRequest>,
    ) -> Result<Response<proto::SignOutResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let mut reply = proto::SignOutResponse::default();
        if let Some(session_id) = call.caller.session_id() {
            reply.provider_sign_out_url = self.provider_sign_out_url(session_id).await;
            self.session_end(&call, employee_id, session_id, "employee.signed_out").await?;
        }
        Ok(Response::new(reply))
    }

    async fn change_password(
        &self,
        request: Request<proto::ChangePasswordRequest>,
    ) -> Result<Response<proto::ChangePasswordResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let proto::ChangePasswordRequest { current_password, new_password } = request.into_inner();
        let credentials = store::credentials(self.db.pool(), employee_id).await?.ok_or_else(Error::not_found)?;
        let attempt = self.attempt_in_session(&call, &credentials.login_name).await?;
        let known = Some(credentials.password_hash.clone());
        let matches = self.passwords.verify(current_password.clone(), known).await?;
        let wrong = || Error::invalid("current_password", &error::CURRENT_PASSWORD_WRONG);
        if !(attempt.permitted && matches) {
            let failure = Failure::of_employee(failure::CONFIRMATION, employee_id, "proof", "current_password");
            self.failure_note(&call, failure.everywhere_if(!attempt.permitted)).await?;
            return Err(wrong().into());
        }
        attempt.clear(&mut *self.db.pool().acquire().await.map_err(Error::from)?).await?;
        self.password_permit("new_password", &credentials, Some(&current_password), &new_password).await?;
        let hash = self.passwords.hash(new_password).await?;
        let now = Utc::now();
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        self.password_remember(tx.connection(), employee_id).await?;
        let replaced = store::password_replace(tx.connection(), &credentials, &hash, policy_revision).await?;
        let (revision, group_id) = replaced.ok_or_else(wrong)?;
        links_void(tx.connection(), employee_id).await?;
        challenges_void(tx.connection(), employee_id).await?;
        let device = session_store::session_device(tx.connection(), call.caller.session_id()).await?;
        session_store::sessions_revoke(tx.connection(), employee_id, policy_revision).await?;
        let vouched = call.caller.second_factor_vouched();
        let tokens = self.session_start(tx.connection(), employee_id, &device, &call.address, now, vouched).await?;
        employee::emit_changed(&mut tx, employee_id, revision, group_id, true);
        tx.audit(session_audit("employee.password_changed", employee_id));
        let reply = tx.commit_call(&call, tokens.change_password()).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn list_sessions(
        &self,
        request: Request<proto::ListSessionsRequest>,
    ) -> Result<Response<proto::ListSessionsResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let request = request.into_inner();
        let after: Option<(DateTime<Utc>, Uuid)> = page::decode(&["sessions"], &request.page_token)?;
        // The database's calendar begins later than ours.
        if after.is_some_and(|(last_use_time, _)| last_use_time < DateTime::UNIX_EPOCH) {
            return Err(Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID).into());
        }
        let size = page::size(request.page_size, 50);
        let current = call.caller.session_id();
        let mut rows = session_store::session_list(self.db.pool(), employee_id, current, after, size + 1).await?;
        let next_page_token =
            page::cut(&mut rows, size, &["sessions"], |(_, last_use_time, id)| (*last_use_time, *id))?;
        let placed = |(session, ..): (proto::Session, _, _)| {
            let place = self.places.name(&session.address, locale::current());
            proto::Session { place, ..session }
        };
        let sessions = rows.into_iter().map(placed).collect();
        Ok(Response::new(proto::ListSessionsResponse { sessions, next_page_token }))
    }

    async fn revoke_session(
        &self,
        request: Request<proto::RevokeSessionRequest>,
    ) -> Result<Response<proto::RevokeSessionResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let session_id = crate::id("id", &request.into_inner().id)?;
        if !self.session_end(&call, employee_id, session_id, "employee.session_revoked").await? {
            return Err(Error::not_found().into());
        }
        Ok(Response::new(proto::RevokeSessionResponse {}))
    }

    async fn revoke_other_sessions(
        &self,
        request: Request<proto::RevokeOtherSessionsRequest>,
    ) -> Result<Response<proto::RevokeOtherSessionsResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        // A machine has none of its own to keep.
        let kept = call.caller.session_id().unwrap_or(Uuid::nil());
        let mut tx = self.db.begin().await?;
        let revision = policy::store::advance(tx.connection()).await?;
        let revoked = session_store::sessions_revoke_others(tx.connection(), employee_id, kept, revision).await?;
        let reply = proto::RevokeOtherSessionsResponse { revoked_count: revoked as i32 };
        if revoked > 0 {
            tx.audit(session_audit("employee.sessions_revoked", employee_id));
            tx.commit_call(&call, ()).await?;
            self.announce(revision).await;
        }
        Ok(Response::new(reply))
    }

    async fn get_password_policy(
        &self,
        _: Request<proto::GetPasswordPolicyRequest>,
    ) -> Result<Response<proto::PasswordPolicy>, Status> {
        let policy = self.settings().password;
        Ok(Response::new(proto::PasswordPolicy {
            min_length: policy.min_length as i32,
            min_character_kinds: policy.min_character_kinds as i32,
            refuses_common: policy.refuse_common,
            remembered: policy.remembered as i32,
        }))
    }
}

impl Identity {
    /// The call as one of the employee who has just proven to be the caller.
    pub(crate) fn call_of(&self, call: Call, employee_id: Uuid) -> Call {
        let caller = Caller::of_employee(self.access.policy().policy(), employee_id);
        Call { caller: caller.unwrap_or_else(Caller::anonymous), ..call }
    }

    /// Writes down that a sign-in failed and why, which only the audit trail learns. A name that nobody has costs the same
    /// as any other.
    async fn sign_in_refuse(
        &self,
        call: &Call,
        login_name: &str,
        known: Option<&Credentials>,
        attempt: &Attempt,
    ) -> Result<Error> {
        let why = match known {
            _ if !attempt.permitted => "LOCKED",
            None => "UNKNOWN",
            Some(credentials) if !credentials.active => "DISABLED",
            Some(_) => "WRONG_PASSWORD",
        };
        let failure = match known {
            Some(known) => Failure::of_employee(failure::SIGN_IN, known.employee_id, "reason", why),
            None => Failure::of_account(attempt::account_id(login_name), why),
        };
        self.failure_note(call, failure.everywhere_if(!attempt.permitted)).await?;
        Ok(unauthenticated(&error::SIGN_IN_FAILED))
    }

    /// Ends a session, in every service within a moment. False when there is no such live session of the employee.
    async fn session_end(
        &self,
        call: &Call,
        employee_id: Uuid,
        session_id: Uuid,
        action: &'static str,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let revision = policy::store::advance(tx.connection()).await?;
        let ended = session_store::session_revoke(tx.connection(), employee_id, session_id, revision).await?;
        let Some(device) = ended else { return Ok(false) };
        let fields = |session: String, device: String| [("session", session), ("device", device)];
        let changes =
            FieldChange::between(fields(session_id.to_string(), device), fields(String::new(), String::new()));
        tx.audit(AuditEntry { changes, ..session_audit(action, employee_id) });
        tx.commit_call(call, ()).await?;
        self.announce(revision).await;
        Ok(true)
    }
}
