//! A backup brings everything back, row for row, and what it can't bring back in full it leaves alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use changke::testkit::{Arrangement, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::process::{Process, changke, settings};

/// What is new after a restore: that it was done, and that nobody is signed in any more.
fn leave_out_the_new(after: &mut BTreeMap<String, (i64, String)>, before: &BTreeMap<String, (i64, String)>) {
    for (table, more) in [
        ("identity.audit_entry", 1),
        ("identity.audit_pending", 1),
        ("identity.session", 0),
        ("identity.policy_revision", 0),
    ] {
        assert_eq!(after[table].0, before[table].0 + more, "{table}");
        after.insert(table.to_owned(), before[table].clone());
    }
}

/// A digest of every table of every service.
async fn contents(database: &mut PgConnection) -> Result<BTreeMap<String, (i64, String)>> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT n.nspname::text, c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('identity', 'customers', 'reporting') AND c.relkind = 'r'
           AND c.relname NOT LIKE '%_migration' ORDER BY 1, 2",
    )
    .fetch_all(&mut *database)
    .await?;
    let mut contents = BTreeMap::new();
    for (schema, table) in tables {
        let sql = format!(
            "SELECT count(*), coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {schema}.{table} AS t"
        );
        let found = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *database).await?;
        contents.insert(format!("{schema}.{table}"), found);
    }
    Ok(contents)
}

pub async fn run(app: &TestApp, arguments: &[&str]) -> Result<(bool, String)> {
    let output = changke(arguments, &settings(&app.config, "127.0.0.1:0")).output().await?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), said))
}

