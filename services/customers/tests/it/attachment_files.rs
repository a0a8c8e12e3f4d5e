//! What stories of attachments have in common: files, how they are sent and fetched, and a bucket of a server that speaks
//! like Amazon's.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Answer, Session, http_client};
use platform::blob::S3Config;
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::story::{Story, id};

/// Sends a file to a record, as a browser does.
pub async fn attach(session: &Session, record: &str, query: &[(&str, &str)], content: &[u8]) -> Result<Answer> {
    let request = session.request(Method::POST, &format!("/v1/{record}/attachments"))?.query(query);
    sent(request.header("content-type", "application/x-whatever").body(content.to_vec())).await
}

pub async fn sent(request: reqwest::RequestBuilder) -> Result<Answer> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.json().await? })
}

pub async fn download(session: &Session, attachment: &Value) -> Result<(reqwest::header::HeaderMap, Vec<u8>)> {
    let answer = session.request(Method::GET, &format!("/v1/attachments/{}:download", id(attachment)?))?.send().await?;
    ensure!(answer.status() == 200, "{} {}", answer.status(), answer.text().await?);
    Ok((answer.headers().clone(), answer.bytes().await?.to_vec()))
}

/// Begins like a picture; the rest never repeats.
pub fn a_picture(length: usize) -> Vec<u8> {
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    picture.extend((picture.len()..length).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8));
    picture
}

/// A second of silence.
pub fn a_recording() -> Vec<u8> {
    let samples = 8_000_u32;
    let mut sound = Vec::new();
    sound.extend(b"RIFF");
    sound.extend((36 + samples).to_le_bytes());
    sound.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    sound.extend(8_000_u32.to_le_bytes());
    sound.extend(8_000_u32.to_le_bytes());
    sound.extend(b"\x01\0\x08\0data");
    sound.extend(samples.to_le_bytes());
    sound.resize(44 + samples as usize, 0x80);
    sound
}

/// A server that speaks like Amazon's, in a process of its own.
pub struct Bucket {
    pub config: S3Config,
    _process: Child,
}

impl Bucket {
    pub async fn start() -> Result<Self> {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev/venv/bin/python");
        ensure!(python.exists(), "run `python3 deploy/local/tools.py`, or the tests by `make test`");
        let mut process = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stderr.take().context("stderr")?).lines();
        let endpoint = loop {
            let line = lines.next_line().await?.context("the server starts")?;
            if let Some((_, address)) = line.split_once("Running on ") {
                break address.trim().to_owned();
            }
        };
        // It waits when nobody reads what it says.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        http_client().build()?.put(format!("{endpoint}/changke-files")).send().await?.error_for_status()?;
        let config = S3Config {
            endpoint,
            region: "us-east-1".into(),
            bucket: "changke-files".into(),
            path_style: true,
            access_key_id: "id".into(),
            secret_access_key: "secret".into(),
        };
        Ok(Self { config, _process: process })
    }

    /// Names and sizes of all objects, as the server tells them.
    pub async fn objects(&self) -> Result<Vec<String>> {
        let list = http_client().build()?.get(format!("{}/changke-files?list-type=2", self.config.endpoint));
        let list = list.send().await?.error_for_status()?.text().await?;
        let keys = list.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        Ok(keys.map(str::to_owned).collect())
    }
}

/// Everything below a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

/// How many rows a table of the service has.
pub async fn count(story: &Story, table: &str) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM customers.{table}"));
    Ok(sqlx::query_scalar(sql).fetch_one(&mut story.app.database().await?).await?)
}

pub fn disk(story: &Story) -> PathBuf {
    story.app.config.blob.directory.clone().unwrap()
}
