//! A bulk change that is killed in the middle, there and on the way back, changes each customer once.

use anyhow::{Context as _, Result};
use changke::testkit::{Arrangement, TestApp};
use serde_json::{Value, json};

use crate::process::{Process, outlived};

const CUSTOMERS: i64 = 4_000;

fn count(bulk: &Value, field: &str) -> i64 {
    bulk[field].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_bulk_change_survives_being_killed_again_and_again() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let mut database = app.database().await?;
    sqlx::query(
        "INSERT INTO customers.customer (id, kind, number, name, level)
         SELECT gen_random_uuid(), 1, 'K-' || n, '客户' || n, 'ordinary' FROM generate_series(1, $1) AS n",
    )
    .bind(CUSTOMERS as i32)
    .execute(&mut database)
    .await?;
    let admin = app.administrator().await?;
    let change = json!({"customer": {"level": "vip"}, "updateMask": "level", "everything": true});
    let begun = admin.post("/v1/bulkChanges", change).await?.ok()?;
    let path = format!("/v1/bulkChanges/{}", begun["id"].as_str().context("no id")?);

    let changed = |now: &Value| count(now, "changedCount");
    let process = outlived(&mut app, process, &path, "BULK_CHANGE_STATE_RUNNING", changed).await?;
    let admin = app.administrator().await?;
    let done = admin.get(&path).await?.ok()?;
    assert_eq!((&done["state"], changed(&done)), (&json!("BULK_CHANGE_STATE_COMPLETED"), CUSTOMERS), "{done}");
    let counts = "SELECT (SELECT count(*) FROM customers.customer WHERE level = 'vip' AND revision = 2),
                         (SELECT count(*) FROM customers.bulk_change_item),
                         (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.updated')";
    let found: (i64, i64, i64) = sqlx::query_as(counts).fetch_one(&mut database).await?;
    assert_eq!(found, (CUSTOMERS, CUSTOMERS, CUSTOMERS), "each once");

    admin.post(&format!("{path}:undo"), json!({})).await?.ok()?;
    let restored = |now: &Value| count(now, "restoredCount");
    let process = outlived(&mut app, process, &path, "BULK_CHANGE_STATE_UNDOING", restored).await?;
    let admin = app.administrator().await?;
    let undone = admin.get(&path).await?.ok()?;
    assert_eq!((&undone["state"], restored(&undone)), (&json!("BULK_CHANGE_STATE_UNDONE"), CUSTOMERS), "{undone}");
    let back: i64 =
        sqlx::query_scalar("SELECT count(*) FROM customers.customer WHERE level = 'ordinary' AND revision = 3")
            .fetch_one(&mut database)
            .await?;
    assert_eq!(back, CUSTOMERS);
    assert!(process.terminate().await?.success());
    app.stop().await
}
