//! A search for duplicates and a merge that are killed in the middle.

use std::time::Duration;

use anyhow::{Context as _, Result};
use changke::testkit::{Arrangement, TestApp};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::process::Process;

/// A quarter of them are pairs by their phones.
const CUSTOMERS: i64 = 40_000;

async fn begun() -> Result<(TestApp, Process)> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    Ok((app, process))
}

async fn again(app: &mut TestApp, process: Process) -> Result<Process> {
    process.kill().await?;
    // Nobody waits for a dead process's lease to run out.
    sqlx::query("UPDATE customers.job SET lease_until = now() WHERE state = 'leased'")
        .execute(&mut app.database().await?)
        .await?;
    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    Ok(process)
}

#[tokio::test]
async fn a_search_for_duplicates_survives_being_killed_again_and_again() -> Result<()> {
    let (mut app, mut process) = begun().await?;
    sqlx::query(
        "INSERT INTO customers.customer (id, kind, number, name, phone_digits)
         SELECT gen_random_uuid(), 1, 'D-' || n, '客户' || n, CASE WHEN n % 4 < 2 THEN (13800000000 + n / 4)::text ELSE '' END
         FROM generate_series(0, $1 - 1) AS n",
    )
    .bind(CUSTOMERS)
    .execute(&mut app.database().await?)
    .await?;
    let admin = app.administrator().await?;
    let search = admin.post("/v1/duplicateSearches", json!({})).await?.ok()?;
    let path = format!("/v1/duplicateSearches/{}", search["id"].as_str().context("no id")?);
    let far = |search: &Value| {
        let read = search["readCount"].as_str().and_then(|count| count.parse::<i64>().ok()).unwrap_or_default();
        (read, search["step"].as_i64().unwrap_or_default())
    };
    let (mut kills, mut known) = (0, (0, 0));
    let done = loop {
        let admin = app.administrator().await?;
        let looked = async || admin.get(&path).await?.ok();
        app.until("it goes on", async || {
            looked().await.is_ok_and(|now| far(&now) > known || now["state"] != "DUPLICATE_SEARCH_STATE_RUNNING")
        })
        .await?;
        // Anywhere within a step.
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..100))).await;
        let now = looked().await?;
        assert!(far(&now) >= known, "what was read is lost: {now}");
        if now["state"] != "DUPLICATE_SEARCH_STATE_RUNNING" {
            break now;
        }
        known = far(&now);
        process = again(&mut app, process).await?;
        kills += 1;
    };
    assert!(kills >= 1, "never killed");
    assert_eq!((&done["state"], far(&done).0), (&json!("DUPLICATE_SEARCH_STATE_COMPLETED"), CUSTOMERS), "{done}");
    let counts =
        "SELECT (SELECT count(*) FROM customers.duplicate_pair), (SELECT count(*) FROM customers.duplicate_subject)";
    let found: (i64, i64) = sqlx::query_as(counts).fetch_one(&mut app.database().await?).await?;
    assert_eq!(found, (CUSTOMERS / 4, 0), "each pair once");
    assert!(process.terminate().await?.success());
    app.stop().await
}

#[tokio::test]
async fn a_merge_that_is_killed_has_never_been() -> Result<()> {
    let (mut app, process) = begun().await?;
    let admin = app.administrator().await?;
    let mut customers = Vec::new();
    for name in ["甲", "乙"] {
        let customer = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": name});
        let customer = admin.post("/v1/customers", customer).await?.ok()?;
        let path = format!("/v1/customers/{}/contacts", customer["id"].as_str().context("no id")?);
        admin.post(&path, json!({"name": "王芳", "primary": true})).await?.ok()?;
        customers.push(customer);
    }
    let named = |customer: &Value| json!({"id": customer["id"], "etag": customer["etag"]});
    let merge = json!({"survivor": named(&customers[0]), "merged": [named(&customers[1])]});
    let state = "SELECT array_agg((c.id, c.state, c.revision, c.merged_into_id, t.customer_id)::text ORDER BY c.id)
                 FROM customers.customer c JOIN customers.contact t ON t.customer_id = c.id";
    let mut database = app.database().await?;
    let before: Vec<String> = sqlx::query_scalar(state).fetch_one(&mut database).await?;

    // Somebody holds the last row that it writes, so that the process dies with all the others written.
    let mut holder = app.database().await?;
    let mut holding = holder.begin().await?;
    sqlx::query(
        "INSERT INTO customers.duplicate_pair (id, one_id, other_id, reasons, score)
                 SELECT gen_random_uuid(), min(id::text)::uuid, max(id::text)::uuid, 1, 90 FROM customers.customer",
    )
    .execute(&mut database)
    .await?;
    sqlx::query("SELECT FROM customers.duplicate_pair FOR UPDATE").execute(&mut *holding).await?;
    let call = tokio::spawn({
        let merge = merge.clone();
        async move { admin.post("/v1/customerMerges", merge).await.map(|answer| answer.status) }
    });
    app.until("the merge waits", async || {
        let Ok(mut database) = app.database().await else { return false };
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity
                       WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE duplicate_pair%' AND datname = current_database())";
        sqlx::query_scalar(waiting).fetch_one(&mut database).await.unwrap_or(false)
    })
    .await?;
    let process = again(&mut app, process).await?;
    assert!(!call.await?.is_ok_and(|status| status.is_success()));
    holding.rollback().await?;
    app.until("nothing of it is there", async || {
        let Ok(mut database) = app.database().await else { return false };
        let now = sqlx::query_scalar::<_, Vec<String>>(state).fetch_one(&mut database).await;
        let merges =
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM customers.customer_merge").fetch_one(&mut database);
        now.is_ok_and(|now| now == before) && merges.await.is_ok_and(|count| count == 0)
    })
    .await?;
    let admin = app.administrator().await?;
    admin.post("/v1/customerMerges", merge).await?.ok()?;
    assert!(process.terminate().await?.success());
    app.stop().await
}
