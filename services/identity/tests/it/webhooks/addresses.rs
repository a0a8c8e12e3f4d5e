//! Where no message goes, and receivers that would hold us up.

use std::time::Duration;

use chrono::TimeDelta;
use contracts::identity::WebhookDeliveryState as State;

use super::receiver::{Receiver, Reply};
use super::stage::{Hooks, hooks, hooks_with};
use crate::stage::{refused, until};

/// What the last attempt of the only delivery of an endpoint came to.
async fn attempt(hooks: &Hooks, endpoint_id: &str, attempts: i32) -> (i32, String) {
    let delivery = hooks.attempted(endpoint_id, attempts).await;
    let last = delivery.attempts.last().unwrap();
    (last.status_code, last.failure.clone())
}

#[tokio::test]
async fn no_endpoint_is_made_for_an_inner_address() {
    let hooks = hooks(&[]).await;
    for url in [
        "http://127.0.0.1:9/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://0x7f.1/",
        "http://localhost/",
    ] {
        let made = hooks.try_create("x", url, &["*"]).await;
        assert_eq!(refused(made), "endpoint.url: WEBHOOK_ADDRESS_REFUSED", "{url}");
    }
    assert_eq!(
        refused(hooks.try_create("x", "https://a.example", &["sales.*"]).await),
        "endpoint.event_types[0]: WEBHOOK_EVENT_TYPE_UNKNOWN"
    );
    let made = hooks.try_create("x", "https://user:key@a.example", &["*"]).await;
    assert_eq!(refused(made), "endpoint.url: WEBHOOK_URL_INVALID");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_used() {
    let hooks = hooks(&[]).await;
    let inner = Receiver::start().await;
    hooks.names.write("hook.example", &[&["127.0.0.1"]]);
    let url = format!("http://hook.example:{}/", inner.address.port());
    let (endpoint, _) = hooks.try_create("erp", &url, &["identity.group_changed"]).await.unwrap();
    hooks.rename("east").await;
    assert_eq!(attempt(&hooks, &endpoint.id, 1).await, (0, "ADDRESS_REFUSED".into()));
    hooks.names.write("hook.example", &[&["::ffff:127.0.0.1", "64:ff9b::7f00:1", "10.0.0.1"]]);
    hooks.pass(TimeDelta::seconds(5));
    assert_eq!(attempt(&hooks, &endpoint.id, 2).await, (0, "ADDRESS_REFUSED".into()));
    hooks.names.write("hook.example", &[&[]]);
    hooks.pass(TimeDelta::seconds(30));
    assert_eq!(attempt(&hooks, &endpoint.id, 3).await, (0, "NAME_UNKNOWN".into()));
    assert_eq!(inner.count(), 0);
}

#[tokio::test]
async fn a_name_that_answers_otherwise_the_second_time_gains_nothing() {
    // The public side of this machine and the inner one, on the same port.
    let hooks = hooks(&["127.0.0.2/32"]).await;
    let public = Receiver::start_on("127.0.0.2:0").await;
    let inner = Receiver::start_on(&format!("127.0.0.1:{}", public.address.port())).await;
    hooks.names.write("hook.example", &[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.1", "127.0.0.2"]]);
    let url = format!("http://hook.example:{}/", public.address.port());
    let (endpoint, _) = hooks.try_create("erp", &url, &["identity.group_changed"]).await.unwrap();
    public.next(Reply::Status(500));
    hooks.rename("east").await;
    assert_eq!(attempt(&hooks, &endpoint.id, 1).await.0, 500);
    hooks.pass(TimeDelta::seconds(5));
    assert_eq!(attempt(&hooks, &endpoint.id, 2).await, (0, "ADDRESS_REFUSED".into()));
    hooks.pass(TimeDelta::seconds(30));
    assert_eq!(attempt(&hooks, &endpoint.id, 3).await.0, 204);
    assert_eq!((public.count(), inner.count()), (2, 0));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let hooks = hooks(&["127.0.0.2/32"]).await;
    let (public, inner) = (Receiver::start_on("127.0.0.2:0").await, Receiver::start().await);
    public.next(Reply::With(307, "location", inner.url()));
    public.next(Reply::With(302, "location", "http://169.254.169.254/latest/meta-data".into()));
    let (endpoint, _) = hooks.endpoint(&public).await;
    hooks.rename("east").await;
    assert_eq!(attempt(&hooks, &endpoint.id, 1).await.0, 307);
    hooks.pass(TimeDelta::seconds(5));
    assert_eq!(attempt(&hooks, &endpoint.id, 2).await.0, 302);
    assert_eq!(inner.count(), 0);
}

#[tokio::test]
async fn slow_and_endless_receivers_hold_nobody_up() {
    let hooks = hooks_with(&["127.0.0.0/8"], 1).await;
    let (slow, endless, quick) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    slow.always(Reply::Late(Duration::from_secs(60)));
    endless.always(Reply::Endless);
    let kind = ["identity.group_changed"];
    let (late, _) = hooks.try_create("slow", &slow.url(), &kind).await.unwrap();
    let (long, _) = hooks.try_create("endless", &endless.url(), &kind).await.unwrap();
    hooks.try_create("quick", &quick.url(), &kind).await.unwrap();
    for group in ["east", "west", "north"] {
        hooks.rename(group).await;
    }
    until("the quick one has all", async || quick.count() == 3).await;
    assert_eq!(attempt(&hooks, &late.id, 1).await, (0, "TIMED_OUT".into()));
    let delivery = hooks.attempted(&long.id, 1).await;
    assert_eq!((delivery.state(), delivery.attempts[0].answer.len()), (State::Delivered, 1024));
}

#[tokio::test]
async fn nobody_listens_and_no_certificate_convinces() {
    let hooks = hooks(&["127.0.0.0/8"]).await;
    let receiver = Receiver::start().await;
    // Speaks no TLS.
    let url = receiver.url().replace("http:", "https:");
    let (endpoint, _) = hooks.try_create("tls", &url, &["identity.group_changed"]).await.unwrap();
    let (deaf, _) = hooks.try_create("deaf", "http://127.0.0.1:1/", &["identity.group_changed"]).await.unwrap();
    hooks.rename("east").await;
    assert_eq!(attempt(&hooks, &endpoint.id, 1).await, (0, "TLS_FAILED".into()));
    assert_eq!(attempt(&hooks, &deaf.id, 1).await, (0, "CONNECTION_FAILED".into()));
}