/// How far a command said that it was with each service: it grows, and ends with all.
fn progress(said: &str) -> Result<()> {
    let percent = |line: &str| line.trim_start().split_once(" % ")?.0.parse::<u32>().ok();
    for service in ["identity", "customers", "reporting"] {
        let of_service = said.lines().filter(|line| line.contains(&format!(" {service}.")));
        let told: Vec<u32> = of_service.filter_map(percent).collect();
        let grows = told.len() > 2 && told.is_sorted() && told.last() == Some(&100);
        anyhow::ensure!(grows, "{service}: {told:?} of\n{said}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_destroyed_comes_back_row_for_row() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let admin = app.administrator().await?;
    for number in 0..50 {
        let customer = json!({
            "kind": "CUSTOMER_KIND_PERSON", "name": format!("客户,\"{number}\"\n\\N"), "phone": "13812345678",
            "addresses": [{"street": "文三路 1 号"}], "birthday": "1990-01-05", "satisfaction": 5,
        });
        let customer = admin.post("/v1/customers", customer).await?.ok()?;
        let contact = json!({"name": "王芳", "phone": "13987654321"});
        let id = customer["id"].as_str().context("no id")?;
        admin.post(&format!("/v1/customers/{id}/contacts"), contact).await?.ok()?;
    }
    let customers = admin.get("/v1/customers?pageSize=1").await?.ok()?;
    let record = customers["customers"][0]["id"].as_str().context("id")?;
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 200_000]].concat();
    let upload = admin.request(Method::POST, &format!("/v1/customers/{record}/attachments?name=a.png"))?;
    let attached: Value = upload.body(picture.clone()).send().await?.error_for_status()?.json().await?;
    app.employee("lilei", &app.root_group().await?, &["salesperson"]).await?;
    app.until("reporting has followed", async || {
        let report = admin.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        report.is_ok_and(|answer| answer.body["totalCount"] == "50")
    })
    .await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("changke.backup");
    let name = file.to_str().context("path")?;
    // While it runs.
    let (well, said) = run(&app, &["admin", "backup", name]).await?;
    assert!(well, "{said}");
    progress(&said)?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let stopped = folder.path().join("stopped.backup");
    let stopped = stopped.to_str().context("path")?;
    let (well, said) = run(&app, &["admin", "backup", stopped]).await?;
    assert!(well && said.contains("1 attached files are in it") && !said.contains("NOT"), "{said}");
    assert!(!run(&app, &["admin", "backup", stopped]).await?.0, "a backup replaces no other");
    let mut database = app.database().await?;
    let before = contents(&mut database).await?;
    assert!(before.len() > 40 && before["customers.customer"].0 == 50, "{before:?}");

    // Not over what is there, and not from a file that lacks a byte.
    let (well, said) = run(&app, &["admin", "restore", stopped]).await?;
    assert!(!well && said.contains("--force"), "{said}");
    damaged(stopped, &folder.path().join("damaged.backup"))?;
    let broken = folder.path().join("damaged.backup");
    assert!(!run(&app, &["admin", "restore", "--force", broken.to_str().context("path")?]).await?.0);
    assert_eq!(contents(&mut database).await?, before);

    for schema in ["identity", "customers", "reporting"] {
        sqlx::query(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&mut database).await?;
    }
    std::fs::remove_dir_all(app.config.blob.directory.as_ref().context("directory")?)?;
    let (well, said) = run(&app, &["admin", "restore", stopped]).await?;
    assert!(well, "{said}");
    progress(&said)?;
    let mut after = contents(&mut database).await?;
    leave_out_the_new(&mut after, &before);
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM identity.session WHERE revoke_time IS NULL")
        .fetch_one(&mut database)
        .await?;
    assert_eq!((open, before["identity.session"].0 > 0), (0, true));
    assert_eq!(after, before);
    let next: i64 = sqlx::query_scalar("SELECT nextval('customers.customer_number')").fetch_one(&mut database).await?;
    assert!(next > 50, "numbers go on where they were: {next}");

    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let admin = app.administrator().await?;
    assert_eq!(admin.get("/v1/customers?count=true").await?.ok()?["totalCount"], "50");
    let path = format!("/v1/attachments/{}:download", attached["id"].as_str().context("id")?);
    let content = admin.request(Method::GET, &path)?.send().await?.error_for_status()?.bytes().await?;
    assert!(content == picture, "{} bytes of a file", content.len());
    admin.post("/v1/customers", json!({"kind": "CUSTOMER_KIND_PERSON", "name": "新客户"})).await?.ok()?;
    app.until("reporting goes on", async || {
        let report = admin.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        report.is_ok_and(|answer| answer.body["totalCount"] == "51")
    })
    .await?;
    assert!(process.terminate().await?.success());
    let (well, said) = run(&app, &["admin", "audit", "verify"]).await?;
    assert!(well && said.contains("customers: sound"), "{said}");

    // A hand in the trail shows, by name and by the command's status.
    sqlx::raw_sql(
        "ALTER TABLE customers.audit_entry DISABLE TRIGGER USER;
         UPDATE customers.audit_entry SET actor_name = 'nobody'
         WHERE id = (SELECT entry_id FROM customers.audit_link WHERE sequence = 7)",
    )
    .execute(&mut database)
    .await?;
    let (well, said) = run(&app, &["admin", "audit", "verify", "--service", "customers"]).await?;
    assert!(!well && said.contains("  7: entry"), "{said}");
    assert!(run(&app, &["admin", "audit", "verify", "--service", "identity"]).await?.0);
    assert!(run(&app, &["admin", "audit", "verify", "--known", "customers:7"]).await?.0);
    database.close().await?;
    app.stop().await
}

#[tokio::test]
async fn what_is_saved_amid_writes_is_of_one_moment() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let admin = app.administrator().await?;
    let (written, saved) = (AtomicUsize::new(0), AtomicBool::new(false));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("amid.backup");
    let name = file.to_str().context("path")?;
    let write = async || {
        while !saved.load(Ordering::Relaxed) {
            let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "忙碌"});
            admin.post("/v1/customers", customer).await?.ok()?;
            written.fetch_add(1, Ordering::Relaxed);
        }
        anyhow::Ok(())
    };
    let save = async {
        app.until("some are written", async || written.load(Ordering::Relaxed) > 50).await?;
        let done = run(&app, &["admin", "backup", name]).await;
        saved.store(true, Ordering::Relaxed);
        done
    };
    let (well, said) = tokio::try_join!(save, write(), write(), write()).map(|(done, ..)| done)?;
    assert!(well, "{said}");
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let (well, said) = run(&app, &["admin", "restore", "--force", name]).await?;
    assert!(well, "{said}");
    let mut database = app.database().await?;
    let (customers, documents, audited, counted): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customers.customer), (SELECT count(*) FROM customers.search_document),
                (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.created'),
                (SELECT count(*) FROM reporting.dim_customer)",
    )
    .fetch_one(&mut database)
    .await?;
    assert!(customers > 50 && customers < written.load(Ordering::Relaxed) as i64, "{customers}");
    assert_eq!((documents, audited), (customers, customers));
    // What has been counted in was there to be counted.
    assert!(counted <= customers, "{counted} of {customers}");
    database.close().await?;
    app.stop().await
}

