//! Beginning and completing sign-ons and links. Nothing here is kept under an idempotency key: an answer that holds tokens
//! is given once, and so is a code.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use contracts::identity as proto;
use contracts::identity::SignOnLink;
use contracts::identity::single_sign_on_service_server::SingleSignOnService;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange};
use platform::error::{Error, Result};
use platform::page;
use sha2::{Digest, Sha256};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::provider::Fault;
use super::rules::{self, Person};
use super::store::{self, Flow};
use crate::authentication::refresh_token::RefreshToken;
use crate::identity_provider::store::{Stored, option_list, provider_get};
use crate::{Identity, error, policy};

/// How long a person may take at the provider.
const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The call without its key: nothing of it is to be kept.
fn once(call: Call) -> Call {
    Call { idempotency_key: None, ..call }
}

fn failed() -> Error {
    Error::new(Code::Unauthenticated, &error::SIGN_ON_FAILED)
}

fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

fn link_audit(action: &'static str, employee_id: Uuid, link: &SignOnLink) -> AuditEntry {
    let change = |after: String| FieldChange { field: "provider".to_owned(), before: String::new(), after };
    AuditEntry {
        action,
        record_kind: "employee",
        record_id: employee_id,
        subject_id: employee_id,
        changes: vec![change(link.provider_name.clone())],
    }
}

#[tonic::async_trait]
impl SingleSignOnService for Identity {
    async fn list_sign_on_options(
        &self,
        request: Request<proto::ListSignOnOptionsRequest>,
    ) -> Result<Response<proto::ListSignOnOptionsResponse>, Status> {
        let request = request.into_inner();
        let after: Option<String> = page::decode(&["sign_on_options"], &request.page_token)?;
        let after = after.filter(|name| !name.contains('\0'));
        let size = page::size(request.page_size, 50);
        let mut options = store_options(self, after.as_deref(), size + 1).await?;
        let next_page_token = page::cut(&mut options, size, &["sign_on_options"], |option| option.name.clone())?;
        Ok(Response::new(proto::ListSignOnOptionsResponse { options, next_page_token }))
    }

    async fn start_sign_on(
        &self,
        request: Request<proto::StartSignOnRequest>,
    ) -> Result<Response<proto::StartSignOnResponse>, Status> {
        let proto::StartSignOnRequest { provider_id, return_to } = request.into_inner();
        Ok(Response::new(self.flow_start(&provider_id, return_to, None).await?))
    }

    async fn complete_sign_on(
        &self,
        request: Request<proto::CompleteSignOnRequest>,
    ) -> Result<Response<proto::CompleteSignOnResponse>, Status> {
        let call = once(Call::of(&request)?);
        let proto::CompleteSignOnRequest { state, code, browser_secret, device } = request.into_inner();
        let flow = self.flow_take(&state, &browser_secret).await?;
        if flow.employee_id.is_some() {
            return Err(failed().into());
        }
        let return_to = flow.return_to.clone();
        let (provider, person) = self.vouched(flow, code).await?;
        let reply = self.signed_on(&call, &provider, &person, &device).await?;
        Ok(Response::new(proto::CompleteSignOnResponse { return_to, ..reply }))
    }

    async fn list_sign_on_links(
        &self,
        request: Request<proto::ListSignOnLinksRequest>,
    ) -> Result<Response<proto::ListSignOnLinksResponse>, Status> {
        let employee_id = Call::of(&request)?.caller.require_employee()?;
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["sign_on_links"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let mut links = store::link_list(self.db.pool(), employee_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut links, size, &["sign_on_links"], |link| link.id.clone())?;
        Ok(Response::new(proto::ListSignOnLinksResponse { links, next_page_token }))
    }

    async fn start_sign_on_link(
        &self,
        request: Request<proto::StartSignOnLinkRequest>,
    ) -> Result<Response<proto::StartSignOnResponse>, Status> {
        let employee_id = Call::of(&request)?.caller.require_employee()?;
        let proto::StartSignOnLinkRequest { provider_id, return_to } = request.into_inner();
        Ok(Response::new(self.flow_start(&provider_id, return_to, Some(employee_id)).await?))
    }

    async fn complete_sign_on_link(
        &self,
        request: Request<proto::CompleteSignOnLinkRequest>,
    ) -> Result<Response<SignOnLink>, Status> {
        let call = once(Call::of(&request)?);
        let employee_id = call.caller.require_employee()?;
        let proto::CompleteSignOnLinkRequest { state, code, browser_secret } = request.into_inner();
        let flow = self.flow_take(&state, &browser_secret).await?;
        if flow.employee_id != Some(employee_id) {
            return Err(Error::failed_precondition(&error::SIGN_ON_FAILED).into());
        }
        let (provider, person) = self.vouched(flow, code).await?;
        let mut tx = self.db.begin().await?;
        let known = store::link_find(tx.connection(), provider.id, &person.subject).await?;
        let id = match known {
            Some((id, owner)) if owner == employee_id => id,
            _ => store::link_insert(tx.connection(), employee_id, provider.id, &person.subject, &person.email).await?,
        };
        let link = store::link_get(tx.connection(), employee_id, id).await?;
        if known.is_none() {
            tx.audit(link_audit("employee.sign_on_linked", employee_id, &link));
        }
        Ok(Response::new(tx.commit_call(&call, link).await?))
    }

    async fn delete_sign_on_link(
        &self,
        request: Request<proto::DeleteSignOnLinkRequest>,
    ) -> Result<Response<proto::DeleteSignOnLinkResponse>, Status> {
        let call = once(Call::of(&request)?);
        let employee_id = call.caller.require_employee()?;
        let id = crate::id("id", &request.into_inner().id)?;
        let mut tx = self.db.begin().await?;
        let link = store::link_get(tx.connection(), employee_id, id).await?;
        store::link_delete(tx.connection(), id).await?;
        tx.audit(link_audit("employee.sign_on_unlinked", employee_id, &link));
        Ok(Response::new(tx.commit_call(&call, proto::DeleteSignOnLinkResponse {}).await?))
    }
}

/// Nothing to choose while nobody could come back.
async fn store_options(identity: &Identity, after: Option<&str>, limit: i64) -> Result<Vec<proto::SignOnOption>> {
    match identity.config.public_url.is_empty() {
        true => Ok(Vec::new()),
        false => option_list(identity.db.pool(), after, limit).await,
    }
}

impl Identity {
    async fn flow_start(
        &self,
        provider_id: &str,
        return_to: String,
        employee_id: Option<Uuid>,
    ) -> Result<proto::StartSignOnResponse> {
        rules::check_return(&return_to)?;
        let provider_id = crate::id("provider_id", provider_id)?;
        if self.config.public_url.is_empty() {
            return Err(Error::failed_precondition(&error::PUBLIC_URL_MISSING));
        }
        let provider = provider_get(self.db.pool(), provider_id).await?;
        if !provider.provider.enabled {
            return Err(Error::not_found());
        }
        let begun = self.providers.begin(&provider).await.map_err(|fault| told(&provider, &fault))?;
        let browser_secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let flow = Flow {
            browser_digest: digest(&browser_secret),
            provider_id,
            employee_id,
            nonce: begun.nonce,
            code_verifier: begun.code_verifier,
            return_to,
        };
        store::flow_insert(self.db.pool(), &digest(&begun.state), &flow, Utc::now() + FLOW_LIFE).await?;
        Ok(proto::StartSignOnResponse { authorization_url: begun.authorization_url, browser_secret })
    }

