//! The INSTREAM command of ClamAV's daemon: the content in pieces, each behind its length, and a verdict.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use platform::blob::Content;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(300);
/// More than any verdict has.
const MAX_VERDICT: u64 = 4 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    /// With the name of what was found.
    Found(String),
}

pub async fn scan(address: &str, content: Content) -> anyhow::Result<Verdict> {
    let connection = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
    let connection = connection.context("clamd does not answer")?.context("clamd")?;
    let verdict =
        tokio::time::timeout(PATIENCE, exchange(connection, content)).await.context("clamd takes too long")??;
    understood(&verdict)
}

async fn exchange(mut connection: TcpStream, mut content: Content) -> anyhow::Result<String> {
    let (read, mut write) = connection.split();
    let mut sent = write.write_all(b"zINSTREAM\0").await;
    while sent.is_ok()
        && let Some(piece) = content.next().await
    {
        let piece = piece.context("the content")?;
        // A length of nought is the end.
        if !piece.is_empty() {
            sent = write.write_all(&u32::try_from(piece.len())?.to_be_bytes()).await;
            if sent.is_ok() {
                sent = write.write_all(&piece).await;
            }
        }
    }
    if sent.is_ok() {
        sent = write.write_all(&[0; 4]).await;
    }
    // It may have seen enough before the end, and says so.
    let mut verdict = Vec::new();
    let answered = read.take(MAX_VERDICT).read_to_end(&mut verdict).await;
    if verdict.is_empty() {
        sent.and(answered.map(|_| ())).context("clamd")?;
    }
    Ok(String::from_utf8_lossy(&verdict).trim_matches(['\0', '\n', ' ']).to_owned())
}

fn understood(verdict: &str) -> anyhow::Result<Verdict> {
    let said = verdict.strip_prefix("stream: ").unwrap_or(verdict);
    if said == "OK" {
        return Ok(Verdict::Clean);
    }
    if let Some(name) = said.strip_suffix(" FOUND") {
        return Ok(Verdict::Found(name.chars().take(200).collect()));
    }
    // What it never looks at can't be called clean.
    if said.contains("size limit exceeded") {
        return Ok(Verdict::Found("INSTREAM size limit exceeded".to_owned()));
    }
    bail!("clamd answers {said:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ok_is_clean() {
        assert_eq!(understood("stream: OK").unwrap(), Verdict::Clean);
        assert_eq!(understood("stream: Eicar-Signature FOUND").unwrap(), Verdict::Found("Eicar-Signature".into()));
        let beyond = understood("INSTREAM size limit exceeded. ERROR").unwrap();
        assert_eq!(beyond, Verdict::Found("INSTREAM size limit exceeded".into()));
        for odd in ["", "stream: ", "UNKNOWN COMMAND", "stream: OK and more", "Can't allocate memory ERROR"] {
            assert!(understood(odd).is_err(), "{odd}");
        }
    }
}
