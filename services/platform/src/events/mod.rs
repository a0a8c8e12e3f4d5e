//! Events from one service to others: `relay` moves the outbox to one JetStream stream, `consumer` takes them from there
//! into another service's transactions. Both run once per service over all replicas, by a `lease` in the database. `tail`
//! is for hints alone, in every process.

mod consumer;
mod envelope;
mod inbox;
mod lease;
mod pace;
mod relay;
mod tail;

use std::time::Duration;

use async_nats::jetstream::{self, ErrorCode, context::GetStreamErrorKind, stream};
use async_nats::{Client, ConnectOptions, ServerAddr, connection::State};
use percent_encoding::percent_decode_str;

pub use consumer::{Consumer, Handler, Monitor, Retrier, Retries, span};
pub use envelope::Envelope;
pub use relay::Relay;
pub use tail::Tail;

use crate::config::NatsConfig;

/// How long the stream remembers the ids of events, so that one published twice is kept once.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// How long an answer of the stream may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a relay or consumer is doing, for readiness and the status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Another replica holds the lease; this one takes over when it goes.
    Standby,
    Active,
    /// Keeps trying; why it fails.
    Failing(String),
}

/// The stream of events. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    client: Client,
    jetstream: jetstream::Context,
    prefix: String,
    replicas: usize,
}

/// Reaches for the server and comes back at once, whether it answers yet or not.
pub async fn connect(config: &NatsConfig) -> anyhow::Result<Events> {
    let address: ServerAddr = config.url.parse()?;
    let mut options = match &config.credentials {
        Some(file) => ConnectOptions::with_credentials_file(file).await?,
        None => ConnectOptions::new(),
    };
    // The client itself leaves aside what the URL says about them.
    if let (Some(user), Some(password)) = (address.username(), address.password()) {
        let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        options = options.user_and_password(decode(user), decode(password));
    }
    let client = options
        .name("changke")
        .retry_on_initial_connect()
        .event_callback(async |event| tracing::info!("event stream: {event}"))
        .connect(address)
        .await?;
    let mut jetstream = jetstream::new(client.clone());
    jetstream.set_timeout(TIMEOUT);
    Ok(Events { client, jetstream, prefix: config.prefix.clone(), replicas: config.replicas })
}

impl Events {
    /// Whether the server is reachable right now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// What the names of this installation's streams and subjects begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How many copies of a stream the cluster keeps.
    pub(crate) fn replicas(&self) -> usize {
        self.replicas
    }

    /// For what stands beside the stream of events.
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// Sends what the client still holds, before the process ends.
    pub async fn flush(&self) -> anyhow::Result<()> {
        tokio::time::timeout(TIMEOUT, self.client.flush()).await??;
        Ok(())
    }

    /// The stream of all events, made when it isn't there.
    pub async fn stream(&self) -> anyhow::Result<stream::Stream> {
        let name = format!("{}_events", self.prefix);
        match self.jetstream.get_stream(&name).await {
            Ok(stream) if stream.cached_info().config.num_replicas != self.replicas => {
                let config = stream::Config { num_replicas: self.replicas, ..stream.cached_info().config.clone() };
                self.jetstream.update_stream(config).await?;
                Ok(stream)
            }
            Ok(stream) => Ok(stream),
            Err(error) if is_missing(&error.kind()) => Ok(self
                .jetstream
                .create_stream(stream::Config {
                    name,
                    description: Some("What happened in Changke, as CloudEvents".into()),
                    subjects: vec![format!("{}.events.>", self.prefix)],
                    storage: stream::StorageType::File,
                    num_replicas: self.replicas,
                    duplicate_window: DUPLICATE_WINDOW,
                    ..stream::Config::default()
                })
                .await?),
            Err(error) => Err(error.into()),
        }
    }

    /// `{prefix}.events.{service}.{aggregate}.{Message}`, where the event's type is `changke.{service}.v1.{Message}`.
    fn subject(&self, service: &str, aggregate: &str, event_type: &str) -> String {
        let message = event_type.rsplit('.').next().unwrap_or(event_type);
        format!("{}.events.{service}.{aggregate}.{message}", self.prefix)
    }

    /// What matches all events of a type, whatever aggregate they belong to.
    fn subject_filter(&self, event_type: &str) -> String {
        let service = event_type.split('.').nth(1).unwrap_or("*");
        self.subject(service, "*", event_type)
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
