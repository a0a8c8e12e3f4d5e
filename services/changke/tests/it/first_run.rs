//! How an installation that nobody can sign in to is entered: by the link that `serve` prints, once.

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Arrangement, TestApp};
use serde_json::json;
use sqlx::Connection;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::process::{Process, changke, settings};

const PASSWORD: &str = "Kunlun-2026-west";

#[tokio::test]
async fn the_first_administrator_comes_in_by_the_link_that_serve_prints() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let mut database = app.database().await?;
    sqlx::raw_sql("DROP SCHEMA identity CASCADE; DROP SCHEMA customers CASCADE; DROP SCHEMA reporting CASCADE")
        .execute(&mut database)
        .await?;
    database.close().await?;
    let migrated = changke(&["migrate"], &settings(&app.config, "127.0.0.1:0")).output().await?;
    ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    let (process, mut said) = Process::serve_heard(&app.config).await?;
    let mut lines = BufReader::new(&mut said).lines();
    let told = lines.next_line().await?.context("nothing is said")?;
    let login_name = told.split("Set the password of ").nth(1).and_then(|rest| rest.split(' ').next());
    let login_name = login_name.with_context(|| told.clone())?.to_owned();
    let link = lines.next_line().await?.context("no link")?;
    let (page, token) = link.split_once('#').with_context(|| link.clone())?;
    ensure!(page.ends_with("/set-password"), "{link}");

    app.base_url.clone_from(&process.base_url);
    let stranger = app.anonymous();
    let used = json!({"token": token, "newPassword": PASSWORD});
    assert_eq!(stranger.post("/v1/passwordLinks:use", used.clone()).await?.ok()?["loginName"], login_name.as_str());
    let administrator = app.sign_in(&login_name, PASSWORD).await?;
    assert_eq!(administrator.get("/v1/roles").await?.status.as_u16(), 200);
    stranger.post("/v1/passwordLinks:use", used).await?.refused(422, "LINK_INVALID")?;
    assert!(process.terminate().await?.success());

    // Somebody has been here: from now on nothing is printed.
    let (process, mut said) = Process::serve_heard(&app.config).await?;
    assert!(process.terminate().await?.success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).await?;
    assert!(!rest.contains("set-password"), "{rest}");
    app.stop().await
}