/// An empty database with a schema for customers, as whoever runs one for a service of its own prepares it.
async fn prepare(server: &str, name: &str) -> Result<String> {
    let mut admin = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
    admin.close().await?;
    let url = format!("{}/{name}", server.rsplit_once('/').context("no database in the address")?.0);
    let mut database = PgConnection::connect(&url).await?;
    sqlx::query("CREATE SCHEMA customers").execute(&mut database).await?;
    database.close().await?;
    Ok(url)
}

/// The same of the schemas that matter in two databases.
async fn contents_apart(common: &str, own: &str) -> Result<BTreeMap<String, (i64, String)>> {
    let (mut common, mut own) = (PgConnection::connect(common).await?, PgConnection::connect(own).await?);
    let mut all = contents(&mut common).await?;
    all.retain(|table, _| !table.starts_with("customers."));
    all.extend(contents(&mut own).await?);
    common.close().await?;
    own.close().await?;
    Ok(all)
}

#[tokio::test]
async fn services_in_databases_of_their_own_come_back_together() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let common = app.config.database.url.clone();
    let name = format!("changke_test_customers_{}", uuid::Uuid::now_v7().simple());
    let own = prepare(&common, &name).await?;
    app.config.database.service_urls.insert("customers".into(), own.clone());
    let (well, said) = run(&app, &["migrate"]).await?;
    assert!(well, "{said}");
    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let admin = app.administrator().await?;
    for number in 0..20 {
        let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": format!("客户 {number}")});
        admin.post("/v1/customers", customer).await?.ok()?;
    }
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (running, stopped) = (file("running.backup"), file("stopped.backup"));
    let (well, said) = run(&app, &["admin", "backup", &running]).await?;
    assert!(well, "{said}");
    assert!(process.terminate().await?.success());
    assert!(run(&app, &["admin", "backup", &stopped]).await?.0);
    let before = contents_apart(&common, &own).await?;
    assert_eq!(before["customers.customer"].0, 20);
    let (well, said) = run(&app, &["admin", "restore", &stopped]).await?;
    assert!(!well && said.contains("--force"), "{said}");

    // Both are destroyed, one of them with its database; then what has come back is replaced once more.
    let mut admin = PgConnection::connect(&common).await?;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut admin).await?;
    sqlx::raw_sql("DROP SCHEMA identity CASCADE; DROP SCHEMA reporting CASCADE").execute(&mut admin).await?;
    admin.close().await?;
    prepare(&common, &name).await?;
    for arguments in [&["admin", "restore", &stopped][..], &["admin", "restore", "--force", &stopped]] {
        let (well, said) = run(&app, arguments).await?;
        assert!(well, "{said}");
        let mut after = contents_apart(&common, &own).await?;
        leave_out_the_new(&mut after, &before);
        assert_eq!(after, before);
    }

    let process = Process::serve(&app.config).await?;
    app.base_url.clone_from(&process.base_url);
    let admin = app.administrator().await?;
    admin.post("/v1/customers", json!({"kind": "CUSTOMER_KIND_PERSON", "name": "新客户"})).await?.ok()?;
    assert_eq!(admin.get("/v1/customers?count=true").await?.ok()?["totalCount"], "21");
    app.until("reporting goes on", async || {
        let report = admin.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        report.is_ok_and(|answer| answer.body["totalCount"] == "21")
    })
    .await?;
    assert!(process.terminate().await?.success());
    let (well, said) = run(&app, &["admin", "audit", "verify"]).await?;
    assert!(well && said.contains("customers: sound"), "{said}");
    let mut database = app.database().await?;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut database).await?;
    database.close().await?;
    app.stop().await
}

/// The same file with one byte of a table turned.
fn damaged(from: &str, to: &Path) -> Result<()> {
    let mut bytes = std::fs::read(from)?;
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0xff;
    Ok(std::fs::write(to, bytes)?)
}
