//! Installations with a part missing, down or stuck, and the end of a process: callers get a clear answer, and soon.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Answer, TestApp};
use changke::{App, Config, Selection};
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::answer;

/// Another gateway over the same database, with only some of the services beside it.
struct Part {
    app: App,
    base_url: String,
    token: String,
}

impl Part {
    async fn start(whole: &TestApp, services: &[&'static str], adjust: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = whole.config.clone();
        adjust(&mut config);
        let app = App::start(config, Selection { gateway: true, services: services.to_vec() }).await?;
        let base_url = format!("http://{}", app.gateway_address.context("no gateway")?);
        whole.until("the part is ready", async || app.is_ready().await).await?;
        Ok(Self { app, base_url, token: whole.administrator().await?.access_token })
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request =
            changke::testkit::http_client().build()?.get(format!("{}{path}", self.base_url)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// Whether a service is there and whether it answers.
    async fn tells_of(&self, service: &str) -> Result<(Value, Value)> {
        let deployment = self.get("/v1/deployment", &[]).await?.ok()?;
        let services = deployment["services"].as_array().context("services")?;
        let found = services.iter().find(|entry| entry["name"] == service).context("not named")?;
        Ok((found["present"].clone(), found["ready"].clone()))
    }
}

#[tokio::test]
async fn a_service_that_is_left_out_is_said_to_be() -> Result<()> {
    let whole = TestApp::start().await?;
    let part = Part::start(&whole, &["identity", "customers"], |_| {}).await?;
    assert_eq!(part.tells_of("reporting").await?, (json!(false), json!(false)));
    assert_eq!(part.tells_of("customers").await?, (json!(true), json!(true)));
    let asked = Instant::now();
    let problem =
        part.get("/v1/reports/feed", &[("accept-language", "en")]).await?.refused(501, "SERVICE_NOT_DEPLOYED")?;
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("reporting")), "{problem}");
    // All else works, and the contract of the absent service still stands in the document.
    part.get("/v1/customers", &[]).await?.ok()?;
    let document = part.get("/v1/openapi.json", &[]).await?.ok()?;
    assert!(document["paths"]["/v1/reports/feed"].is_object());
    part.app.stop().await;
    whole.stop().await
}

#[tokio::test]
async fn a_service_that_is_down_fails_fast_and_is_found_again_when_it_is_back() -> Result<()> {
    let whole = TestApp::start().await?;
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = place.local_addr()?;
    drop(place);
    let part = Part::start(&whole, &["identity", "customers"], |config| {
        config.cluster.upstreams.insert("reporting".into(), format!("http://{address}"));
    })
    .await?;
    assert_eq!(part.tells_of("reporting").await?, (json!(true), json!(false)));
    let asked = Instant::now();
    let down = part.get("/v1/reports/feed", &[]).await?;
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert!(down.headers.contains_key("retry-after"));
    down.refused(503, "UNAVAILABLE")?;
    part.get("/v1/customers", &[]).await?.ok()?;

    let mut config = whole.config.clone();
    config.cluster.listen = Some(address);
    // Where its identity is: with whoever serves it over TCP.
    let mut elsewhere = config.clone();
    elsewhere.cluster.listen = Some("127.0.0.1:0".parse()?);
    let identity = App::start(elsewhere, Selection { gateway: false, services: vec!["identity"] }).await?;
    let listens = identity.grpc_address.context("identity listens")?;
    config.cluster.upstreams.insert("identity".into(), format!("http://{listens}"));
    let back = App::start(config, Selection { gateway: false, services: vec!["reporting"] }).await?;
    whole
        .until("the service is found again", async || {
            part.get("/v1/reports/feed", &[]).await.is_ok_and(|answer| answer.status == 200)
        })
        .await?;
    assert_eq!(part.tells_of("reporting").await?, (json!(true), json!(true)));
    for app in [&back, &identity, &part.app] {
        app.stop().await;
    }
    whole.stop().await
}

#[tokio::test]
async fn a_service_that_is_stuck_is_waited_for_no_longer_than_asked() -> Result<()> {
    let whole = TestApp::start().await?;
    // Takes connections and never says a word.
    let stuck = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = stuck.local_addr()?;
    let part = Part::start(&whole, &["identity", "customers"], |config| {
        config.cluster.upstreams.insert("reporting".into(), format!("http://{address}"));
    })
    .await?;
    let asked = Instant::now();
    let answer = part.get("/v1/reports/feed", &[("prefer", "wait=1")]).await?;
    let waited = asked.elapsed();
    assert_eq!(answer.status.as_u16(), 504, "{}", answer.body);
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_secs(3), "{waited:?}");
    // Asking who is there isn't held up by it either.
    let asked = Instant::now();
    assert_eq!(part.tells_of("reporting").await?, (json!(true), json!(false)));
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    part.app.stop().await;
    whole.stop().await
}

/// A call whose server has begun to read the body and still waits for it.
struct HalfWay {
    connection: TcpStream,
    body: String,
}

impl HalfWay {
    async fn begin(address: SocketAddr, token: &str, name: &str) -> Result<Self> {
        let body = json!({"kind": "CUSTOMER_KIND_PERSON", "name": name}).to_string();
        let head = format!(
            "POST /v1/customers HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(head.as_bytes()).await?;
        let mut answer = [0; 64];
        let length = connection.read(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer[..length]);
        ensure!(answer.starts_with("HTTP/1.1 100"), "{answer}");
        Ok(Self { connection, body })
    }

    /// The status of the answer.
    async fn finish(mut self) -> Result<String> {
        self.connection.write_all(self.body.as_bytes()).await?;
        let mut answer = String::new();
        self.connection.read_to_string(&mut answer).await?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn what_is_under_way_ends_well_when_the_process_stops() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let gateway = app.apps.iter().find(|app| app.gateway_address.is_some()).context("no gateway")?;
    let address = gateway.gateway_address.context("no gateway")?;
    let mut calls = Vec::new();
    for number in 0..8 {
        calls.push(HalfWay::begin(address, &admin.access_token, &format!("末班 {number}")).await?);
    }
    let finishing = async {
        let refused = async || TcpStream::connect(address).await.is_err();
        app.until("nobody is let in any more", refused).await?;
        for call in calls {
            assert_eq!(call.finish().await?, "HTTP/1.1 200 OK");
        }
        Ok::<_, anyhow::Error>(())
    };
    let (_, finished) = tokio::join!(gateway.stop(), finishing);
    finished?;
    let mut database = app.database().await?;
    let created: i64 = sqlx::query_scalar("SELECT count(*) FROM customers.customer").fetch_one(&mut database).await?;
    assert_eq!(created, 8);
    database.close().await?;
    app.stop().await
}
