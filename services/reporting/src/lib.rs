//! Reports from a star schema that events feed: `feed` takes events in, `composition` counts.

mod composition;
mod config;
mod error;
mod feed;
mod subject;

use std::slice;

pub use config::Config;
use contracts::customers::{CustomerChanged, CustomerShareChanged};
use contracts::reporting::composition_service_server::CompositionServiceServer;
use contracts::reporting::reporting_operations_service_server::{
    ReportingOperationsService, ReportingOperationsServiceServer,
};
use contracts::reporting::reporting_subject_service_server::ReportingSubjectServiceServer;
use contracts::unary::{CompositionServiceUnary, ReportingOperationsServiceUnary, ReportingSubjectServiceUnary};
use platform::events::Consumer;
use platform::jobs::Worker;
use platform::operations::{ByContract, Operations};
use platform::service::{Context, Parts, Services};

pub const NAME: &str = "reporting";

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

platform::serve_operations!(ReportingOperationsService);

pub async fn build(_: Config, context: Context) -> anyhow::Result<Parts> {
    let consumer = Consumer::new(&context.db, &context.events, feed::CONSUMER, feed::StarSchema)
        .event::<CustomerChanged>()
        .event::<CustomerShareChanged>();
    let db = context.db;
    let feeding = feed::Feeding { db: db.clone(), monitor: consumer.monitor() };
    let compositions = composition::Compositions::new(feeding);
    let operations = Operations::new(&db, &context.events, slice::from_ref(&consumer), ByContract);
    Ok(Parts {
        services: Services::default()
            .add(compositions, CompositionServiceServer::from_arc, CompositionServiceUnary)
            .add(OperationsRpc(operations), ReportingOperationsServiceServer::from_arc, ReportingOperationsServiceUnary)
            .add(subject::rpc(&db), ReportingSubjectServiceServer::from_arc, ReportingSubjectServiceUnary),
        consumers: vec![consumer],
        worker: Some(Worker::new(&db)),
        tasks: Vec::new(),
    })
}
