//! Imports on their way: progress, cancelling, a crash, a right that goes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::imports::{KEYS, SKIP, counts, ended, get, run, start, uploaded};
use crate::story::{Story, a_customer, id};

/// Rows enough for several batches.
fn many(rows: usize) -> String {
    let lines = (0..rows).map(|row| format!("C-{row:06},客户{row},138{row:08},浙江/杭州\n"));
    format!("编号,名称,电话,地区\n{}", lines.collect::<String>())
}

async fn until_taken(app: &TestApp, session: &Session, import: &Value, rows: i64) -> Result<()> {
    app.until("some rows are taken", async || {
        get(session, import).await.is_ok_and(|import| counts(&import).iter().sum::<i64>() >= rows)
    })
    .await
}

/// Once the first customers are there, nobody writes any more before the gate is opened.
struct Gate(PgConnection);

impl Gate {
    async fn close(app: &TestApp) -> Result<Self> {
        let mut database = app.database().await?;
        sqlx::raw_sql(
            "CREATE FUNCTION public.gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 WHILE EXISTS (SELECT FROM customers.customer WHERE xmin <> pg_current_xact_id()::xid)
                     AND NOT pg_try_advisory_xact_lock_shared(7) LOOP
                     PERFORM pg_sleep(0.01);
                 END LOOP;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER gate BEFORE INSERT ON customers.customer FOR EACH STATEMENT EXECUTE FUNCTION public.gate();
             SELECT pg_advisory_lock(7)",
        )
        .execute(&mut database)
        .await?;
        Ok(Self(database))
    }

    /// Once somebody has asked the run to stop.
    async fn open_for_the_end(mut self, app: &TestApp) -> Result<()> {
        let mut database = app.database().await?;
        while !sqlx::query_scalar("SELECT cancel_requested FROM customers.import").fetch_one(&mut database).await? {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sqlx::query("SELECT pg_advisory_unlock(7)").execute(&mut self.0).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_run_shows_its_progress_and_stops_when_told() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let gate = Gate::close(app).await?;
    let import = uploaded(li_lei, "many.csv", many(16_000)).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.refused(422, "IMPORT_RUNNING")?;
    let path = format!("/v1/imports/{}", id(&import)?);
    let mut watch =
        li_lei.request(Method::GET, &format!("{path}:watch"))?.header("accept", "application/x-ndjson").send().await?;
    until_taken(app, li_lei, &import, 1).await?;
    let cancel = format!("{path}:cancel");
    let (stopped, opened) = tokio::join!(li_lei.post(&cancel, json!({})), gate.open_for_the_end(app));
    opened?;
    stopped?.ok()?;
    let stopped = ended(app, li_lei, &import).await?;
    assert_eq!(stopped["state"], "IMPORT_STATE_CANCELLED");
    let taken = counts(&stopped)[0];
    assert!(taken > 0 && taken < 16_000, "{taken}");
    let mut seen = Vec::new();
    while let Some(piece) = tokio::time::timeout(Duration::from_secs(20), watch.chunk()).await?? {
        seen.extend_from_slice(&piece);
    }
    let seen = String::from_utf8(seen)?;
    // An empty line says that the stream is alive.
    let lines = seen.lines().filter(|line| !line.is_empty());
    let states: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(states.last().context("no states")?["state"], "IMPORT_STATE_CANCELLED");
    assert_eq!(states[0]["state"], "IMPORT_STATE_RUNNING");
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM customers.customer").fetch_one(&mut app.database().await?).await?;
    assert_eq!(rows, taken);

    // It goes on where it stopped.
    let done = run(app, li_lei, &import, KEYS[0], SKIP, false).await?;
    assert_eq!((&done["state"], counts(&done)), (&json!("IMPORT_STATE_COMPLETED"), [16_000, 0, 0, 0, 0]));
    story.end().await
}

#[tokio::test]
async fn a_run_outlives_the_process() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let rows = 14_000;
    let import = uploaded(li_lei, "many.csv", many(rows)).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    until_taken(app, li_lei, &import, 1).await?;
    let mut database = app.database().await?;
    // What a dead process leaves behind: its connections break, and its lease lasts until it runs out.
    let mut kills = 0;
    while get(li_lei, &import).await?["state"] == "IMPORT_STATE_RUNNING" && kills < 6 {
        sqlx::query(
            "UPDATE customers.job SET lease_until = now() WHERE kind = 'customers.import' AND state = 'leased'",
        )
        .execute(&mut database)
        .await?;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'changke_customers'")
            .execute(&mut database)
            .await?;
        kills += 1;
        let taken = counts(&get_patiently(app, li_lei, &import).await?)[0];
        if taken < rows as i64 {
            // The pause before the next try is long over.
            let due = "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.import' AND state = 'pending'";
            app.until("it goes on", async || {
                let mut database = app.database().await.unwrap();
                sqlx::query(due).execute(&mut database).await.unwrap();
                get(li_lei, &import).await.is_ok_and(|import| counts(&import)[0] > taken)
            })
            .await?;
        }
    }
    assert!(kills > 1);
    let done = ended(app, li_lei, &import).await?;
    assert_eq!((&done["state"], counts(&done)), (&json!("IMPORT_STATE_COMPLETED"), [rows as i64, 0, 0, 0, 0]));
    let (customers, numbers, documents, audited): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customers.customer), (SELECT count(DISTINCT phone_digits) FROM customers.customer),
                (SELECT count(*) FROM customers.search_document),
                (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.imported')",
    )
    .fetch_one(&mut database)
    .await?;
    assert_eq!([customers, numbers, documents, audited], [rows as i64; 4]);
    story.end().await
}

async fn get_patiently(app: &TestApp, session: &Session, import: &Value) -> Result<Value> {
    app.until("the service answers again", async || get(session, import).await.is_ok()).await?;
    get(session, import).await
}

#[tokio::test]
async fn a_right_that_is_withdrawn_ends_the_run() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    a_customer(li_lei, "旧客户").await?;
    let import = uploaded(li_lei, "many.csv", many(16_000)).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    until_taken(app, li_lei, &import, 1).await?;
    let employee = story.admin.get(&format!("/v1/employees/{}", li_lei.employee_id)).await?.ok()?;
    let path = format!("/v1/employees/{}?updateMask=roleIds", li_lei.employee_id);
    story.admin.patch(&path, json!({"roleIds": [], "etag": employee["etag"]})).await?.ok()?;
    let mut database = app.database().await?;
    let mut state = async || {
        sqlx::query_as::<_, (i16, String)>("SELECT state, failure FROM customers.import").fetch_one(&mut database).await
    };
    let started = std::time::Instant::now();
    while state().await?.0 == 2 && started.elapsed() < Duration::from_secs(20) {
        tokio::task::yield_now().await;
    }
    assert_eq!(state().await?, (5, "IMPORT_FORBIDDEN".to_owned()));
    story.end().await
}
