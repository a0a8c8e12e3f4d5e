//! A stream of messages, read line by line as they come.

use anyhow::{Context as _, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

use super::{PATIENCE, Session};

pub struct Lines {
    response: reqwest::Response,
    pending: Vec<u8>,
}

impl Session {
    /// Opens a stream of messages.
    pub async fn lines(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Lines> {
        let request = self.request(Method::GET, path)?.query(query).timeout(PATIENCE * 30);
        let response = request.send().await?;
        ensure!(response.status() == StatusCode::OK, "{} {}", response.status(), response.text().await?);
        Ok(Lines { response, pending: Vec::new() })
    }
}

impl Lines {
    /// The next message; nothing at the end of the stream.
    pub async fn next(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                // A blank line only says that the stream lives.
                if line.len() > 1 {
                    return Ok(Some(serde_json::from_slice(&line)?));
                }
                continue;
            }
            let piece = timeout(PATIENCE, self.response.chunk()).await.context("waited in vain for a message")??;
            match piece {
                Some(piece) => self.pending.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}
