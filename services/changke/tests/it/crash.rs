//! What is killed in the middle of an import goes on behind the last row that it acknowledged.

use std::time::Duration;

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Arrangement, Session, TestApp};
use serde_json::{Value, json};

use crate::process::Process;

const ROWS: i64 = 20_000;

fn sheet() -> String {
    let lines = (0..ROWS).map(|row| format!("K-{row:06},客户{row},139{row:08}\n"));
    format!("编号,名称,电话\n{}", lines.collect::<String>())
}

fn count(import: &Value, name: &str) -> i64 {
    import["progress"][name].as_str().and_then(|count| count.parse().ok()).unwrap_or_default()
}

async fn counted_customers(session: &Session) -> Result<i64> {
    let composition = session.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await?.ok()?;
    composition["totalCount"].as_str().context("no count")?.parse().context("no number")
}

#[tokio::test]
async fn an_import_survives_being_killed_again_and_again() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    // From here on nothing but the processes that get killed works on this database.
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let mut process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let admin = app.administrator().await?;
    let import = admin.upload("many.csv", sheet().into_bytes()).await?.ok()?;
    let path = format!("/v1/imports/{}", import["id"].as_str().context("no id")?);
    let run = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_SKIP"});
    admin.post(&format!("{path}:run"), run).await?.ok()?;

    let mut database = app.database().await?;
    let (mut kills, mut acknowledged) = (0, 0);
    loop {
        let admin = app.administrator().await?;
        app.until("it goes on", async || {
            let import = admin.get(&path).await.and_then(Answer::ok);
            import.is_ok_and(|import| count(&import, "created") > acknowledged || count(&import, "created") == ROWS)
        })
        .await?;
        // Anywhere within a pair of batches.
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..400))).await;
        let now = admin.get(&path).await?.ok()?;
        assert!(count(&now, "created") >= acknowledged, "acknowledged rows are gone: {now}");
        if now["state"] != "IMPORT_STATE_RUNNING" {
            break;
        }
        acknowledged = count(&now, "created");
        process.kill().await?;
        kills += 1;
        // Nobody waits for a dead process's lease to run out.
        sqlx::query("UPDATE customers.job SET lease_until = now() WHERE state = 'leased'")
            .execute(&mut database)
            .await?;
        process = Process::serve(&app.config).await?;
        app.base_url.clone_from(&process.base_url);
    }
    assert!(kills >= 2, "killed {kills} times");

    let admin = app.administrator().await?;
    let done = admin.get(&path).await?.ok()?;
    assert_eq!((&done["state"], count(&done, "created")), (&json!("IMPORT_STATE_COMPLETED"), ROWS), "{done}");
    let counts: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customers.customer), (SELECT count(DISTINCT number) FROM customers.customer),
                (SELECT count(*) FROM customers.search_document),
                (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.imported')",
    )
    .fetch_one(&mut database)
    .await?;
    assert_eq!(counts, (ROWS, ROWS, ROWS, ROWS));
    // Reporting hears of each customer once.
    let mut counted = -1;
    while counted < ROWS {
        let before = counted;
        app.until("more are counted", async || counted_customers(&admin).await.is_ok_and(|count| count > before))
            .await?;
        counted = counted_customers(&admin).await?;
    }
    assert_eq!(counted, ROWS);
    assert!(process.terminate().await?.success());
    app.stop().await
}
