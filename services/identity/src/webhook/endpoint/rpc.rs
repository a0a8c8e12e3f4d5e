//! Endpoints, for those who may say where events go.

use chrono::TimeDelta;
use contracts::identity as proto;
use contracts::identity::WebhookEndpoint;
use contracts::identity::webhook_service_server::WebhookService;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{emit_changed, emit_deleted, rules, store};
use crate::webhook::delivery::store as deliveries;
use crate::webhook::{event, signature};
use crate::{Identity, error};

const UPDATABLE: [&str; 5] = ["name", "url", "description", "event_types", "enabled"];

/// How long a secret signs beside the one that took its place.
const OLD_SECRET: TimeDelta = TimeDelta::hours(24);

fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "webhook_endpoint", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl WebhookService for Identity {
    async fn list_webhook_endpoints(
        &self,
        request: Request<proto::ListWebhookEndpointsRequest>,
    ) -> Result<Response<proto::ListWebhookEndpointsResponse>, Status> {
        let request = request.into_inner();
        let after: Option<String> = page::decode(&["webhook_endpoints"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let mut endpoints = store::endpoint_list(self.db.pool(), after, size + 1).await?;
        let next_page_token = page::cut(&mut endpoints, size, &["webhook_endpoints"], |last| last.name.clone())?;
        Ok(Response::new(proto::ListWebhookEndpointsResponse { endpoints, next_page_token }))
    }

    async fn get_webhook_endpoint(
        &self,
        request: Request<proto::GetWebhookEndpointRequest>,
    ) -> Result<Response<WebhookEndpoint>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(store::endpoint_get(self.db.pool(), id).await?))
    }

    async fn create_webhook_endpoint(
        &self,
        request: Request<proto::CreateWebhookEndpointRequest>,
    ) -> Result<Response<proto::CreateWebhookEndpointResponse>, Status> {
        let call = Call::of(&request)?;
        if let Once::Done(reply) = self.db.begin_once::<proto::CreateWebhookEndpointResponse>(&call).await? {
            return Ok(Response::new(self.secret_again(reply).await?));
        }
        let mut asked = request.into_inner().endpoint.unwrap_or_default();
        rules::clean(&mut asked, &self.config.webhooks)?;
        let created = self.endpoint_create(&call, &asked).await;
        let reply = self.repeated(&call, created).await?;
        Ok(Response::new(self.secret_again(reply).await?))
    }

    async fn update_webhook_endpoint(
        &self,
        request: Request<proto::UpdateWebhookEndpointRequest>,
    ) -> Result<Response<WebhookEndpoint>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &UPDATABLE)?;
        let asked = request.endpoint.unwrap_or_default();
        let id = crate::id("endpoint.id", &asked.id)?;
        let etag = update::revision("endpoint.etag", &asked.etag)?;
        let before = store::endpoint_lock(tx.connection(), id).await?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        let mut after = rules::merged(&before, &asked, &paths);
        rules::clean(&mut after, &self.config.webhooks)?;
        let changes = rules::changes(&before, &after);
        if changes.is_empty() {
            return Ok(Response::new(before));
        }
        let revision = store::endpoint_update(tx.connection(), id, &after).await?;
        if before.enabled && !after.enabled {
            deliveries::skip_pending(tx.connection(), id, self.webhooks.clock.now()).await?;
        }
        let after = store::endpoint_get(tx.connection(), id).await?;
        emit_changed(&mut tx, id, revision, after.enabled, after.disable_reason());
        tx.audit(audit("webhook_endpoint.updated", id, changes));
        Ok(Response::new(tx.commit_call(&call, after).await?))
    }

    async fn delete_webhook_endpoint(
        &self,
        request: Request<proto::DeleteWebhookEndpointRequest>,
    ) -> Result<Response<proto::DeleteWebhookEndpointResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let proto::DeleteWebhookEndpointRequest { id, etag } = request.into_inner();
        let id = crate::id("id", &id)?;
        let endpoint = store::endpoint_lock(tx.connection(), id).await?;
        crate::require_etag(&etag, &endpoint.etag)?;
        store::endpoint_delete(tx.connection(), id).await?;
        emit_deleted(&mut tx, id, update::revision("etag", &endpoint.etag)? + 1);
        tx.audit(audit("webhook_endpoint.deleted", id, rules::changes(&endpoint, &WebhookEndpoint::default())));
        Ok(Response::new(tx.commit_call(&call, proto::DeleteWebhookEndpointResponse {}).await?))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<proto::RotateWebhookSecretRequest>,
    ) -> Result<Response<proto::RotateWebhookSecretResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once::<proto::RotateWebhookSecretResponse>(&call).await? {
            // The secret is shown once; one that got lost on its way is replaced by the next rotation.
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", &request.into_inner().id)?;
        store::endpoint_lock(tx.connection(), id).await?;
        let secret = signature::generate();
        let sealed = self.webhooks.seal_secret(id, &secret)?;
        let until = self.webhooks.clock.now() + OLD_SECRET;
        let revision = store::secret_rotate(tx.connection(), id, &sealed, until).await?;
        let endpoint = store::endpoint_get(tx.connection(), id).await?;
        emit_changed(&mut tx, id, revision, endpoint.enabled, endpoint.disable_reason());
        tx.audit(audit("webhook_endpoint.secret_rotated", id, Vec::new()));
        let reply = proto::RotateWebhookSecretResponse { endpoint: Some(endpoint), secret: String::new() };
        let reply = tx.commit_call(&call, reply).await?;
        Ok(Response::new(proto::RotateWebhookSecretResponse { secret: signature::text(&secret), ..reply }))
    }

    async fn send_webhook_test(
        &self,
        request: Request<proto::SendWebhookTestRequest>,
    ) -> Result<Response<proto::WebhookDelivery>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", &request.into_inner().id)?;
        if !store::endpoint_lock(tx.connection(), id).await?.enabled {
            return Err(Error::failed_precondition(&error::WEBHOOK_DISABLED).into());
        }
        let now = self.webhooks.clock.now();
        let message = event::test_message(id, now);
        let delivery_id = deliveries::test_insert(tx.connection(), &message, now).await?;
        let reply = deliveries::delivery_get(tx.connection(), id, delivery_id).await?;
        tx.audit(audit("webhook_endpoint.tested", id, Vec::new()));
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn list_webhook_event_types(
        &self,
        request: Request<proto::ListWebhookEventTypesRequest>,
    ) -> Result<Response<proto::ListWebhookEventTypesResponse>, Status> {
        let request = request.into_inner();
        let after: Option<String> = page::decode(&["webhook_event_types"], &request.page_token)?;
        let size = page::size(request.page_size, 200);
        let types = event::types(after.as_deref().unwrap_or_default());
        let mut event_types: Vec<_> = types.take(usize::try_from(size).unwrap_or_default() + 1).collect();
        let next_page_token = page::cut(&mut event_types, size, &["webhook_event_types"], |last| last.r#type.clone())?;
        Ok(Response::new(proto::ListWebhookEventTypesResponse { event_types, next_page_token }))
    }
}

