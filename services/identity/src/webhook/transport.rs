//! One attempt to send a message. The name is resolved here and the connection goes to the very address that was looked
//! at, so a name that answers otherwise the second time (DNS rebinding) gains nothing. Redirects and proxies are not
//! followed.

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use url::{Host, Url};

use super::{address, signature};
use crate::config::WebhookConfig;

/// How much of an answer is kept.
const ANSWER: usize = 1024;

/// The addresses behind a name.
#[tonic::async_trait]
pub trait Names: Send + Sync + 'static {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// As the system resolves names.
pub struct SystemNames;

#[tonic::async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no message may go to this address")]
    Address,
    #[error("the name is not known")]
    Name,
}

/// Answers the addresses that a message may go to, or refuses.
struct Guarded {
    names: Arc<dyn Names>,
    allowed: Arc<[IpNet]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, allowed) = (self.names.clone(), self.allowed.clone());
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await.map_err(|_| Refusal::Name)?;
            if found.is_empty() {
                return Err(Refusal::Name.into());
            }
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| address::permits(&allowed, *address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            match permitted.is_empty() {
                true => Err(Refusal::Address.into()),
                false => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// A message with all that its signature covers.
pub struct Outgoing<'a> {
    pub url: &'a str,
    pub webhook_id: &'a str,
    pub timestamp: i64,
    pub body: &'a str,
    /// Signs by each.
    pub secrets: &'a [Vec<u8>],
}

/// What became of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// 0 when there was no answer.
    pub status_code: i32,
    pub latency: Duration,
    /// Why there was none.
    pub failure: &'static str,
    pub answer: String,
    pub retry_after: Option<Duration>,
}

impl Outcome {
    pub fn failed(failure: &'static str) -> Self {
        Self { failure, ..Self::default() }
    }
}

pub struct Transport {
    client: Client,
    allowed: Arc<[IpNet]>,
}

impl Transport {
    pub fn new(config: &WebhookConfig, names: Arc<dyn Names>) -> anyhow::Result<Self> {
        let allowed: Arc<[IpNet]> = config.allow_private_networks.clone().into();
        let client = Client::builder()
            .tls_backend_preconfigured(platform::tls::client()?)
            .dns_resolver(Arc::new(Guarded { names, allowed: allowed.clone() }))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(config.timeout())
            // Looked at anew for every message.
            .pool_max_idle_per_host(0)
            .http1_only()
            .user_agent("Changke-Webhooks/1")
            .build()
            .context("webhooks")?;
        Ok(Self { client, allowed })
    }

    pub async fn send(&self, outgoing: &Outgoing<'_>) -> Outcome {
        let started = Instant::now();
        let mut outcome = self.attempt(outgoing).await;
        outcome.latency = started.elapsed();
        outcome
    }

    async fn attempt(&self, outgoing: &Outgoing<'_>) -> Outcome {
        let Ok(url) = Url::parse(outgoing.url) else { return Outcome::failed("ADDRESS_REFUSED") };
        // Literal addresses pass by the resolver.
        if !permits_literal(&self.allowed, &url) {
            return Outcome::failed("ADDRESS_REFUSED");
        }
        let signature = signature::sign(outgoing.secrets, outgoing.webhook_id, outgoing.timestamp, outgoing.body);
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", outgoing.webhook_id)
            .header("webhook-timestamp", outgoing.timestamp)
            .header("webhook-signature", signature)
            .body(outgoing.body.to_owned())
            .send();
        match sent.await {
            Ok(response) => answered(response).await,
            Err(error) => Outcome::failed(reason(&error)),
        }
    }
}

/// Whether the host of a URL is a name, or an address that a message may go to.
pub fn permits_literal(allowed: &[IpNet], url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address::permits(allowed, address.into()),
        Some(Host::Ipv6(address)) => address::permits(allowed, address.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// The status counts; of the rest the beginning is kept, as far as it comes in time.
async fn answered(mut response: Response) -> Outcome {
    let mut outcome = Outcome {
        status_code: response.status().as_u16().into(),
        retry_after: response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| retry_after(value.to_str().ok()?, Utc::now())),
        ..Outcome::default()
    };
    let mut answer = Vec::new();
    while answer.len() < ANSWER
        && let Ok(Some(piece)) = response.chunk().await
    {
        answer.extend_from_slice(&piece[..piece.len().min(ANSWER - answer.len())]);
    }
    // Postgres refuses NUL.
    outcome.answer = String::from_utf8_lossy(&answer).replace('\0', "");
    outcome
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    (date.with_timezone(&Utc) - now).to_std().ok()
}

fn reason(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<Refusal>() {
            Some(Refusal::Address) => return "ADDRESS_REFUSED",
            Some(Refusal::Name) => return "NAME_UNKNOWN",
            None => {}
        }
        if is_of_tls(error) {
            return "TLS_FAILED";
        }
        cause = error.source();
    }
    if error.is_timeout() { "TIMED_OUT" } else { "CONNECTION_FAILED" }
}

/// What an error of input and output wraps is not among its sources.
fn is_of_tls(error: &(dyn StdError + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inner.is_some_and(|inner| is_of_tls(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_addresses_are_known_in_every_spelling() {
        for (url, open) in [
            ("https://example.com/hook", true),
            ("https://127.0.0.1/", false),
            ("https://2130706433/", false),
            ("https://0x7f.1/", false),
            ("https://0177.0.0.1/", false),
            ("https://127.1/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:169.254.169.254]/", false),
            ("https://１２７.0.0.1/", false),
            ("https://8.8.8.8/", true),
        ] {
            assert_eq!(permits_literal(&[], &Url::parse(url).unwrap()), open, "{url}");
        }
    }

    #[test]
    fn a_receiver_may_say_when_to_come_again() {
        let now = DateTime::from_timestamp(1_445_412_420, 0).unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:26:00 GMT", now), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
