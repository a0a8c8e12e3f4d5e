//! Signing in and out. Nothing here is kept under an idempotency key: an answer that holds tokens is given once.

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::authentication_service_server::AuthenticationService;
use platform::access::{Call, Caller};
use platform::db::AuditEntry;
use platform::error::{Error, Reason, Result, reason};
use platform::page;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::{rules, store};
use crate::{Identity, employee, error, policy};

fn unauthenticated(reason: &'static Reason) -> Error {
    Error::new(Code::Unauthenticated, reason)
}

/// The call without its key: nothing of it is to be kept.
fn once(call: Call) -> Call {
    Call { idempotency_key: None, ..call }
}

fn session_audit(action: &'static str, employee_id: Uuid) -> AuditEntry {
    AuditEntry { action, record_kind: "employee", record_id: employee_id, subject_id: employee_id, changes: Vec::new() }
}

#[tonic::async_trait]
impl AuthenticationService for Identity {
    async fn sign_in(&self, request: Request<proto::SignInRequest>) -> Result<Response<proto::SignInResponse>, Status> {
        let call = once(Call::of(&request)?);
        let proto::SignInRequest { login_name, password, device } = request.into_inner();
        // Every attempt takes the same steps up to the answer, whatever is wrong with it.
        let permitted = store::attempt_count(self.db.pool(), &login_name, &self.settings()).await?;
        let known = store::credentials_by_login(self.db.pool(), &login_name).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let matches = self.passwords.verify(password.clone(), hash).await?;
        let credentials = match known {
            Some(credentials) if permitted && matches && credentials.active => credentials,
            _ => return Err(unauthenticated(&error::SIGN_IN_FAILED).into()),
        };

        let outdated = self.passwords.is_outdated(&credentials.password_hash);
        let new_hash = if outdated { Some(self.passwords.hash(password).await?) } else { None };
        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        store::attempts_clear(tx.connection(), &login_name).await?;
        if !store::signed_in(tx.connection(), &credentials, new_hash.as_deref(), now).await? {
            return Err(unauthenticated(&error::SIGN_IN_FAILED).into());
        }
        let employee_id = credentials.employee_id;
        let tokens = self.session_start(tx.connection(), employee_id, &device, &call.address, now).await?;
        if let Some(employee) = Caller::of_employee(self.access.policy().policy(), employee_id) {
            tx.act_for(&employee);
        }
        tx.audit(session_audit("employee.signed_in", employee_id));
        let reply = tokens.sign_in(credentials.password_change_required);
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn refresh_session(
        &self,
        request: Request<proto::RefreshSessionRequest>,
    ) -> Result<Response<proto::RefreshSessionResponse>, Status> {
        let call = once(Call::of(&request)?);
        let now = Utc::now();
        let invalid = || unauthenticated(&error::REFRESH_TOKEN_INVALID);
        let token = RefreshToken::parse(&request.into_inner().refresh_token).ok_or_else(invalid)?;
        let session = store::session_find(self.db.pool(), token.session_id).await?.ok_or_else(invalid)?;
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
                store::session_revoke(tx.connection(), session.employee_id, token.session_id, revision).await?;
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
        let call = once(Call::of(&request)?);
        let employee_id = call.caller.require_employee()?;
        if let Some(session_id) = call.caller.session_id() {
            self.session_end(&call, employee_id, session_id, "employee.signed_out").await?;
        }
        Ok(Response::new(proto::SignOutResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<proto::ChangePasswordRequest>,
    ) -> Result<Response<proto::ChangePasswordResponse>, Status> {
        let call = once(Call::of(&request)?);
        let employee_id = call.caller.require_employee()?;
        let proto::ChangePasswordRequest { current_password, new_password } = request.into_inner();
        let credentials = store::credentials(self.db.pool(), employee_id).await?.ok_or_else(Error::not_found)?;
        // A stolen session must not be a way to guess the password.
        let permitted = store::attempt_count(self.db.pool(), &credentials.login_name, &self.settings()).await?;
        let known = Some(credentials.password_hash.clone());
        let matches = self.passwords.verify(current_password.clone(), known).await?;
        let wrong = || Error::invalid("current_password", &error::CURRENT_PASSWORD_WRONG);
        if !(permitted && matches) {
            return Err(wrong().into());
        }
        store::attempts_clear(self.db.pool(), &credentials.login_name).await?;
        let violations = rules::password_violations(
            &self.settings().password,
            "new_password",
            &credentials.login_name,
            Some(&current_password),
            &new_password,
        );
        if !violations.is_empty() {
            return Err(Error::invalid_fields(violations).into());
        }

        let hash = self.passwords.hash(new_password).await?;
        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let replaced = store::password_replace(tx.connection(), &credentials, &hash, policy_revision).await?;
        let (revision, group_id) = replaced.ok_or_else(wrong)?;
        store::sessions_revoke(tx.connection(), employee_id, policy_revision).await?;
        let tokens = self.session_start(tx.connection(), employee_id, "", &call.address, now).await?;
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
        let mut rows = store::session_list(self.db.pool(), employee_id, current, after, size + 1).await?;
        let next_page_token =
            page::cut(&mut rows, size, &["sessions"], |(_, last_use_time, id)| (*last_use_time, *id))?;
        let sessions = rows.into_iter().map(|(session, ..)| session).collect();
        Ok(Response::new(proto::ListSessionsResponse { sessions, next_page_token }))
    }

    async fn revoke_session(
        &self,
        request: Request<proto::RevokeSessionRequest>,
    ) -> Result<Response<proto::RevokeSessionResponse>, Status> {
        let call = once(Call::of(&request)?);
        let employee_id = call.caller.require_employee()?;
        let session_id = crate::id("id", &request.into_inner().id)?;
        if !self.session_end(&call, employee_id, session_id, "employee.session_revoked").await? {
            return Err(Error::not_found().into());
        }
        Ok(Response::new(proto::RevokeSessionResponse {}))
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
        }))
    }
}

impl Identity {
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
        if !store::session_revoke(tx.connection(), employee_id, session_id, revision).await? {
            return Ok(false);
        }
        tx.audit(session_audit(action, employee_id));
        tx.commit_call(call, ()).await?;
        self.announce(revision).await;
        Ok(true)
    }
}
