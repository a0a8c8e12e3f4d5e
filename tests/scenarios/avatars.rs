//! A picture through the gateway: what a browser is told about keeping it.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use changke::testkit::TestApp;
use reqwest::{Method, StatusCode};

/// One pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test]
async fn a_picture_is_kept_by_the_browser_until_it_changes() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let path = format!("/v1/employees/{}/avatar", admin.employee_id);
    assert_eq!(admin.get(&path).await?.status, StatusCode::NOT_FOUND);
    let upload = |content: Vec<u8>| -> Result<_> {
        Ok(admin.request(Method::POST, "/v1/profile/avatar")?.header("content-type", "image/png").body(content).send())
    };
    assert_eq!(upload(STANDARD.decode(PNG)?)?.await?.status(), StatusCode::OK);
    // A page that calls itself a picture.
    assert_eq!(upload(b"<script>alert(1)</script>".to_vec())?.await?.status(), StatusCode::BAD_REQUEST);
    assert_eq!(upload(vec![0; 1_100_000])?.await?.status(), StatusCode::BAD_REQUEST);

    let answer = admin.request(Method::GET, &path)?.send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, value) in
        [("content-type", "image/png"), ("cache-control", "private, no-cache"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(answer.headers()[name], value);
    }
    let etag = answer.headers()["etag"].to_str()?.to_owned();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = admin.request(Method::GET, &path)?.header("if-none-match", &known).send().await?;
        assert_eq!((again.status(), again.bytes().await?.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
    }
    let other = admin.request(Method::GET, &path)?.header("if-none-match", "\"other\"").send().await?;
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(app.anonymous().get(&path).await?.status, StatusCode::UNAUTHORIZED);
    app.stop().await
}
