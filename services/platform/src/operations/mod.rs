//! The operations service that every service has: its audit trail (`trail`), its state (`status`), and the work it could
//! not do (`work`). All is done here; `serve_operations!` makes it the service of a contract.

mod status;
mod trail;
mod work;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::operations::AuditedChange;

use crate::access::Caller;
use crate::audit::personal::Kind;
use crate::db::Db;
use crate::error::Result;
use crate::events::{Consumer, Events, Monitor, Retrier};

/// Answers for a change of a record of that kind; nothing where the contract is to be asked.
pub type Kinds = Box<dyn Fn(&str, &AuditedChange) -> Option<Kind> + Send + Sync>;

/// What a service knows of the fields of its records beyond the contract.
#[async_trait]
pub trait FieldKinds: Send + Sync {
    /// For a reader of the trail.
    async fn now(&self, reader: &Caller) -> Result<Kinds>;
}

/// A service whose contract says all of its fields.
pub struct ByContract;

#[async_trait]
impl FieldKinds for ByContract {
    async fn now(&self, _: &Caller) -> Result<Kinds> {
        Ok(Box::new(|_, _| None))
    }
}

pub struct Operations {
    db: Db,
    events: Events,
    monitors: Vec<Monitor>,
    retriers: Vec<Retrier>,
    kinds: Arc<dyn FieldKinds>,
    start_time: DateTime<Utc>,
}

impl Operations {
    pub fn new(db: &Db, events: &Events, consumers: &[Consumer], kinds: impl FieldKinds + 'static) -> Self {
        Self {
            db: db.clone(),
            events: events.clone(),
            monitors: consumers.iter().map(Consumer::monitor).collect(),
            retriers: consumers.iter().map(Consumer::retrier).collect(),
            kinds: Arc::new(kinds),
            start_time: Utc::now(),
        }
    }
}

/// Makes `OperationsRpc`, the operations service of a contract:
/// `serve_operations!(contracts::reporting::reporting_operations_service_server::ReportingOperationsService)`.
#[macro_export]
macro_rules! serve_operations {
    ($service:path) => {
        pub struct OperationsRpc(pub $crate::operations::Operations);

        #[tonic::async_trait]
        impl $service for OperationsRpc {
            async fn list_audit_entries(
                &self,
                request: tonic::Request<contracts::operations::ListAuditEntriesRequest>,
            ) -> Result<tonic::Response<contracts::operations::ListAuditEntriesResponse>, tonic::Status> {
                self.0.list_audit_entries(request).await
            }

            type ExportAuditEntriesStream = $crate::sheet::write::Answer;

            async fn export_audit_entries(
                &self,
                request: tonic::Request<contracts::operations::ExportAuditEntriesRequest>,
            ) -> Result<tonic::Response<Self::ExportAuditEntriesStream>, tonic::Status> {
                self.0.export_audit_entries(request).await
            }

            async fn get_service_status(
                &self,
                request: tonic::Request<contracts::operations::GetServiceStatusRequest>,
            ) -> Result<tonic::Response<contracts::operations::ServiceStatus>, tonic::Status> {
                self.0.get_service_status(request).await
            }

            async fn list_dead_jobs(
                &self,
                request: tonic::Request<contracts::operations::ListDeadJobsRequest>,
            ) -> Result<tonic::Response<contracts::operations::ListDeadJobsResponse>, tonic::Status> {
                self.0.list_dead_jobs(request).await
            }

            async fn retry_dead_job(
                &self,
                request: tonic::Request<contracts::operations::RetryDeadJobRequest>,
            ) -> Result<tonic::Response<contracts::operations::RetryDeadJobResponse>, tonic::Status> {
                self.0.retry_dead_job(request).await
            }

            async fn list_dead_letters(
                &self,
                request: tonic::Request<contracts::operations::ListDeadLettersRequest>,
            ) -> Result<tonic::Response<contracts::operations::ListDeadLettersResponse>, tonic::Status> {
                self.0.list_dead_letters(request).await
            }

            async fn retry_dead_letter(
                &self,
                request: tonic::Request<contracts::operations::RetryDeadLetterRequest>,
            ) -> Result<tonic::Response<contracts::operations::RetryDeadLetterResponse>, tonic::Status> {
                self.0.retry_dead_letter(request).await
            }
        }
    };
}
