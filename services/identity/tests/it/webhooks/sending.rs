//! What receivers get.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use contracts::identity as proto;
use contracts::identity::WebhookDeliveryState as State;
use contracts::identity::{WebhookDisableReason, WebhookEndpointChanged};
use serde_json::json;
use uuid::Uuid;

use super::receiver::{Received, Receiver, Reply};
use super::stage::{hooks, time};
use crate::stage::{instance_within, refused, until};

const LOCAL: &[&str] = &["127.0.0.0/8"];

/// Whether the package that receivers use takes the message, under a secret.
fn verified(message: &Received, secret: &str) -> bool {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev/npm/node_modules");
    assert!(packages.join("standardwebhooks").exists(), "bring it by: python3 deploy/local/tools.py");
    let program = r#"
        const { Webhook } = require("standardwebhooks");
        const [secret, body, headers] = process.argv.slice(1);
        try { new Webhook(secret).verify(body, JSON.parse(headers)); } catch (fault) { console.error(fault); process.exit(3); }
    "#;
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, message.header(name)));
    let headers = json!(headers.into_iter().collect::<std::collections::HashMap<_, _>>()).to_string();
    let status = Command::new("node")
        .args(["-e", program, secret, &message.body, &headers])
        .env("NODE_PATH", packages)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success() || status.code() == Some(3));
    status.success()
}

