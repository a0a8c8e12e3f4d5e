//! The end of the chain, told to a stream of its own and to the log: whoever has the database alone can't change those.

use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::encoding::Hash;
use crate::events::Events;

/// Of one service; the older ones say nothing that the newer don't.
const KEPT: i64 = 100_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Checkpoint {
    pub sequence: i64,
    /// Hexadecimal.
    pub digest: String,
    pub time: DateTime<Utc>,
    /// The database was restored and its chain ends here since: what was told of later places no longer counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
}

/// Those of one service. Cheap to clone.
#[derive(Clone)]
pub struct Checkpoints {
    events: Events,
    service: &'static str,
}

impl Checkpoints {
    pub fn new(events: &Events, service: &'static str) -> Self {
        Self { events: events.clone(), service }
    }

    fn subject(&self) -> String {
        format!("{}.audit.{}", self.events.prefix(), self.service)
    }

    async fn stream(&self) -> anyhow::Result<Stream> {
        let prefix = self.events.prefix();
        let config = Config {
            name: format!("{prefix}_audit"),
            description: Some("Ends of the audit chains, to compare the databases with".into()),
            subjects: vec![format!("{prefix}.audit.*")],
            storage: StorageType::File,
            num_replicas: self.events.replicas(),
            max_messages_per_subject: KEPT,
            discard: DiscardPolicy::Old,
            deny_delete: true,
            ..Config::default()
        };
        Ok(self.events.jetstream().get_or_create_stream(config).await?)
    }

    pub(super) async fn tell(&self, sequence: i64, digest: &Hash) -> anyhow::Result<()> {
        self.publish(sequence, &hex(digest), false).await
    }

    /// Says that the chain ends here after a restore.
    pub async fn tell_restored(&self, sequence: i64, digest: &[u8]) -> anyhow::Result<()> {
        self.publish(sequence, &hex(digest), true).await
    }

    async fn publish(&self, sequence: i64, digest: &str, restored: bool) -> anyhow::Result<()> {
        let checkpoint = Checkpoint { sequence, digest: digest.to_owned(), time: Utc::now(), restored };
        tracing::info!(service = self.service, sequence, digest, restored, "audit checkpoint");
        self.stream().await?;
        let payload = serde_json::to_vec(&checkpoint)?;
        self.events.jetstream().publish(self.subject(), payload.into()).await?.await?;
        Ok(())
    }

    /// All that are kept, oldest first.
    pub async fn all(&self) -> anyhow::Result<Vec<Checkpoint>> {
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        read.context("the event stream does not answer")?
    }

    async fn read(&self) -> anyhow::Result<Vec<Checkpoint>> {
        let config =
            pull::Config { ack_policy: AckPolicy::None, filter_subject: self.subject(), ..pull::Config::default() };
        let mut consumer = self.stream().await?.create_consumer(config).await?;
        let count = usize::try_from(consumer.info().await?.num_pending)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut messages = consumer.messages().await?.take(count);
        let mut found = Vec::with_capacity(count);
        while let Some(message) = messages.next().await {
            found.push(serde_json::from_slice(&message?.payload).context("a checkpoint")?);
        }
        Ok(found)
    }
}

pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
