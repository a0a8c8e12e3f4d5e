//! Objects in a bucket. Each request is signed for itself and for a short time.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Client, RequestBuilder, Response, redirect};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio_util::io::ReaderStream;

use super::{Content, Key, PIECE, S3Config};

/// How long a signature holds: until the request has arrived.
const VALID: Duration = Duration::from_secs(300);
const CONNECT: Duration = Duration::from_secs(5);
/// Without a byte.
const SILENCE: Duration = Duration::from_secs(60);

pub struct S3 {
    client: Client,
    bucket: Bucket,
    credentials: Credentials,
}

impl S3 {
    pub fn new(config: &S3Config) -> anyhow::Result<Self> {
        let endpoint = config.url().context("blob.s3.endpoint")?;
        let style = if config.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let client = Client::builder()
            .tls_backend_preconfigured(crate::tls::client()?)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .http1_only()
            .build()
            .context("blob.s3")?;
        Ok(Self {
            client,
            bucket: Bucket::new(endpoint, style, config.bucket.clone(), config.region.clone()).context("blob.s3")?,
            credentials: Credentials::new(&config.access_key_id, &config.secret_access_key),
        })
    }

    pub async fn put(&self, key: Key, file: File) -> anyhow::Result<()> {
        let length = file.metadata()?.len();
        let content = ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE);
        let url = self.bucket.put_object(Some(&self.credentials), &name(key)).sign(VALID);
        let request = self.client.put(url).header(CONTENT_LENGTH, length).body(Body::wrap_stream(content));
        sent("put", request).await?;
        Ok(())
    }

    pub async fn get(&self, key: Key) -> anyhow::Result<Content> {
        let url = self.bucket.get_object(Some(&self.credentials), &name(key)).sign(VALID);
        let answer = sent("get", self.client.get(url)).await?;
        Ok(answer.bytes_stream().map_err(|error| std::io::Error::other(error.without_url())).boxed())
    }

    pub async fn remove(&self, key: Key) -> anyhow::Result<()> {
        let url = self.bucket.delete_object(Some(&self.credentials), &name(key)).sign(VALID);
        // One that isn't there is answered like one that was.
        sent("delete", self.client.delete(url)).await?;
        Ok(())
    }
}

fn name(key: Key) -> String {
    format!("{}/{}", key.service, key.id)
}

/// A failure names the fault that the store names, and never the signed address.
async fn sent(what: &str, request: RequestBuilder) -> anyhow::Result<Response> {
    let answer = request.send().await.map_err(reqwest::Error::without_url).with_context(|| format!("s3 {what}"))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    bail!("s3 {what}: {status} {code}")
}
