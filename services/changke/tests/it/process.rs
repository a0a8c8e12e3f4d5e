//! A process of the product on a test's database.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use changke::Config;
use changke::testkit::TestApp;
use serde_json::Value;
use tokio::process::{Child, ChildStdout, Command};

pub struct Process {
    pub base_url: String,
    child: Child,
}

/// The binary with nothing in its environment but these settings.
pub fn changke(arguments: &[&str], settings: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_changke"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command.envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

/// The settings of a test as an operator gives them.
pub fn settings(config: &Config, listen: &str) -> Vec<(&'static str, String)> {
    let apart = config.database.service_urls.get("customers");
    let apart = apart.map(|url| ("CHANGKE_DATABASE__SERVICE_URLS__CUSTOMERS", url.clone()));
    let common = vec![
        ("CHANGKE_DATABASE__URL", config.database.url.clone()),
        ("CHANGKE_DATABASE__ROLE_SECRET", config.database.role_secret.clone()),
        ("CHANGKE_NATS__URL", config.nats.url.clone()),
        ("CHANGKE_NATS__PREFIX", config.nats.prefix.clone()),
        ("CHANGKE_CLUSTER__SECRET", config.cluster.secret.clone()),
        ("CHANGKE_CLUSTER__LINGER_SECONDS", "0".to_owned()),
        ("CHANGKE_GATEWAY__LISTEN", listen.to_owned()),
        ("CHANGKE_GATEWAY__RATE_LIMIT__PER_SECOND", "0".to_owned()),
        ("CHANGKE_GATEWAY__RATE_LIMIT__SIGN_INS_PER_MINUTE", "0".to_owned()),
        ("CHANGKE_IDENTITY__HASHING__MEMORY_KIB", config.identity.hashing.memory_kib.to_string()),
        ("CHANGKE_IDENTITY__HASHING__ITERATIONS", config.identity.hashing.iterations.to_string()),
        ("CHANGKE_TELEMETRY__LOG_FILTER", "warn".to_owned()),
    ];
    let files = config.blob.directory.as_ref();
    let files = files.map(|directory| ("CHANGKE_BLOB__DIRECTORY", directory.display().to_string()));
    common.into_iter().chain(apart).chain(files).collect()
}

/// An address that is free right now. Whoever is given one that was taken meanwhile fails to start, and is started anew.
pub fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

impl Process {
    /// Serves all services, ready for calls.
    pub async fn serve(config: &Config) -> Result<Self> {
        Self::start(config, |_| Ok(())).await
    }

    /// The same with what it prints.
    pub async fn serve_heard(config: &Config) -> Result<(Self, ChildStdout)> {
        let piped = |command: &mut Command| -> Result<()> {
            command.stdout(Stdio::piped());
            Ok(())
        };
        let mut process = Self::start(config, piped).await?;
        let said = process.child.stdout.take().context("nothing to hear")?;
        Ok((process, said))
    }

    /// The same with a log of everything in a file.
    pub async fn serve_logged(config: &Config, log: &Path) -> Result<Self> {
        let logged = |command: &mut Command| -> Result<()> {
            let file = File::options().create(true).append(true).open(log)?;
            command.env("CHANGKE_TELEMETRY__LOG_FILTER", "debug").stderr(file);
            Ok(())
        };
        Self::start(config, logged).await
    }

    async fn start(config: &Config, adjust: impl Fn(&mut Command) -> Result<()>) -> Result<Self> {
        for _ in 0..3 {
            let listen = free_address()?;
            let mut command = changke(&["serve"], &settings(config, &listen));
            adjust(&mut command)?;
            let child = command.spawn()?;
            let mut process = Self { base_url: format!("http://{listen}"), child };
            if process.is_ready().await? {
                return Ok(process);
            }
        }
        anyhow::bail!("the process does not get ready")
    }

    /// False when it ended before.
    async fn is_ready(&mut self) -> Result<bool> {
        let started = Instant::now();
        let http = changke::testkit::http_client().build()?;
        while self.child.try_wait()?.is_none() {
            let answer = http.get(format!("{}/health/ready", self.base_url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(true);
            }
            ensure!(started.elapsed() < Duration::from_secs(60), "not ready in a minute");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(false)
    }

    /// `kill -9`: nothing of the process gets to run.
    pub async fn kill(mut self) -> Result<()> {
        self.child.start_kill()?;
        let status = self.child.wait().await?;
        ensure!(!status.success(), "it had ended before");
        Ok(())
    }

    /// Asks it to end, as Kubernetes does, and answers how it ended.
    pub async fn terminate(mut self) -> Result<std::process::ExitStatus> {
        let id = self.child.id().context("it has ended")?;
        let told = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(told.success(), "no such process");
        Ok(tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await??)
    }
}

/// Kills the process again and again until a record has left a state; what `count` counts of it may only grow.
pub async fn outlived(
    app: &mut TestApp,
    mut process: Process,
    path: &str,
    state: &str,
    count: impl Fn(&Value) -> i64,
) -> Result<Process> {
    let mut database = app.database().await?;
    let (mut kills, mut known) = (0, 0);
    loop {
        let admin = app.administrator().await?;
        let looked = async || admin.get(path).await?.ok();
        app.until("it goes on", async || looked().await.is_ok_and(|now| count(&now) > known || now["state"] != state))
            .await?;
        // Anywhere within a batch.
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..100))).await;
        let now = looked().await?;
        assert!(count(&now) >= known, "what was done is lost: {now}");
        if now["state"] != state {
            assert!(kills >= 1, "never killed");
            return Ok(process);
        }
        known = count(&now);
        process.kill().await?;
        kills += 1;
        // Nobody waits for a dead process's lease to run out.
        sqlx::query("UPDATE customers.job SET lease_until = now() WHERE state = 'leased'")
            .execute(&mut database)
            .await?;
        process = Process::serve(&app.config).await?;
        app.base_url.clone_from(&process.base_url);
    }
}