#[tokio::test]
async fn a_message_is_one_that_the_standards_own_package_takes() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, secret) = hooks.endpoint(&receiver).await;
    let group = hooks.rename("east").await;
    until("it comes", async || receiver.count() == 1).await;
    let message = receiver.received().remove(0);
    assert!(verified(&message, &secret));
    assert_eq!(message.header("content-type"), "application/json");
    let body = message.json();
    assert_eq!(body["type"], "identity.group_changed");
    assert_eq!(
        body["data"],
        json!({
            "id": group.id, "revision": "2", "parentId": group.parent_id, "deleted": false,
        })
    );
    let mut forged = message.clone();
    forged.body = forged.body.replace("false", "true");
    assert!(!verified(&forged, &secret));

    // A new secret signs beside the old one for a day, then alone.
    let request = hooks.admin.call(proto::RotateWebhookSecretRequest { id: endpoint.id.clone() });
    let rotated = hooks.stage.webhooks().rotate_webhook_secret(request).await.unwrap().into_inner();
    assert!(rotated.secret != secret && rotated.endpoint.unwrap().old_secret_expire_time.is_some());
    hooks.rename("east").await;
    until("it comes", async || receiver.count() == 2).await;
    let message = receiver.received().remove(1);
    assert!(verified(&message, &secret) && verified(&message, &rotated.secret));
    hooks.pass(TimeDelta::hours(25));
    hooks.rename("east").await;
    until("it comes", async || receiver.count() == 3).await;
    let signature = receiver.received()[2].header("webhook-signature").to_owned();
    assert_eq!(signature.split(' ').count(), 1);

    // The secrets stand nowhere in the clear.
    for table in ["webhook_endpoint", "audit_entry", "idempotency", "outbox"] {
        let sql = format!("SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(hooks.stage.db.pool()).await.unwrap();
        for secret in [&secret, &rotated.secret] {
            let plain = secret.trim_start_matches("whsec_");
            assert!(!text.contains(plain), "{table}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asks_for() {
    let (hooks, groups, all, none) =
        (hooks(LOCAL).await, Receiver::start().await, Receiver::start().await, Receiver::start().await);
    hooks.endpoint(&groups).await;
    hooks.try_create("all", &all.url(), &["identity.*"]).await.unwrap();
    hooks.try_create("none", &none.url(), &["customers.*"]).await.unwrap();
    hooks.rename("east").await;
    until("both have it", async || {
        groups.count() == 1 && all.received().iter().any(|m| m.body.contains("group_changed"))
    })
    .await;
    let types: HashSet<String> =
        all.received().iter().map(|message| message.json()["type"].as_str().unwrap().to_owned()).collect();
    assert!(types.contains("identity.group_changed") && !types.contains("customers.customer_changed"));
    assert_eq!((groups.count(), none.count()), (1, 0));
}

#[tokio::test]
async fn messages_of_a_record_keep_their_order_and_others_go_on() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    receiver.next(Reply::Status(500));
    let east = hooks.rename("east").await;
    hooks.attempted(&endpoint.id, 1).await;
    for _ in 0..3 {
        hooks.rename("east").await;
    }
    let west = hooks.rename("west").await;
    until("the other record is told of", async || receiver.received().iter().any(|m| m.record().0 == west.id)).await;
    let told = |id: &str| -> Vec<i64> {
        receiver.received().iter().map(Received::record).filter(|(found, _)| found == id).map(|(_, n)| n).collect()
    };
    assert_eq!(told(&east.id), [2], "the others wait behind the one that failed");
    receiver.next(Reply::Status(503));
    hooks.pass(TimeDelta::seconds(5));
    until("it is tried again", async || told(&east.id).len() == 2).await;
    hooks.attempted(&endpoint.id, 2).await;
    hooks.pass(TimeDelta::seconds(30));
    until("all are told", async || told(&east.id).len() == 6).await;
    assert_eq!(told(&east.id), [2, 2, 2, 3, 4, 5]);
    let ids: HashSet<String> = receiver.received().iter().take(3).map(|message| message.id().to_owned()).collect();
    assert!(ids.len() <= 2, "a message keeps its id: {ids:?}");
}

#[tokio::test]
async fn a_message_is_sent_again_after_pauses_that_grow_over_a_day() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    receiver.always(Reply::Status(500));
    hooks.rename("east").await;
    let pauses = [5, 30, 120, 600, 1800, 3600, 10_800, 21_600, 43_200];
    for (attempt, pause) in (1..).zip(pauses) {
        let delivery = hooks.attempted(&endpoint.id, attempt).await;
        assert_eq!((delivery.attempt_count, delivery.state()), (attempt, State::Pending));
        let last = delivery.attempts.last().unwrap();
        assert_eq!((last.status_code, last.answer.as_str()), (500, "thanks"));
        let waits = (time(delivery.next_attempt_time) - time(last.time)).num_milliseconds();
        assert!((pause * 1000..pause * 1000 + 2500).contains(&waits), "{attempt}: {waits}");
        hooks.pass(TimeDelta::seconds(pause));
    }
    let over = hooks.attempted(&endpoint.id, 10).await;
    assert_eq!((over.state(), receiver.count()), (State::Failed, 10));
    let ids: HashSet<String> = receiver.received().iter().map(|message| message.id().to_owned()).collect();
    assert_eq!(ids, HashSet::from([over.webhook_id.clone()]));
    let failing = hooks.get(&endpoint.id).await;
    assert!(failing.enabled && failing.failing_since.is_some(), "it is not a day yet");

    // One more failure after a day of nothing else disables it, and what waits is dropped.
    hooks.pass(TimeDelta::hours(2));
    hooks.rename("west").await;
    until("it is disabled", async || !hooks.get(&endpoint.id).await.enabled).await;
    let disabled = hooks.get(&endpoint.id).await;
    assert_eq!(disabled.disable_reason(), WebhookDisableReason::Failing);
    assert!(disabled.disable_time.is_some());
    until("it is dropped", async || hooks.deliveries(&endpoint.id).await[0].state() == State::Skipped).await;
    let trail: Vec<String> = hooks.stage.audit(&endpoint.id).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(trail, ["webhook_endpoint.created", "webhook_endpoint.disabled"]);

    // Enabled again, it starts with a clean slate.
    receiver.always(Reply::Status(204));
    let enabled = hooks.enable(&endpoint.id, true).await;
    assert_eq!((enabled.disable_reason(), enabled.failing_since), (WebhookDisableReason::Unspecified, None));
    hooks.rename("north").await;
    until("it comes", async || hooks.deliveries(&endpoint.id).await[0].state() == State::Delivered).await;
}

#[tokio::test]
async fn a_success_in_between_keeps_an_endpoint() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    receiver.next(Reply::Status(500));
    hooks.rename("east").await;
    hooks.attempted(&endpoint.id, 1).await;
    assert!(hooks.get(&endpoint.id).await.failing_since.is_some());
    hooks.rename("west").await;
    until("it recovers", async || hooks.get(&endpoint.id).await.failing_since.is_none()).await;
    receiver.next(Reply::Status(500));
    hooks.pass(TimeDelta::hours(30));
    until("both are tried", async || hooks.deliveries(&endpoint.id).await.iter().all(|d| d.attempt_count > 0)).await;
    assert!(hooks.get(&endpoint.id).await.enabled);
}

