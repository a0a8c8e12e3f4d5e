//! Reports from a star schema that events feed: `feed` takes events in, `composition` counts.

mod composition;
mod config;
mod error;
mod feed;

pub use config::Config;
use contracts::customers::{CustomerChanged, CustomerShareChanged};
use contracts::reporting::composition_service_server::CompositionServiceServer;
use contracts::unary::CompositionServiceUnary;
use platform::events::Consumer;
use platform::service::{Context, Parts, Services};

pub const NAME: &str = "reporting";

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub async fn build(_: Config, context: Context) -> anyhow::Result<Parts> {
    let consumer = Consumer::new(&context.db, &context.events, feed::CONSUMER, feed::StarSchema)
        .event::<CustomerChanged>()
        .event::<CustomerShareChanged>();
    let feeding = feed::Feeding { db: context.db, monitor: consumer.monitor() };
    let compositions = composition::Compositions::new(feeding);
    Ok(Parts {
        services: Services::default().add(compositions, CompositionServiceServer::from_arc, CompositionServiceUnary),
        consumers: vec![consumer],
        worker: None,
        tasks: Vec::new(),
    })
}
