//! The log of deliveries, sending again, and who may.

use chrono::{TimeDelta, Utc};
use contracts::identity as proto;
use contracts::identity::{WebhookDeliveryState as State, WebhookEndpoint, WebhookReplay, WebhookReplayState};
use platform::db::timestamp;

use super::receiver::{Receiver, Reply};
use super::stage::{Hooks, hooks};
use crate::stage::{mask, refused, until};

const LOCAL: &[&str] = &["127.0.0.0/8"];

async fn replay(hooks: &Hooks, endpoint_id: &str, undelivered_only: bool) -> WebhookReplay {
    let request = proto::ReplayWebhookDeliveriesRequest {
        endpoint_id: endpoint_id.into(),
        start_time: Some(timestamp(Utc::now() - TimeDelta::hours(1))),
        end_time: None,
        undelivered_only,
    };
    let call = hooks.admin.call(request);
    let id = hooks.stage.deliveries().replay_webhook_deliveries(call).await.unwrap().into_inner().id;
    let get = async || {
        let request = hooks.admin.call(proto::GetWebhookReplayRequest { id: id.clone() });
        hooks.stage.deliveries().get_webhook_replay(request).await.unwrap().into_inner()
    };
    until("the replay is over", async || get().await.state() != WebhookReplayState::Running).await;
    get().await
}

#[tokio::test]
async fn a_stretch_of_time_is_sent_again_and_what_was_missed_comes_with_it() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    hooks.rename("east").await;
    until("it is taken", async || {
        hooks.deliveries(&endpoint.id).await.first().is_some_and(|delivery| delivery.state() == State::Delivered)
    })
    .await;
    hooks.enable(&endpoint.id, false).await;
    hooks.rename("east").await;
    hooks.rename("west").await;
    let kept = async || -> i64 {
        let sql = "SELECT count(*) FROM webhook_event WHERE type = 'identity.group_changed'";
        sqlx::query_scalar(sql).fetch_one(hooks.stage.db.pool()).await.unwrap()
    };
    until("they are kept", async || kept().await == 3).await;
    assert_eq!((hooks.deliveries(&endpoint.id).await.len(), receiver.count()), (1, 1));
    hooks.enable(&endpoint.id, true).await;

    let missed = replay(&hooks, &endpoint.id, true).await;
    assert_eq!((missed.state(), missed.queued_count, missed.total_count), (WebhookReplayState::Completed, 2, 2));
    until("what was missed comes", async || {
        // What is on its way is not sent twice.
        let delivered = |delivery: &proto::WebhookDelivery| delivery.state() == State::Delivered;
        receiver.count() == 3 && hooks.deliveries(&endpoint.id).await.iter().all(delivered)
    })
    .await;
    let all = replay(&hooks, &endpoint.id, false).await;
    assert_eq!(all.queued_count, 3);
    until("all comes again", async || receiver.count() == 6).await;
    let received = receiver.received();
    let east: Vec<i64> = received[3..]
        .iter()
        .map(super::receiver::Received::record)
        .filter(|(id, _)| *id == hooks.stage.group("east"))
        .map(|r| r.1)
        .collect();
    assert_eq!(east, [2, 3], "in the order of the events");
    let again: Vec<&str> = received[3..].iter().map(super::receiver::Received::id).collect();
    assert!(received[..3].iter().all(|message| again.contains(&message.id())), "under their ids");
}

#[tokio::test]
async fn a_delivery_is_looked_up_and_sent_once_more() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    let test = proto::SendWebhookTestRequest { id: endpoint.id.clone() };
    receiver.next(Reply::Status(500));
    let sent = hooks.stage.webhooks().send_webhook_test(hooks.admin.call(test)).await.unwrap().into_inner();
    assert_eq!((sent.event_type.as_str(), sent.state()), ("webhooks.test", State::Pending));
    let failed = hooks.attempted(&endpoint.id, 1).await;
    assert_eq!((failed.state(), failed.attempts.len()), (State::Failed, 1), "a test is tried once");
    assert!(hooks.get(&endpoint.id).await.failing_since.is_none(), "and counts for nothing");

    let again = || {
        let (endpoint_id, id) = (endpoint.id.clone(), sent.id.clone());
        hooks.admin.call(proto::RedeliverWebhookDeliveryRequest { endpoint_id, id })
    };
    receiver.next(Reply::Late(std::time::Duration::from_millis(600)));
    hooks.stage.deliveries().redeliver_webhook_delivery(again()).await.unwrap();
    assert_eq!(refused(hooks.stage.deliveries().redeliver_webhook_delivery(again()).await), "WEBHOOK_DELIVERY_PENDING");
    let taken = hooks.attempted(&endpoint.id, 2).await;
    assert_eq!((taken.state(), taken.attempts.len()), (State::Delivered, 2));
    assert_eq!(receiver.received()[0].id(), receiver.received()[1].id());

    for group in ["east", "west", "north"] {
        hooks.rename(group).await;
    }
    until("they come", async || hooks.deliveries(&endpoint.id).await.len() == 4).await;
    until("they are taken", async || {
        hooks.deliveries(&endpoint.id).await.iter().all(|delivery| delivery.state() == State::Delivered)
    })
    .await;
    let all = hooks.deliveries(&endpoint.id).await;
    let request =
        proto::ListWebhookDeliveriesRequest { endpoint_id: endpoint.id.clone(), page_size: 1, ..Default::default() };
    assert_eq!(hooks.listed(request.clone()).await, all);
    let state = State::Failed.into();
    assert!(hooks.listed(proto::ListWebhookDeliveriesRequest { state, ..request.clone() }).await.is_empty());
    let start_time = Some(timestamp(Utc::now() + TimeDelta::hours(1)));
    assert!(hooks.listed(proto::ListWebhookDeliveriesRequest { start_time, ..request }).await.is_empty());
}

