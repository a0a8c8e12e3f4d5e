//! Events as they come, to every process that listens, and nobody's position is kept: for hints, which whoever missed some
//! can do without. What must not be missed is a `consumer`'s.

use std::time::Duration;

use anyhow::{Context, bail};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures::StreamExt;

use super::{Envelope, Events};

const BATCH: usize = 512;

/// How often a silent stream shows that it lives; after two of them missed it counts as gone.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long the stream keeps the consumer of a process that is gone.
const INACTIVE: Duration = Duration::from_secs(30);

/// The end of the stream of events. After an error something may have been missed, and a new one is needed.
pub struct Tail {
    messages: pull::Stream,
    delivery: u64,
}

impl Events {
    /// The events of a service from now on.
    pub async fn tail(&self, service: &str) -> anyhow::Result<Tail> {
        let config = pull::Config {
            filter_subject: format!("{}.events.{service}.>", self.prefix),
            deliver_policy: DeliverPolicy::New,
            ack_policy: AckPolicy::None,
            inactive_threshold: INACTIVE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.stream().await?.create_consumer(config).await?;
        let messages = consumer.stream().max_messages_per_batch(BATCH).heartbeat(HEARTBEAT).messages().await?;
        Ok(Tail { messages, delivery: 0 })
    }
}

impl Tail {
    /// The next event. A call of it that is dropped loses nothing.
    pub async fn next(&mut self) -> anyhow::Result<Envelope> {
        loop {
            let message = self.messages.next().await.context("the stream ended")??;
            let info = message.info().map_err(|error| anyhow::anyhow!("{error}"))?;
            if info.consumer_sequence != self.delivery + 1 {
                bail!("delivery {} follows {}", info.consumer_sequence, self.delivery);
            }
            self.delivery = info.consumer_sequence;
            match Envelope::from_message(&message, info.stream_sequence) {
                Ok(event) => return Ok(event),
                Err(error) => tracing::error!(subject = %message.subject, "no event of ours: {error:#}"),
            }
        }
    }
}
