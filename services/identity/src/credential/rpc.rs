//! The caller's own second factors. What holds a key or a code is answered once and kept under no idempotency key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::credential_service_server::CredentialService;
use contracts::identity::{Credential, FinishCredentialResponse};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result, reason};
use platform::{page, update};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, NewFactor};
use super::{recovery, totp};
use crate::authentication::store::credentials;
use crate::challenge::store::challenge_close;
use crate::challenge::{self, NewChallenge, Purpose};
use crate::{Identity, employee, error, policy};

/// Apps and passkeys that one person may have.
const MOST: i64 = 20;

fn audit(action: &'static str, employee_id: Uuid, name: &str, gone: bool) -> AuditEntry {
    let (before, after) = if gone { (name.to_owned(), String::new()) } else { (String::new(), name.to_owned()) };
    AuditEntry {
        action,
        record_kind: "employee",
        record_id: employee_id,
        subject_id: employee_id,
        changes: vec![FieldChange { field: "credential".into(), before, after }],
    }
}

fn cleaned(field: &str, name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(Error::invalid(field, &reason::VALUE_REQUIRED)),
        name => Ok(name.to_owned()),
    }
}

#[tonic::async_trait]
impl CredentialService for Identity {
    async fn list_credentials(
        &self,
        request: Request<proto::ListCredentialsRequest>,
    ) -> Result<Response<proto::ListCredentialsResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let request = request.into_inner();
        let after: Option<(DateTime<Utc>, Uuid)> = page::decode(&["credentials"], &request.page_token)?;
        // The database's calendar begins later than ours.
        if after.is_some_and(|(create_time, _)| create_time < DateTime::UNIX_EPOCH) {
            return Err(Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID).into());
        }
        let size = page::size(request.page_size, 50);
        let mut rows = store::credential_list(self.db.pool(), employee_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut rows, size, &["credentials"], |(_, time, id)| (*time, *id))?;
        let left = store::recovery_codes_left(self.db.pool(), employee_id).await?;
        Ok(Response::new(proto::ListCredentialsResponse {
            credentials: rows.into_iter().map(|(credential, ..)| credential).collect(),
            next_page_token,
            recovery_codes_left: left as i32,
        }))
    }

    async fn start_totp(
        &self,
        request: Request<proto::StartTotpRequest>,
    ) -> Result<Response<proto::StartTotpResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let owner = credentials(self.db.pool(), employee_id).await?.ok_or_else(Error::not_found)?;
        let secret = totp::secret();
        let sealed = self.seal.close(&totp::place(employee_id), &secret)?;
        let state = json!({"secret": STANDARD.encode(sealed)});
        let begun = NewChallenge::of_session(Purpose::TotpSetUp, employee_id, call.caller.session_id(), state);
        let mut tx = self.db.begin().await?;
        let challenge = begun.give(tx.connection(), Utc::now()).await?;
        let reply = proto::StartTotpResponse {
            challenge,
            secret: totp::encoded(&secret),
            uri: totp::uri(&secret, &owner.login_name),
        };
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn finish_totp(
        &self,
        request: Request<proto::FinishTotpRequest>,
    ) -> Result<Response<FinishCredentialResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let proto::FinishTotpRequest { challenge, totp_code, name } = request.into_inner();
        let name = cleaned("name", &name)?;
        let session_id = call.caller.session_id();
        let begun = self.challenge_try_in(&challenge, Purpose::TotpSetUp, employee_id, session_id).await?;
        let sealed = begun.state["secret"].as_str().and_then(|sealed| STANDARD.decode(sealed).ok());
        let sealed = sealed.ok_or_else(|| Error::internal(anyhow::anyhow!("a set-up without a key")))?;
        let secret = self.seal.open(&totp::place(employee_id), &sealed);
        let secret = secret.ok_or_else(|| Error::internal(anyhow::anyhow!("a key that does not open")))?;
        let step = totp::matching_step(&secret, &totp_code, Utc::now().timestamp(), 0)
            .ok_or_else(|| Error::invalid("totp_code", &error::TOTP_CODE_WRONG))?;
        let factor = NewFactor::Totp(sealed, step);
        Ok(Response::new(self.factor_add(&call, employee_id, begun.id, &name, &factor).await?))
    }

    async fn start_passkey(
        &self,
        request: Request<proto::StartPasskeyRequest>,
    ) -> Result<Response<proto::StartPasskeyResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let owner = employee::store::employee_read(self.db.pool(), employee_id).await?;
        let known = self.passkeys_of(employee_id).await?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let started = self.passkeys.start_registration(employee_id, &owner.login_name, &owner.display_name, known)?;
        let session_id = call.caller.session_id();
        let begun = NewChallenge::of_session(Purpose::PasskeySetUp, employee_id, session_id, started.state);
        let mut tx = self.db.begin().await?;
        let challenge = begun.give(tx.connection(), Utc::now()).await?;
        let reply = proto::StartPasskeyResponse { challenge, options_json: started.options_json };
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn finish_passkey(
        &self,
        request: Request<proto::FinishPasskeyRequest>,
    ) -> Result<Response<FinishCredentialResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let proto::FinishPasskeyRequest { challenge, credential_json, name } = request.into_inner();
        let name = cleaned("name", &name)?;
        let session_id = call.caller.session_id();
        let begun = self.challenge_try_in(&challenge, Purpose::PasskeySetUp, employee_id, session_id).await?;
        let passkey = self.passkeys.finish_registration(begun.state, &credential_json)?;
        let passkey = passkey.ok_or_else(|| Error::invalid("credential_json", &error::PASSKEY_INVALID))?;
        let factor = NewFactor::Passkey(Box::new(passkey));
        Ok(Response::new(self.factor_add(&call, employee_id, begun.id, &name, &factor).await?))
    }

    async fn update_credential(
        &self,
        request: Request<proto::UpdateCredentialRequest>,
    ) -> Result<Response<Credential>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        update::paths(request.update_mask.as_ref(), &["name"])?;
        let asked = request.credential.unwrap_or_default();
        let id = crate::id("credential.id", &asked.id)?;
        let name = cleaned("credential.name", &asked.name)?;
        let revision = update::revision("credential.etag", &asked.etag)?;
        let before = store::credential_get(tx.connection(), employee_id, id).await?;
        if !store::credential_rename(tx.connection(), id, &name, revision).await? {
            return Err(Error::stale_etag().into());
        }
        let after = store::credential_get(tx.connection(), employee_id, id).await?;
        let change = FieldChange { field: "credential".into(), before: before.name, after: name };
        tx.audit(AuditEntry { changes: vec![change], ..audit("employee.credential_renamed", employee_id, "", false) });
        Ok(Response::new(tx.commit_call(&call, after).await?))
    }

    async fn delete_credential(
        &self,
        request: Request<proto::DeleteCredentialRequest>,
    ) -> Result<Response<proto::DeleteCredentialResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", &request.into_inner().id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::credential_get(tx.connection(), employee_id, id).await?;
        store::credential_delete(tx.connection(), id).await?;
        let (_, required) = call.caller.second_factor();
        if required && store::credential_count(tx.connection(), employee_id).await? == 0 {
            return Err(Error::failed_precondition(&error::SECOND_FACTOR_LAST).into());
        }
        store::second_factor_note(tx.connection(), employee_id, policy_revision).await?;
        tx.audit(audit("employee.credential_removed", employee_id, &before.name, true));
        let reply = tx.commit_call(&call, proto::DeleteCredentialResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn create_recovery_codes(
        &self,
        request: Request<proto::CreateRecoveryCodesRequest>,
    ) -> Result<Response<proto::CreateRecoveryCodesResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let recovery_codes = recovery::codes();
        let mut tx = self.db.begin().await?;
        // Changes of factors wait for each other: codes without a factor must not stay behind.
        policy::store::advance(tx.connection()).await?;
        if store::credential_count(tx.connection(), employee_id).await? == 0 {
            return Err(Error::failed_precondition(&error::SECOND_FACTOR_MISSING).into());
        }
        store::recovery_codes_replace(tx.connection(), employee_id, &recovery_codes).await?;
        tx.audit(AuditEntry {
            changes: Vec::new(),
            ..audit("employee.recovery_codes_replaced", employee_id, "", false)
        });
        let reply = proto::CreateRecoveryCodesResponse { recovery_codes };
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }
}