#[tokio::test]
async fn endpoints_are_kept_by_those_who_may_and_show_their_secret_once() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let lilei = hooks.stage.sign_in("lilei").await;
    let list = || proto::ListWebhookEndpointsRequest::default();
    let denied = hooks.stage.webhooks().list_webhook_endpoints(lilei.call(list())).await;
    assert_eq!(refused(denied), "PERMISSION_DENIED");

    let endpoint = WebhookEndpoint {
        name: "erp".into(),
        url: receiver.url(),
        event_types: vec!["*".into()],
        ..Default::default()
    };
    let create = || proto::CreateWebhookEndpointRequest { endpoint: Some(endpoint.clone()) };
    let mut webhooks = hooks.stage.webhooks();
    let first = webhooks.create_webhook_endpoint(hooks.admin.call_once("k", create())).await.unwrap().into_inner();
    let again = webhooks.create_webhook_endpoint(hooks.admin.call_once("k", create())).await.unwrap().into_inner();
    assert_eq!(first, again, "a repeated call is answered alike");
    assert!(first.secret.starts_with("whsec_") && first.secret.len() == 50);
    let taken = webhooks.create_webhook_endpoint(hooks.admin.call(create())).await;
    assert_eq!(refused(taken), "endpoint.name: WEBHOOK_NAME_TAKEN");

    let stored = first.endpoint.unwrap();
    let update = |endpoint: WebhookEndpoint, paths: &[&str]| proto::UpdateWebhookEndpointRequest {
        endpoint: Some(endpoint),
        update_mask: mask(paths),
    };
    let renamed = WebhookEndpoint { name: "mes".into(), url: "x".into(), ..stored.clone() };
    let call = hooks.admin.call(update(renamed.clone(), &["name"]));
    let after = webhooks.update_webhook_endpoint(call).await.unwrap().into_inner();
    assert_eq!((after.name.as_str(), &after.url), ("mes", &stored.url));
    let stale = webhooks.update_webhook_endpoint(hooks.admin.call(update(renamed, &["name"]))).await;
    assert_eq!(refused(stale), "STALE_ETAG");
    for path in ["id", "disable_reason", "secret", "failing_since"] {
        let call = hooks.admin.call(update(after.clone(), &[path]));
        assert_eq!(refused(webhooks.update_webhook_endpoint(call).await), "update_mask: MASK_PATH_UNKNOWN");
    }
    for number in 1..50 {
        hooks.try_create(&format!("e{number}"), &receiver.url(), &["customers.*"]).await.unwrap();
    }
    assert_eq!(refused(hooks.try_create("one more", &receiver.url(), &["*"]).await), "WEBHOOK_TOO_MANY");
    let delete = proto::DeleteWebhookEndpointRequest { id: stored.id.clone(), etag: String::new() };
    webhooks.delete_webhook_endpoint(hooks.admin.call(delete)).await.unwrap();
    let gone = proto::GetWebhookEndpointRequest { id: stored.id.clone() };
    assert_eq!(refused(webhooks.get_webhook_endpoint(hooks.admin.call(gone)).await), "NOT_FOUND");

    let types = proto::ListWebhookEventTypesRequest { page_size: 2, ..Default::default() };
    let page = webhooks.list_webhook_event_types(hooks.admin.call(types)).await.unwrap().into_inner();
    assert_eq!(page.event_types.len(), 2);
    assert!(!page.next_page_token.is_empty());
}
