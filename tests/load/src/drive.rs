//! Loads an address: each connection sends a request, waits for the answer, sends the next. An answer that is not 2xx
//! ends the run: a fast refusal is no result.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::Args;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::requests::{Requests, Scenario};

#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// `host:port`
    #[arg(long)]
    address: String,
    #[arg(long)]
    scenario: Scenario,
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// A file with an id or a search text a line.
    #[arg(long)]
    words: Option<PathBuf>,
    /// Access token.
    #[arg(long, env = "LOAD_TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub struct Outcome {
    requests: usize,
    per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    bytes: usize,
}

pub async fn run(plan: Plan) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(plan.seconds);
    let mut connections = JoinSet::new();
    for number in 0..plan.connections {
        let plan = plan.clone();
        connections.spawn(async move { connection(&plan, number as u64, end).await });
    }
    let (mut times, mut bytes) = (Vec::new(), 0);
    while let Some(ended) = connections.join_next().await {
        let (more, size) = ended??;
        times.extend(more);
        bytes += size;
    }
    let seconds = started.elapsed().as_secs_f64();
    times.sort_unstable();
    ensure!(!times.is_empty(), "no answers");
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    Ok(Outcome {
        requests: times.len(),
        per_second: times.len() as f64 / seconds,
        p50_ms: at(0.50),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        bytes,
    })
}

async fn connection(plan: &Plan, number: u64, end: Instant) -> anyhow::Result<(Vec<Duration>, usize)> {
    let requests = Requests::new(plan.scenario, plan.words.as_deref())?;
    let mut random = StdRng::seed_from_u64(plan.seed * 1_000 + number);
    let stream = TcpStream::connect(&plan.address).await.with_context(|| plan.address.clone())?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(driver);
    let (mut times, mut bytes) = (Vec::new(), 0);
    while Instant::now() < end {
        let (method, path, body) = requests.next(&mut random);
        let mut request = Request::builder().method(method).uri(&path).header("host", &plan.address);
        if !plan.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", plan.token));
        }
        if body.is_some() {
            request = request
                .header("content-type", "application/json")
                .header("idempotency-key", uuid::Uuid::now_v7().to_string());
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default())))?;
        let sent = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let content = answer.into_body().collect().await?.to_bytes();
        times.push(sent.elapsed());
        bytes += content.len();
        ensure!(status.is_success(), "{method} {path}: {status} {}", String::from_utf8_lossy(&content));
    }
    driver.abort();
    Ok((times, bytes))
}
