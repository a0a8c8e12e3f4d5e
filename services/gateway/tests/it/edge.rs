//! What only the edge does: limits, headers, compression, the console's files, the state of the installation.

use std::time::{Duration, Instant};

use gateway::{Config, RateLimit};
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn who_calls_too_often_is_told_to_wait() {
    let rate_limit = RateLimit { per_second: 1, burst: 3, sign_ins_per_minute: 1, sign_in_burst: 1 };
    let world = World::with(&Config { rate_limit, ..Config::default() });
    for _ in 0..3 {
        assert_eq!(world.get("/v1/views").await.status, 200);
    }
    let answer = world.get("/v1/views").await;
    assert_eq!(answer.problem(), "429 RATE_LIMITED");
    assert_eq!((answer.header("retry-after"), answer.header("ratelimit-limit")), ("1", "3"));
    let other = world.request("GET", "/v1/views").header("authorization", "Bearer e30.eyJzdWIiOiJ4In0.x");
    assert_eq!(other.send().await.status, 200);
    assert_eq!(world.get("/").await.status, 404, "files are not limited");
}

#[tokio::test]
async fn guessing_passwords_is_slow() {
    let rate_limit = RateLimit { sign_ins_per_minute: 1, sign_in_burst: 2, ..RateLimit::default() };
    let world = World::with(&Config { rate_limit, ..Config::default() });
    let body = r#"{"loginName": "a", "password": "b"}"#;
    for _ in 0..2 {
        assert_eq!(world.send("POST", "/v1/sessions:signIn", body).await.status, 200);
    }
    assert_eq!(world.send("POST", "/v1/sessions:signIn", body).await.problem(), "429 RATE_LIMITED");
    assert_eq!(world.get("/v1/sessions").await.status, 200);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_it() {
    let world = World::new();
    for path in ["/v1/views", "/v1/nothing", "/docs", "/docs/problems/CSRF_FAILED", "/"] {
        let answer = world.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    assert!(world.get("/docs").await.header("content-security-policy").contains("default-src 'self'"));
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_can_read_it() {
    let world = World::new();
    let plain = world.get("/v1/openapi.json").await;
    assert_eq!(plain.json()["openapi"], "3.1.0");
    for encoding in ["gzip", "br"] {
        let answer = world.request("GET", "/v1/openapi.json").header("accept-encoding", encoding).send().await;
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(answer.body.len() * 4 < plain.body.len());
    }
    let small = world.request("GET", "/v1/views").header("accept-encoding", "gzip").send().await;
    assert_eq!(small.header("content-encoding"), "");
}

#[tokio::test]
async fn the_document_names_every_route() {
    let world = World::new();
    let document = world.get("/v1/openapi.json").await.json();
    let contract = platform::contract::Contract::get();
    let operations: usize =
        document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    let routes: usize = contract.methods().iter().map(|method| method.http.len()).sum();
    // The gateway's own operation comes on top.
    assert_eq!(operations, routes + 1);
}

#[tokio::test]
async fn the_installation_tells_what_it_has_and_whether_it_answers() {
    let world = World::new();
    let services = world.get("/v1/deployment").await.json();
    assert_eq!(
        services["services"],
        json!([
            {"name": "customers", "present": true, "ready": true},
            {"name": "identity", "present": true, "ready": true},
            {"name": "reporting", "present": false, "ready": false},
        ])
    );
}

#[tokio::test]
async fn a_service_that_is_down_is_told_apart_from_one_that_is_not_there() {
    // A port that was free a moment ago: nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = World::with_upstreams(&Config::default(), |upstreams| {
        let remote = platform::service::remote(&format!("http://{address}")).unwrap();
        upstreams.insert("reporting".to_owned(), remote);
    });
    let started = Instant::now();
    let answer = world.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
    assert_eq!(answer.problem(), "503 UNAVAILABLE");
    assert!(!answer.header("retry-after").is_empty());
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        world.get("/v1/deployment").await.json()["services"][2],
        json!({"name": "reporting", "present": true, "ready": false})
    );
}

#[tokio::test]
async fn the_console_finds_its_pages_and_keeps_its_assets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<title>console</title>").unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("assets/app-1a2b.js"), "run()").unwrap();
    let world = World::with(&Config { console_dir: Some(folder.path().to_owned()), ..Config::default() });
    let page = |path: &str| world.request("GET", path).header("accept", "text/html,*/*");
    for path in ["/", "/customers/7", "/index.html", "/login?next=%2F"] {
        let answer = page(path).send().await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "<title>console</title>"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    let asset = world.get("/assets/app-1a2b.js").await;
    assert_eq!(asset.text(), "run()");
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(asset.header("content-type"), "text/javascript");
    assert_eq!(page("/assets/gone.js").send().await.problem(), "404 ROUTE_NOT_FOUND");
    assert_eq!(world.get("/favicon.ico").await.problem(), "404 ROUTE_NOT_FOUND");
    assert_eq!(page("/../Cargo.toml").send().await.text(), "<title>console</title>");
    assert_eq!(world.send("POST", "/customers", "{}").await.problem(), "405 METHOD_NOT_ALLOWED");
    assert_eq!(page("/v1/nothing").send().await.problem(), "404 ROUTE_NOT_FOUND");
}

#[tokio::test]
async fn without_a_console_there_is_a_page_that_says_so() {
    let answer = World::new().request("GET", "/").header("accept", "text/html").send().await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("gateway.console_dir"));
    let docs = World::new().get("/docs").await;
    assert!(docs.text().contains("/docs/app.js"));
}
