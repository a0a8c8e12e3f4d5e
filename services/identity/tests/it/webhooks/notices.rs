//! Who hears by e-mail that a webhook was disabled by itself.

use chrono::TimeDelta;

use super::receiver::{Receiver, Reply};
use super::stage::hooks_within;
use crate::mailbox::Mailbox;
use crate::stage::until;

#[tokio::test]
async fn those_who_administer_webhooks_are_told_once() {
    let mut mailbox = Mailbox::refusing(1).await;
    let hooks = hooks_within(&["127.0.0.0/8"], |config| {
        config.mail.smtp_url.clone_from(&mailbox.url);
        config.mail.from = "Changke <crm@example.com>".into();
    })
    .await;
    let (receiver, pool) = (Receiver::start().await, hooks.stage.db.pool());
    sqlx::query("UPDATE employee SET email = login_name || '@example.com'").execute(pool).await.unwrap();
    let (endpoint, _) = hooks.endpoint(&receiver).await;
    // By hand is no news.
    hooks.enable(&endpoint.id, false).await;
    hooks.enable(&endpoint.id, true).await;
    receiver.always(Reply::Status(500));
    hooks.rename("east").await;
    hooks.attempted(&endpoint.id, 1).await;
    hooks.pass(TimeDelta::hours(25));
    hooks.rename("west").await;
    until("it is disabled", async || !hooks.get(&endpoint.id).await.enabled).await;

    // The server puts the first try off, and the salesperson hears nothing.
    let administrators = serde_json::json!(["admin@example.com"]);
    assert_eq!(mailbox.next().await["refused"], administrators);
    let message = mailbox.next().await;
    assert_eq!(message["to"], administrators, "{message}");
    let text = message["parts"]["text/plain"].as_str().unwrap();
    assert!(text.contains("erp") && text.contains(&format!("/webhooks/{}", endpoint.id)), "{text}");
    until("the letters are out", async || {
        let sql = "SELECT count(*) FROM job WHERE kind = 'identity.webhook_notice' AND state IN ('pending', 'leased')";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap() == 0
    })
    .await;
    assert!(mailbox.is_empty());
}
