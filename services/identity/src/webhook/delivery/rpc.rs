//! The log of deliveries, and sending again.

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::webhook_delivery_service_server::WebhookDeliveryService;
use contracts::identity::{WebhookDelivery, WebhookReplay};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result, reason};
use platform::jobs::{self, JobHandler, NewJob};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;
use crate::webhook::endpoint::rules::change;
use crate::webhook::endpoint::store::{endpoint_get, endpoint_lock};
use crate::webhook::replay::{self, Payload, Replay};
use crate::{Identity, error};

fn time(field: &str, time: Option<prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>> {
    let Some(time) = time else { return Ok(None) };
    let time = u32::try_from(time.nanos).ok().and_then(|nanos| DateTime::from_timestamp(time.seconds, nanos));
    // What Postgres can hold.
    let fits = time.filter(|time| (0..=4_102_444_800).contains(&time.timestamp()));
    fits.map(Some).ok_or_else(|| Error::invalid(field, &reason::VALUE_INVALID))
}

fn audit(action: &'static str, endpoint_id: Uuid, record_id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "webhook_delivery", record_id, subject_id: endpoint_id, changes }
}

#[tonic::async_trait]
impl WebhookDeliveryService for Identity {
    async fn list_webhook_deliveries(
        &self,
        request: Request<proto::ListWebhookDeliveriesRequest>,
    ) -> Result<Response<proto::ListWebhookDeliveriesResponse>, Status> {
        let request = request.into_inner();
        let endpoint_id = crate::id("endpoint_id", &request.endpoint_id)?;
        let (start, end) = (time("start_time", request.start_time)?, time("end_time", request.end_time)?);
        let page_of =
            ["webhook_deliveries", &request.endpoint_id, request.state().as_str_name(), &format!("{start:?} {end:?}")];
        let after: Option<Uuid> = page::decode(&page_of, &request.page_token)?;
        endpoint_get(self.db.pool(), endpoint_id).await?;
        let size = page::size(request.page_size, 50);
        let selection = store::Selection { endpoint_id, state: request.state(), start, end, after, limit: size + 1 };
        let mut deliveries = store::delivery_list(self.db.pool(), &selection).await?;
        let next_page_token = page::cut(&mut deliveries, size, &page_of, |last| last.id.clone())?;
        Ok(Response::new(proto::ListWebhookDeliveriesResponse { deliveries, next_page_token }))
    }

    async fn get_webhook_delivery(
        &self,
        request: Request<proto::GetWebhookDeliveryRequest>,
    ) -> Result<Response<WebhookDelivery>, Status> {
        let request = request.into_inner();
        let (endpoint_id, id) = (crate::id("endpoint_id", &request.endpoint_id)?, crate::id("id", &request.id)?);
        Ok(Response::new(store::delivery_get(self.db.pool(), endpoint_id, id).await?))
    }

    async fn redeliver_webhook_delivery(
        &self,
        request: Request<proto::RedeliverWebhookDeliveryRequest>,
    ) -> Result<Response<WebhookDelivery>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let (endpoint_id, id) = (crate::id("endpoint_id", &request.endpoint_id)?, crate::id("id", &request.id)?);
        let endpoint = endpoint_lock(tx.connection(), endpoint_id).await?;
        store::delivery_get(tx.connection(), endpoint_id, id).await?;
        if !endpoint.enabled {
            return Err(Error::failed_precondition(&error::WEBHOOK_DISABLED).into());
        }
        if !store::redeliver(tx.connection(), id, self.webhooks.clock.now()).await? {
            return Err(Error::failed_precondition(&error::WEBHOOK_DELIVERY_PENDING).into());
        }
        let reply = store::delivery_get(tx.connection(), endpoint_id, id).await?;
        tx.audit(audit("webhook_delivery.redelivered", endpoint_id, id, Vec::new()));
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn replay_webhook_deliveries(
        &self,
        request: Request<proto::ReplayWebhookDeliveriesRequest>,
    ) -> Result<Response<WebhookReplay>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let endpoint_id = crate::id("endpoint_id", &request.endpoint_id)?;
        let required = || Error::invalid("start_time", &reason::VALUE_REQUIRED);
        let start = time("start_time", request.start_time)?.ok_or_else(required)?;
        let end = time("end_time", request.end_time)?.unwrap_or_else(|| self.webhooks.clock.now());
        if end <= start {
            return Err(Error::invalid("end_time", &error::TIME_BEFORE_START).into());
        }
        if !endpoint_lock(tx.connection(), endpoint_id).await?.enabled {
            return Err(Error::failed_precondition(&error::WEBHOOK_DISABLED).into());
        }
        let payload = Payload { endpoint_id, start, end, undelivered_only: request.undelivered_only };
        let job = NewJob::new::<Replay>(&payload)?.unique(format!("{}/{endpoint_id}", Replay::KIND));
        let id = tx.enqueue(job).await?.id();
        let changes = vec![change("start_time", "", &start.to_rfc3339()), change("end_time", "", &end.to_rfc3339())];
        tx.audit(audit("webhook_delivery.replayed", endpoint_id, id, changes));
        let job = jobs::status(tx.connection(), id).await?.ok_or_else(Error::not_found)?;
        Ok(Response::new(tx.commit_call(&call, replay::shown(&job)).await?))
    }

    async fn get_webhook_replay(
        &self,
        request: Request<proto::GetWebhookReplayRequest>,
    ) -> Result<Response<WebhookReplay>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let job = jobs::status(&mut connection, id).await?.filter(|job| job.kind == Replay::KIND);
        Ok(Response::new(replay::shown(&job.ok_or_else(Error::not_found)?)))
    }
}
