//! Imports on their way: progress, cancelling, a crash, a right that goes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use changke::testkit::TestApp;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor as _, PgConnection};
use tokio::sync::Mutex;

use crate::imports::{KEYS, SKIP, counts, ended, get, run, start, uploaded};
use crate::story::{Story, a_customer, id};

/// Rows enough for several batches.
fn many(rows: usize) -> String {
    let lines = (0..rows).map(|row| format!("C-{row:06},客户{row},138{row:08},浙江/杭州\n"));
    format!("编号,名称,电话,地区\n{}", lines.collect::<String>())
}

#[tokio::test]
async fn a_run_shows_its_progress_and_stops_when_told() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let import = uploaded(li_lei, "many.csv", many(16_000)).await?;
    let mut brake = Brake::take(app).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.refused(422, "IMPORT_RUNNING")?;
    let path = format!("/v1/imports/{}", id(&import)?);
    let mut watch =
        li_lei.request(Method::GET, &format!("{path}:watch"))?.header("accept", "application/x-ndjson").send().await?;
    brake.step(app).await?;
    let (path, body) = (format!("{path}:cancel"), json!({}));
    let (stopped, released) = tokio::join!(li_lei.post(&path, body), async {
        let asked = "SELECT cancel_requested FROM customers.import";
        app.until("it is told to stop", async || brake.reads(asked).await).await?;
        brake.release().await
    });
    released?;
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
    assert_eq!(states.last().context("no states")?["state"], "IMPORT_STATE_CANCELLED", "{seen}");
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
    let rows = 20_000;
    let import = uploaded(li_lei, "many.csv", many(rows)).await?;
    let mut brake = Brake::take(app).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    for _ in 0..3 {
        brake.step(app).await?;
        // What a dead process leaves behind in the midst of a batch: its connections break, and its lease lasts until it
        // runs out.
        for sql in [
            "UPDATE customers.job SET lease_until = now() WHERE kind = 'customers.import' AND state = 'leased'",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND usename = 'changke_customers'",
        ] {
            brake.act(sql).await?;
        }
    }
    brake.holding.execute("COMMIT").await?;
    app.until("it goes on to the end", async || {
        brake.act(DUE).await.unwrap();
        get(li_lei, &import).await.is_ok_and(|import| import["state"] != "IMPORT_STATE_RUNNING")
    })
    .await?;
    let done = ended(app, li_lei, &import).await?;
    assert_eq!((&done["state"], counts(&done)), (&json!("IMPORT_STATE_COMPLETED"), [rows as i64, 0, 0, 0, 0]));
    let (customers, numbers, documents, audited): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customers.customer), (SELECT count(DISTINCT phone_digits) FROM customers.customer),
                (SELECT count(*) FROM customers.search_document),
                (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.imported')",
    )
    .fetch_one(&mut app.database().await?)
    .await?;
    assert_eq!([customers, numbers, documents, audited], [rows as i64; 4]);
    story.end().await
}

/// As if the pause before the next try were over.
const DUE: &str = "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.import' AND state = 'pending'";

/// While it is held no customer is written, so that a run stands between two batches, however fast the machine.
struct Brake {
    holding: PgConnection,
    looking: Mutex<PgConnection>,
}

impl Brake {
    async fn take(app: &TestApp) -> Result<Self> {
        let mut holding = app.database().await?;
        holding.execute("BEGIN; LOCK TABLE customers.customer IN SHARE MODE").await?;
        Ok(Self { holding, looking: Mutex::new(app.database().await?) })
    }

    /// Lets the two batches through that wait, and no more; then the next two wait.
    async fn step(&mut self, app: &TestApp) -> Result<()> {
        self.waited_for(app).await?;
        self.holding.execute("COMMIT; BEGIN; LOCK TABLE customers.customer IN SHARE MODE").await?;
        self.waited_for(app).await
    }

    async fn waited_for(&self, app: &TestApp) -> Result<()> {
        // Batches are written two at a time.
        app.until("two batches wait", async || {
            self.act(DUE).await.unwrap();
            // Every story's table has the same OID, and what an event of an employee changes may wait here as well.
            self.reads(
                "SELECT count(*) = 2 FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE relation = 'customers.customer'::regclass AND NOT granted
                   AND datname = current_database() AND query LIKE 'COPY %'",
            )
            .await
        })
        .await
    }

    async fn act(&self, sql: &'static str) -> Result<()> {
        self.looking.lock().await.execute(sql).await?;
        Ok(())
    }

    async fn reads(&self, sql: &'static str) -> bool {
        sqlx::query_scalar(sql).fetch_one(&mut *self.looking.lock().await).await.unwrap()
    }

    async fn release(mut self) -> Result<()> {
        self.holding.execute("COMMIT").await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_right_that_is_withdrawn_ends_the_run() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    a_customer(li_lei, "旧客户").await?;
    let import = uploaded(li_lei, "many.csv", many(16_000)).await?;
    let mut brake = Brake::take(app).await?;
    start(li_lei, &import, KEYS[0], SKIP, false).await?.ok()?;
    brake.step(app).await?;
    let employee = story.admin.get(&format!("/v1/employees/{}", li_lei.employee_id)).await?.ok()?;
    let path = format!("/v1/employees/{}?updateMask=roleIds", li_lei.employee_id);
    story.admin.patch(&path, json!({"roleIds": [], "etag": employee["etag"]})).await?.ok()?;
    app.until("the right is gone", async || get(li_lei, &import).await.is_err()).await?;
    brake.release().await?;
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
