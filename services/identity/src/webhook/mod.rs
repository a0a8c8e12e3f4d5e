//! Webhooks: `endpoint` is who is told, `feed` takes the events of all services in, `event` makes messages of them,
//! `deliverer` sends them through `transport`, which goes nowhere that `address` refuses, `delivery` shows what came of it
//! and sends again, and `notice` tells people of an endpoint that takes nothing any more.

mod address;
mod clock;
mod deliverer;
mod delivery;
mod endpoint;
mod event;
mod feed;
mod notice;
mod replay;
mod signature;
mod transport;

pub use clock::Clock;
pub(crate) use deliverer::Deliverer;
pub(crate) use delivery::store::events_prune;
pub use feed::CONSUMER;
pub(crate) use feed::Feed;
pub(crate) use notice::SendNotice;
pub(crate) use replay::Replay;
pub(crate) use transport::Transport;
pub use transport::{Names, SystemNames};

use std::sync::Arc;

use platform::error::Result;
use uuid::Uuid;

use crate::seal::Seal;

/// What lies outside of the process: time and the names of hosts.
#[derive(Clone)]
pub struct Outside {
    pub clock: Clock,
    pub names: Arc<dyn Names>,
}

impl Default for Outside {
    fn default() -> Self {
        Self { clock: Clock::default(), names: Arc::new(SystemNames) }
    }
}

/// What webhooks need beside the database.
pub(crate) struct Webhooks {
    pub clock: Clock,
    pub seal: Seal,
    pub transport: Transport,
}

fn place(endpoint_id: Uuid) -> Vec<u8> {
    [b"webhook secret ".as_slice(), endpoint_id.as_bytes()].concat()
}

impl Webhooks {
    fn seal_secret(&self, endpoint_id: Uuid, secret: &[u8]) -> Result<Vec<u8>> {
        self.seal.close(&place(endpoint_id), secret)
    }

    fn open_secret(&self, endpoint_id: Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
        self.seal.open(&place(endpoint_id), sealed)
    }
}
