//! What a restart leaves as it was.

use anyhow::{Context as _, Result};
use changke::testkit::{Arrangement, TestApp, http_client};
use serde_json::json;

use crate::process::Process;

#[tokio::test]
async fn a_browser_that_is_signed_in_writes_on_after_a_restart() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let http = http_client().build()?;
    let process = Process::serve(&app.config).await?;
    let signed_in = http
        .post(format!("{}/v1/sessions:signIn", process.base_url))
        .header("x-session-mode", "cookie")
        .header("sec-fetch-site", "same-origin")
        .json(&json!({"loginName": "admin", "password": "Correct-Horse-7"}))
        .send()
        .await?
        .error_for_status()?;
    let cookies: Vec<String> = signed_in
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    let csrf = cookies.iter().find_map(|cookie| cookie.split_once("changke_csrf=")).context("no proof")?.1;
    assert!(process.terminate().await?.success());

    let process = Process::serve(&app.config).await?;
    for (path, body) in [
        ("/v1/customers", json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李雷"})),
        ("/v1/sessions:refresh", json!({})),
    ] {
        let answer = http
            .post(format!("{}{path}", process.base_url))
            .header("cookie", cookies.join("; "))
            .header("x-csrf-token", csrf)
            .header("sec-fetch-site", "same-origin")
            .json(&body)
            .send()
            .await?;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await?);
    }
    assert!(process.terminate().await?.success());
    app.stop().await
}
