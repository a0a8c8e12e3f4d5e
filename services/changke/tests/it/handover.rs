//! A handover that is killed in the middle, there and on the way back, moves each customer once.

use anyhow::{Context as _, Result};
use changke::testkit::{Arrangement, Session, TestApp};
use serde_json::{Value, json};

use crate::process::{Process, outlived};

const CUSTOMERS: i64 = 4_000;

fn count(handover: &Value, field: &str) -> i64 {
    let lines = handover["lines"].as_array().into_iter().flatten().filter(|line| line["kind"] == "customer");
    lines.filter_map(|line| line[field].as_str()?.parse::<i64>().ok()).sum()
}

#[tokio::test]
async fn a_handover_survives_being_killed_again_and_again() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let root = app.root_group().await?;
    let giver = app.employee("lilei", &root, &["salesperson"]).await?;
    let receivers = [
        app.employee("hanmei", &root, &["salesperson"]).await?,
        app.employee("lintao", &root, &["salesperson"]).await?,
    ];
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let mut database = app.database().await?;
    sqlx::query(
        "INSERT INTO customers.customer (id, kind, number, name, owner_id)
         SELECT gen_random_uuid(), 1, 'K-' || n, '客户' || n, $1::uuid FROM generate_series(1, $2) AS n",
    )
    .bind(&giver.employee_id)
    .bind(CUSTOMERS as i32)
    .execute(&mut database)
    .await?;
    let admin = app.administrator().await?;
    let to: Vec<Value> = receivers.iter().map(|one: &Session| json!({"employeeId": one.employee_id})).collect();
    let handover = json!({"fromEmployeeId": giver.employee_id, "receivers": to});
    let begun = admin.post("/v1/handovers", handover).await?.ok()?;
    let path = format!("/v1/handovers/{}", begun["id"].as_str().context("no id")?);

    let process = outlived(&mut app, process, &path, "HANDOVER_STATE_RUNNING", |now| count(now, "movedCount")).await?;
    let admin = app.administrator().await?;
    let done = admin.get(&path).await?.ok()?;
    assert_eq!((&done["state"], count(&done, "movedCount")), (&json!("HANDOVER_STATE_COMPLETED"), CUSTOMERS), "{done}");
    let counts = "SELECT (SELECT count(*) FROM customers.ownership), (SELECT count(*) FROM customers.handover_item),
                         (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.handed_over'),
                         (SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM customers.customer GROUP BY owner_id) AS s)";
    let found: (i64, i64, i64, i64) = sqlx::query_as(counts).fetch_one(&mut database).await?;
    assert_eq!(found, (CUSTOMERS, CUSTOMERS, CUSTOMERS, 0), "each once, and evenly");

    admin.post(&format!("{path}:undo"), json!({})).await?.ok()?;
    let process =
        outlived(&mut app, process, &path, "HANDOVER_STATE_UNDOING", |now| count(now, "returnedCount")).await?;
    let admin = app.administrator().await?;
    let undone = admin.get(&path).await?.ok()?;
    assert_eq!((&undone["state"], count(&undone, "returnedCount")), (&json!("HANDOVER_STATE_UNDONE"), CUSTOMERS));
    let back: i64 = sqlx::query_scalar("SELECT count(*) FROM customers.customer WHERE owner_id = $1::uuid")
        .bind(&giver.employee_id)
        .fetch_one(&mut database)
        .await?;
    assert_eq!(back, CUSTOMERS);
    assert!(process.terminate().await?.success());
    app.stop().await
}