#[tokio::test]
async fn a_receiver_says_when_to_come_again_and_when_never() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    receiver.next(Reply::With(429, "retry-after", "300".into()));
    hooks.rename("east").await;
    let delivery = hooks.attempted(&endpoint.id, 1).await;
    let waits = (time(delivery.next_attempt_time) - time(delivery.attempts[0].time)).num_seconds();
    assert!((300..303).contains(&waits), "{waits}");

    receiver.next(Reply::Status(410));
    hooks.pass(TimeDelta::seconds(300));
    until("it is gone", async || !hooks.get(&endpoint.id).await.enabled).await;
    let gone = hooks.get(&endpoint.id).await;
    assert_eq!(gone.disable_reason(), WebhookDisableReason::Gone);
    let told: Vec<WebhookEndpointChanged> = stored_events(&hooks, &endpoint.id).await;
    assert!(told.is_empty() || !told.last().unwrap().enabled);
    let test = hooks.admin.call(proto::SendWebhookTestRequest { id: endpoint.id.clone() });
    assert_eq!(refused(hooks.stage.webhooks().send_webhook_test(test).await), "WEBHOOK_DISABLED");
}

/// Events that the relay has not taken yet.
async fn stored_events(hooks: &super::stage::Hooks, id: &str) -> Vec<WebhookEndpointChanged> {
    hooks.stage.events(id).await
}

#[tokio::test]
async fn what_was_sent_and_not_written_down_is_sent_again_under_its_id() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    receiver.next(Reply::Late(std::time::Duration::from_millis(500)));
    hooks.rename("east").await;
    until("it is under way", async || receiver.count() == 1).await;
    // The sender dies between sending and writing it down: its lease is lost, and runs out.
    let lost = sqlx::query(
        "UPDATE webhook_delivery SET lease_owner = $1, lease_until = now() - interval '1 second' WHERE state = 1",
    );
    assert_eq!(lost.bind(Uuid::now_v7()).execute(hooks.stage.db.pool()).await.unwrap().rows_affected(), 1);
    let delivery = hooks.attempted(&endpoint.id, 1).await;
    assert_eq!(delivery.state(), State::Delivered);
    let received = receiver.received();
    assert_eq!((received.len(), received[0].id()), (2, received[1].id()));
    assert_eq!((delivery.attempt_count, delivery.webhook_id.as_str()), (1, received[0].id()));
}

#[tokio::test]
async fn two_processes_send_each_message_once() {
    let (hooks, receiver) = (hooks(LOCAL).await, Receiver::start().await);
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    let stage = &hooks.stage;
    let second =
        instance_within(&stage.db, &stage.config, std::collections::HashMap::new(), hooks.surroundings.clone()).await;
    for _ in 0..10 {
        for group in ["east", "west", "north"] {
            hooks.rename(group).await;
        }
    }
    until("all are taken", async || {
        let deliveries = hooks.deliveries(&endpoint.id).await;
        deliveries.len() == 30 && deliveries.iter().all(|delivery| delivery.state() == State::Delivered)
    })
    .await;
    let received = receiver.received();
    assert_eq!(received.len(), 30);
    for group in ["east", "west", "north"] {
        let id = stage.group(group);
        let revisions: Vec<i64> =
            received.iter().map(Received::record).filter(|(found, _)| *found == id).map(|(_, n)| n).collect();
        assert!(revisions.is_sorted(), "{revisions:?}");
    }
    drop(second.running);
}
