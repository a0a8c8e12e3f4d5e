//! A flood of sign-ins: it waits for itself alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, ensure};
use changke::testkit::{Arrangement, TestApp};
use reqwest::Method;
use serde_json::json;

use crate::support::answer;

/// More than may wait for the one thread that hashes.
const FLOOD: usize = 140;
const CALLS: u64 = 200;

#[derive(Default)]
struct Flood {
    ebb: AtomicBool,
    /// Sign-ins that came to their hash, and those that were turned away before.
    tried: AtomicU64,
    turned_away: AtomicU64,
}

/// Threads of this process that hash; nothing where the system doesn't tell.
fn hashing_threads() -> Option<usize> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let name =
        |thread: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok();
    Some(threads.filter_map(name).filter(|name| name.starts_with("passwords-")).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_starves_no_other_call() -> Result<()> {
    let app = TestApp::start_with(Arrangement::from_environment(), |config| {
        config.identity.hashing.concurrency = 1;
        config.identity.hashing.memory_kib = 8 * 1024;
    })
    .await?;
    let admin = app.administrator().await?;
    let stranger = app.anonymous();
    let flood = Arc::new(Flood::default());
    let sign_ins = (0..FLOOD).map(|number| {
        let (flood, stranger) = (flood.clone(), stranger.clone());
        tokio::spawn(async move {
            for round in 0.. {
                if flood.ebb.load(Ordering::Relaxed) {
                    break;
                }
                // Each of another account: what holds them back is not that somebody is locked out.
                let body = json!({"loginName": format!("nobody-{number}-{round}"), "password": "wrong"});
                let answer = answer(stranger.request(Method::POST, "/v1/sessions:signIn")?.json(&body)).await?;
                match (answer.status.as_u16(), answer.body["reason"].as_str()) {
                    (401, Some("SIGN_IN_FAILED")) => flood.tried.fetch_add(1, Ordering::Relaxed),
                    (429, Some("SIGN_IN_BUSY")) => flood.turned_away.fetch_add(1, Ordering::Relaxed),
                    _ => anyhow::bail!("{} {}", answer.status, answer.body),
                };
            }
            anyhow::Ok(())
        })
    });
    let sign_ins: Vec<_> = sign_ins.collect();
    // From here on the queue of what is to be hashed is full.
    app.until("the flood is turned away", async || flood.turned_away.load(Ordering::Relaxed) > 0).await?;

    let before = flood.tried.load(Ordering::Relaxed);
    for call in 0..CALLS {
        let path = ["/v1/profile", "/v1/customers", "/v1/groups", "/v1/dictionaries"][call as usize % 4];
        admin.get(path).await?.ok()?;
    }
    ensure!(sign_ins.iter().all(|task| !task.is_finished()), "the flood went out");
    let (tried, turned_away) =
        (flood.tried.load(Ordering::Relaxed) - before, flood.turned_away.load(Ordering::Relaxed));
    println!("{CALLS} calls answered while {tried} passwords were hashed and {turned_away} sign-ins turned away");
    // One by one, while the others wait or are turned away: the thread was at work all the time.
    assert!(tried > 0 && turned_away > 0);
    if let Some(threads) = hashing_threads() {
        assert_eq!(threads, 1);
    }

    flood.ebb.store(true, Ordering::Relaxed);
    for task in sign_ins {
        task.await??;
    }
    // After it, whoever knows the password comes in.
    app.administrator().await?;
    app.stop().await
}
