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
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::completion::{digest, told};
use super::rules;
use super::store::{self, Flow};
use crate::identity_provider::store::{option_list, provider_get};
use crate::{Identity, error};

/// How long a person may take at the provider.
const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);

pub(super) fn link_audit(action: &'static str, employee_id: Uuid, link: &SignOnLink) -> AuditEntry {
    AuditEntry {
        action,
        record_kind: "employee",
        record_id: employee_id,
        subject_id: employee_id,
        changes: vec![FieldChange::set("provider", link.provider_name.as_str())],
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
        let call = Call::of(&request)?;
        let origin = self.attempt_from_network(&call).await?;
        let signed_on = self.sign_on(&call, request.into_inner()).await;
        if signed_on.as_ref().err().is_none_or(|refusal| !refusal.is_guess()) {
            origin.clear(&mut *self.db.pool().acquire().await.map_err(Error::from)?).await?;
        }
        match signed_on {
            Ok(reply) => Ok(Response::new(reply)),
            Err(refusal) => Err(self.sign_on_refuse(&call, refusal).await?.into()),
        }
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
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let proto::CompleteSignOnLinkRequest { state, code, browser_secret } = request.into_inner();
        let (provider, person) = match self.identity_to_link(employee_id, &state, &browser_secret, code).await {
            Ok(vouched) => vouched,
            Err(refusal) => return Err(self.sign_on_refuse(&call, refusal).await?.into()),
        };
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
        let call = Call::of(&request)?;
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
}
