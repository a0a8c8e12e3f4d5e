//! What the binary says of its settings.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;

use crate::process::{changke, free_address};

async fn faults(arguments: &[&str], settings: &[(&str, String)]) -> Result<(Option<i32>, String)> {
    let output = changke(arguments, settings).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await?;
    Ok((output.status.code(), String::from_utf8(output.stderr)?))
}

#[tokio::test]
async fn every_fault_is_told_at_once() -> Result<()> {
    let settings = [
        ("CHANGKE_DATABASE__MAX_CONNECTIONS", "many".to_owned()),
        ("CHANGKE_GATEWAY__COLOUR", "red".to_owned()),
        ("CHANGKE_CLUSTER__SECRET", "short".to_owned()),
        ("CHANGKE_DATABASE_URL", "postgres://one-underscore/crm".to_owned()),
    ];
    let (status, told) = faults(&["serve"], &settings).await?;
    assert_eq!(status, Some(2));
    for key in [
        "max_connections",
        "colour",
        "cluster.secret",
        "database.url",
        "database.role_secret",
        "nats.url",
        "CHANGKE_DATABASE_URL",
    ] {
        assert!(told.contains(key), "nothing of {key} in:\n{told}");
    }
    let (status, told) = faults(&["serve", "nonsense"], &settings).await?;
    assert!(status == Some(2) && told.contains("nonsense"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_gateway_by_itself_needs_neither_database_nor_stream() -> Result<()> {
    let listen = free_address()?;
    let settings = [
        ("CHANGKE_CLUSTER__SECRET", "a-secret-that-only-tests-may-share".to_owned()),
        ("CHANGKE_CLUSTER__UPSTREAMS__CUSTOMERS", "http://127.0.0.1:1".to_owned()),
        ("CHANGKE_GATEWAY__LISTEN", listen.clone()),
    ];
    let http = changke::testkit::http_client().build()?;
    let mut child = changke(&["serve", "gateway"], &settings).spawn()?;
    let ready = async {
        loop {
            let answer = http.get(format!("http://{listen}/health/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ready).await?;
    // Nobody answers for customers, and reporting is not part of this installation.
    let status =
        async |path: &str| anyhow::Ok(http.get(format!("http://{listen}{path}")).send().await?.status().as_u16());
    assert_eq!(status("/v1/customers").await?, 503);
    assert_eq!(status("/v1/reports/feed").await?, 501);
    child.kill().await?;
    Ok(())
}
