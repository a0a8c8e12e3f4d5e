//! Takes the events of all services in: each that an endpoint asks for is kept, with one delivery for every enabled
//! endpoint that does.

use platform::db::Tx;
use platform::error::Result;
use platform::events::{Envelope, Handler};

use super::clock::Clock;
use super::delivery::store::{self, NewDelivery};
use super::{endpoint, event};

/// Name of the durable consumer; must never change.
pub const CONSUMER: &str = "webhooks";

pub struct Feed {
    pub clock: Clock,
}

#[tonic::async_trait]
impl Handler for Feed {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        self.handle_batch(tx, &[event]).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[&Envelope]) -> Result<()> {
        let filters = endpoint::store::filters(tx.connection()).await?;
        if filters.is_empty() {
            return Ok(());
        }
        let (mut messages, mut deliveries) = (Vec::new(), Vec::new());
        for event in events {
            let Some(event_type) = event::known_type(event) else { continue };
            let mut asked_for = false;
            for filter in filters.iter().filter(|filter| filter.takes(&event_type)) {
                asked_for = true;
                if filter.enabled {
                    let (endpoint_id, event_id) = (filter.endpoint_id, event.id);
                    deliveries.push(NewDelivery {
                        endpoint_id,
                        event_id,
                        record_id: event.aggregate_id,
                        event_time: event.time,
                    });
                }
            }
            if asked_for {
                messages.push(event::message(event, event_type)?);
            }
        }
        store::events_insert(tx.connection(), &messages).await?;
        store::deliveries_insert(tx.connection(), &deliveries, self.clock.now()).await
    }
}