    /// The flow of a state, for the browser that began it. Gone afterwards, whatever comes of it.
    async fn flow_take(&self, state: &str, browser_secret: &str) -> Result<Flow> {
        let flow = store::flow_take(self.db.pool(), &digest(state)).await?;
        flow.filter(|flow| flow.browser_digest == digest(browser_secret)).ok_or_else(failed)
    }

    /// Whom the provider vouches for.
    async fn vouched(&self, flow: Flow, code: String) -> Result<(Stored, Person)> {
        let provider = provider_get(self.db.pool(), flow.provider_id).await?;
        if !provider.provider.enabled {
            return Err(failed());
        }
        let secret = self.seal.open_text(provider.id.as_bytes(), &provider.client_secret)?;
        let person = self.providers.complete(&provider, &secret, code, flow.nonce, flow.code_verifier).await;
        let person = person.map_err(|fault| told(&provider, &fault))?;
        Ok((provider, person))
    }

    /// Where to send a browser whose session ends, when the session began at a provider. A provider that does not answer
    /// holds nobody up.
    pub(crate) async fn provider_sign_out_url(&self, session_id: Uuid) -> String {
        let url = async {
            let provider_id = store::session_provider(self.db.pool(), session_id).await.ok()??;
            let provider = provider_get(self.db.pool(), provider_id).await.ok()?;
            self.providers.sign_out_url(&provider, &format!("{}/sign-in", self.config.public_url)).await
        };
        tokio::time::timeout(std::time::Duration::from_secs(2), url).await.ok().flatten().unwrap_or_default()
    }

    /// Starts a session for whom the provider vouches for.
    async fn signed_on(
        &self,
        call: &Call,
        provider: &Stored,
        person: &Person,
        device: &str,
    ) -> Result<proto::CompleteSignOnResponse> {
        // Hashed before the transaction, should there be somebody to create.
        let hash = match provider.provider.create_employees {
            true => Some(self.passwords.hash(crate::password::hashing::random()).await?),
            false => None,
        };
        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let entry = self.entry(&mut tx, provider, person, hash.as_deref(), policy_revision).await?;
        let employee_id = entry.employee_id;
        let changed = self.roles_synchronise(&mut tx, provider, person, &entry, policy_revision).await?;
        let signed_on = store::signed_on(tx.connection(), employee_id, now).await?;
        let password_change_required = signed_on.ok_or_else(failed)?;
        let tokens = self.session_start(tx.connection(), employee_id, device, &call.address, now).await?;
        let tokens = tokens.sign_in(password_change_required, String::new());
        let session = RefreshToken::parse(&tokens.refresh_token).map(|token| token.session_id);
        store::session_note(tx.connection(), session.ok_or_else(failed)?, provider.id).await?;
        tx.audit(AuditEntry {
            action: "employee.signed_on",
            record_kind: "employee",
            record_id: employee_id,
            subject_id: employee_id,
            changes: vec![FieldChange {
                field: "provider".to_owned(),
                before: String::new(),
                after: provider.provider.name.clone(),
            }],
        });
        tx.commit_call(call, ()).await?;
        if changed {
            self.announce(policy_revision).await;
        }
        Ok(proto::CompleteSignOnResponse {
            access_token: tokens.access_token,
            access_token_expire_time: tokens.access_token_expire_time,
            refresh_token: tokens.refresh_token,
            refresh_token_expire_time: tokens.refresh_token_expire_time,
            password_change_required,
            return_to: String::new(),
        })
    }
}

/// What the caller is told of a provider's fault; the log is told more.
fn told(provider: &Stored, fault: &Fault) -> Error {
    tracing::warn!(provider = provider.provider.name, "single sign-on: {fault}");
    match fault {
        Fault::Unavailable(_) => Error::new(Code::Unavailable, &error::PROVIDER_UNAVAILABLE),
        Fault::Refused(_) => failed(),
    }
}