impl Identity {
    /// Sets a factor up that has met its challenge; with the first come recovery codes.
    async fn factor_add(
        &self,
        call: &Call,
        employee_id: Uuid,
        challenge_id: Uuid,
        name: &str,
        factor: &NewFactor,
    ) -> Result<FinishCredentialResponse> {
        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        if !challenge_close(tx.connection(), challenge_id).await? {
            return Err(challenge::invalid());
        }
        let count = store::credential_count(tx.connection(), employee_id).await?;
        if count >= MOST {
            return Err(Error::failed_precondition(&error::CREDENTIALS_TOO_MANY).arg("most", MOST));
        }
        let id = Uuid::now_v7();
        store::credential_insert(tx.connection(), id, employee_id, name, factor).await?;
        store::second_factor_note(tx.connection(), employee_id, policy_revision).await?;
        let recovery_codes = if count == 0 { recovery::codes() } else { Vec::new() };
        if count == 0 {
            store::recovery_codes_replace(tx.connection(), employee_id, &recovery_codes).await?;
        }
        let credential = store::credential_get(tx.connection(), employee_id, id).await?;
        tx.audit(audit("employee.credential_added", employee_id, name, false));
        let reply = FinishCredentialResponse { credential: Some(credential), recovery_codes };
        let reply = tx.commit_call(call, reply).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// What a sign-in asks for after the password, with the state to check a passkey by.
    pub(crate) async fn second_factors(&self, employee_id: Uuid) -> Result<(Vec<proto::SecondFactor>, String, Value)> {
        let mut kinds = store::kinds(self.db.pool(), employee_id).await?;
        if !self.passkeys.available() {
            kinds.retain(|kind| *kind != proto::SecondFactor::Passkey);
        }
        let started = match kinds.contains(&proto::SecondFactor::Passkey) {
            true => Some(self.passkeys.start_authentication(&self.passkeys_of(employee_id).await?)?),
            false => None,
        };
        let (options, state) = started.map_or_else(Default::default, |started| (started.options_json, started.state));
        Ok((kinds, options, state))
    }
}