impl Identity {
    /// Writes a new endpoint; the answer, which is kept, doesn't hold the secret.
    async fn endpoint_create(
        &self,
        call: &Call,
        asked: &WebhookEndpoint,
    ) -> Result<proto::CreateWebhookEndpointResponse> {
        let id = Uuid::now_v7();
        let sealed = self.webhooks.seal_secret(id, &signature::generate())?;
        let mut tx = self.db.begin_for(&call.caller).await?;
        store::endpoint_insert(tx.connection(), id, asked, &sealed).await?;
        let endpoint = store::endpoint_get(tx.connection(), id).await?;
        emit_changed(&mut tx, id, 1, endpoint.enabled, endpoint.disable_reason());
        tx.audit(audit("webhook_endpoint.created", id, rules::changes(&WebhookEndpoint::default(), &endpoint)));
        let reply = proto::CreateWebhookEndpointResponse { endpoint: Some(endpoint), secret: String::new() };
        tx.commit_call(call, reply).await
    }

    /// The answer to a creation with its secret, as long as that is the first one.
    async fn secret_again(
        &self,
        mut reply: proto::CreateWebhookEndpointResponse,
    ) -> Result<proto::CreateWebhookEndpointResponse> {
        let id = reply.endpoint.as_ref().map(|endpoint| endpoint.id.as_str()).unwrap_or_default();
        let id = crate::id("id", id)?;
        if let Some((sealed, 1)) = store::secret_get(self.db.pool(), id).await?
            && let Some(secret) = self.webhooks.open_secret(id, &sealed)
        {
            reply.secret = signature::text(&secret);
        }
        Ok(reply)
    }
}
