//! An identity service whose events go to webhooks, with a clock that stories set forward.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity as proto;
use contracts::identity::{Group, WebhookDelivery, WebhookEndpoint};
use identity::webhook::{Clock, Names, Outside};
use platform::config::NatsConfig;
use tonic::Status;
use uuid::Uuid;

use super::receiver::Receiver;
use crate::stage::{ADMIN, SALES, Session, Stage, Surroundings, mask, stage_within, until};

pub struct Hooks {
    pub stage: Stage,
    pub clock: Clock,
    pub names: Book,
    pub admin: Session,
    pub surroundings: Surroundings,
}

/// Names as a story has them resolved: the answers one after the other, the last one for ever.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>);

impl Book {
    pub fn write(&self, host: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|found| found.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.0.lock().unwrap().insert(host.to_owned(), answers);
    }
}

#[tonic::async_trait]
impl Names for Book {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut book = self.0.lock().unwrap();
        let answers = book.get_mut(host).ok_or_else(|| std::io::Error::other("no such name"))?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

/// Messages may go to these networks.
pub async fn hooks(networks: &[&str]) -> Hooks {
    hooks_with(networks, 10).await
}

/// The same with receivers that have so many seconds for an answer.
pub async fn hooks_with(networks: &[&str], timeout_seconds: u32) -> Hooks {
    hooks_within(networks, |config| config.webhooks.timeout_seconds = timeout_seconds).await
}

/// The same with a configuration of one's own.
pub async fn hooks_within(networks: &[&str], adjust: impl FnOnce(&mut identity::Config)) -> Hooks {
    let (clock, names) = (Clock::default(), Book::default());
    let surroundings = Surroundings {
        outside: Outside { clock: clock.clone(), names: Arc::new(names.clone()) },
        stream: Some(format!("hooks_{}", Uuid::now_v7().simple())),
    };
    let networks: Vec<_> = networks.iter().map(|network| network.parse().unwrap()).collect();
    let adjust = |config: &mut identity::Config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_private_networks = networks;
        adjust(config);
    };
    let people: [(&str, &str, &[&str]); 2] = [("admin", "", &[ADMIN]), ("lilei", "east", &[SALES])];
    let stage = stage_within(&["east", "west", "north"], &people, adjust, surroundings.clone()).await;
    let admin = stage.sign_in("admin").await;
    taken_in(&stage, &surroundings).await;
    Hooks { stage, clock, names, admin, surroundings }
}

/// Waits until what happened while the stage was set has gone by, so that no endpoint is told of it.
async fn taken_in(stage: &Stage, surroundings: &Surroundings) {
    let waiting =
        async || -> i64 { sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(stage.db.pool()).await.unwrap() };
    until("all is on the stream", async || waiting().await == 0).await;
    let url = std::env::var("CHANGKE_TEST_NATS_URL").unwrap();
    let prefix = surroundings.stream.clone().unwrap();
    let events = platform::events::connect(&NatsConfig { url, prefix, ..Default::default() }).await.unwrap();
    let last = events.stream().await.unwrap().cached_info().state.last_sequence;
    until("all is taken in", async || {
        let position: Option<i64> =
            sqlx::query_scalar("SELECT stream_sequence FROM inbox_position WHERE consumer = 'webhooks'")
                .fetch_optional(stage.db.pool())
                .await
                .unwrap();
        position.is_some_and(|position| position.cast_unsigned() >= last)
    })
    .await;
}

impl Hooks {
    pub async fn try_create(
        &self,
        name: &str,
        url: &str,
        event_types: &[&str],
    ) -> Result<(WebhookEndpoint, String), Status> {
        let endpoint = WebhookEndpoint {
            name: name.into(),
            url: url.into(),
            event_types: event_types.iter().map(|pattern| (*pattern).to_owned()).collect(),
            enabled: true,
            ..Default::default()
        };
        let request = proto::CreateWebhookEndpointRequest { endpoint: Some(endpoint) };
        let reply = self.stage.webhooks().create_webhook_endpoint(self.admin.call(request)).await?.into_inner();
        Ok((reply.endpoint.unwrap(), reply.secret))
    }

    /// An endpoint that asks for changes of groups, and its secret.
    pub async fn endpoint(&self, receiver: &Receiver) -> (WebhookEndpoint, String) {
        self.try_create("erp", &receiver.url(), &["identity.group_changed"]).await.unwrap()
    }

    pub async fn get(&self, id: &str) -> WebhookEndpoint {
        let request = self.admin.call(proto::GetWebhookEndpointRequest { id: id.into() });
        self.stage.webhooks().get_webhook_endpoint(request).await.unwrap().into_inner()
    }

    pub async fn enable(&self, id: &str, enabled: bool) -> WebhookEndpoint {
        let endpoint = WebhookEndpoint { enabled, ..self.get(id).await };
        let request = proto::UpdateWebhookEndpointRequest { endpoint: Some(endpoint), update_mask: mask(&["enabled"]) };
        self.stage.webhooks().update_webhook_endpoint(self.admin.call(request)).await.unwrap().into_inner()
    }

    /// Something happens to a group.
    pub async fn rename(&self, group: &str) -> Group {
        let id = self.stage.group(group);
        let request = self.admin.call(proto::GetGroupRequest { id });
        let before = self.stage.groups().get_group(request).await.unwrap().into_inner();
        let name = format!("{group} {}", Uuid::now_v7().simple());
        let request = proto::UpdateGroupRequest { group: Some(Group { name, ..before }), update_mask: mask(&["name"]) };
        self.stage.groups().update_group(self.admin.call(request)).await.unwrap().into_inner()
    }

    /// Latest first.
    pub async fn deliveries(&self, endpoint_id: &str) -> Vec<WebhookDelivery> {
        self.listed(proto::ListWebhookDeliveriesRequest { endpoint_id: endpoint_id.into(), ..Default::default() }).await
    }

    pub async fn listed(&self, mut request: proto::ListWebhookDeliveriesRequest) -> Vec<WebhookDelivery> {
        let mut found = Vec::new();
        loop {
            let reply = self.stage.deliveries().list_webhook_deliveries(self.admin.call(request.clone())).await;
            let reply = reply.unwrap().into_inner();
            found.extend(reply.deliveries);
            request.page_token = reply.next_page_token;
            if request.page_token.is_empty() {
                return found;
            }
        }
    }

    pub async fn delivery(&self, endpoint_id: &str, id: &str) -> WebhookDelivery {
        let request = proto::GetWebhookDeliveryRequest { endpoint_id: endpoint_id.into(), id: id.into() };
        self.stage.deliveries().get_webhook_delivery(self.admin.call(request)).await.unwrap().into_inner()
    }

    /// Waits until the only delivery of an endpoint has seen so many attempts.
    pub async fn attempted(&self, endpoint_id: &str, attempts: i32) -> WebhookDelivery {
        until("the attempt is written down", async || {
            let deliveries = self.deliveries(endpoint_id).await;
            deliveries.last().is_some_and(|delivery| delivery.attempt_count >= attempts)
        })
        .await;
        let id = self.deliveries(endpoint_id).await.pop().unwrap().id;
        self.delivery(endpoint_id, &id).await
    }

    pub fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }
}

pub fn time(time: Option<prost_types::Timestamp>) -> DateTime<Utc> {
    let time = time.unwrap();
    DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs()).unwrap()
}
