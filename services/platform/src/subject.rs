//! What services hold on a person. Each answers for itself (`Subjects`, which `serve_subjects!` makes the service of a
//! contract): what its audit trail says, and what it knows besides. Who carries out a person's request asks them all
//! (`holders`), found by the contracts: a service that comes later is asked as soon as it has a `SubjectService`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contracts::privacy::{
    EraseSubjectRequest, EraseSubjectResponse, ErasedRecords, ListSubjectRecordsRequest, ListSubjectRecordsResponse,
    Subject, SubjectRecord,
};
use http::uri::PathAndQuery;
use prost::Message;
use sqlx::PgConnection;
use tonic::client::Grpc;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::audit::erase::{Erasure, erase};
use crate::audit::list::Place;
use crate::audit::subject::entries_about;
use crate::contract::Contract;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::page;
use crate::service::{Clients, Upstream};

/// An erasure may go through a whole trail.
const PATIENCE: Duration = Duration::from_secs(120);

pub const AUDIT_SECTION: &str = "audit_entry";

/// What a service holds beside its trail.
#[async_trait]
pub trait SubjectData: Send + Sync {
    /// All of it: few records, each of a section.
    async fn records(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<SubjectRecord>>;

    /// How much went, by section. What is no personal data stays.
    async fn erase(&self, tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<(&'static str, u64)>>;
}

/// The answers of one service.
pub struct Subjects {
    db: Db,
    data: Arc<dyn SubjectData>,
}

impl Subjects {
    pub fn new(db: &Db, data: impl SubjectData + 'static) -> Self {
        Self { db: db.clone(), data: Arc::new(data) }
    }

    pub async fn list_records(
        &self,
        request: Request<ListSubjectRecordsRequest>,
    ) -> Result<Response<ListSubjectRecordsResponse>, Status> {
        let request = request.into_inner();
        let ids = ids(request.subject.as_ref());
        let digest = format!("{ids:?}");
        let bound = ["subject", digest.as_str()];
        let after = page::decode::<Place>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 200);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let mut entries = entries_about(&mut connection, &ids, after, size + 1).await?;
        let next_page_token = page::cut(&mut entries, size, &bound, |(place, _)| *place)?;
        let mut records = match after {
            None => self.data.records(&mut connection, &ids).await?,
            Some(_) => Vec::new(),
        };
        records.extend(
            entries
                .into_iter()
                .map(|(_, entry)| SubjectRecord { section: AUDIT_SECTION.to_owned(), json: entry.to_string() }),
        );
        Ok(Response::new(ListSubjectRecordsResponse { records, next_page_token }))
    }

    pub async fn erase(&self, request: Request<EraseSubjectRequest>) -> Result<Response<EraseSubjectResponse>, Status> {
        let request = request.into_inner();
        let ids = ids(request.subject.as_ref());
        let request_id: Uuid = request.request_id.parse().map_err(|_| Error::not_found())?;
        let mut tx = self.db.begin().await?;
        let mut sections = self.data.erase(&mut tx, &ids).await?;
        let erasure =
            Erasure { record_ids: &ids, texts: &[], request_id, subject_id: ids.first().copied().unwrap_or_default() };
        sections.push((AUDIT_SECTION, erase(&mut tx, &erasure).await?));
        let erased = erased(tx.service(), sections);
        tx.commit().await?;
        Ok(Response::new(EraseSubjectResponse { erased }))
    }
}

/// What goes into a certificate.
pub fn erased(service: &str, sections: Vec<(&str, u64)>) -> Vec<ErasedRecords> {
    let line = |(section, count): (&str, u64)| ErasedRecords {
        service: service.to_owned(),
        section: section.to_owned(),
        count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    sections.into_iter().map(line).collect()
}

fn ids(subject: Option<&Subject>) -> Vec<Uuid> {
    // The contract lets ids alone through.
    subject.into_iter().flat_map(|subject| &subject.record_ids).flat_map(|id| id.parse()).collect()
}

/// Makes `SubjectRpc`, the subject service of a contract:
/// `serve_subjects!(contracts::reporting::reporting_subject_service_server::ReportingSubjectService)`.
#[macro_export]
macro_rules! serve_subjects {
    ($service:path) => {
        pub struct SubjectRpc(pub $crate::subject::Subjects);

        #[tonic::async_trait]
        impl $service for SubjectRpc {
            async fn list_subject_records(
                &self,
                request: tonic::Request<contracts::privacy::ListSubjectRecordsRequest>,
            ) -> Result<tonic::Response<contracts::privacy::ListSubjectRecordsResponse>, tonic::Status> {
                self.0.list_records(request).await
            }

            async fn erase_subject(
                &self,
                request: tonic::Request<contracts::privacy::EraseSubjectRequest>,
            ) -> Result<tonic::Response<contracts::privacy::EraseSubjectResponse>, tonic::Status> {
                self.0.erase(request).await
            }
        }
    };
}

/// Another service that may hold something.
pub struct Holder {
    pub service: String,
    /// The contract's service, as in the path of its calls.
    path: String,
    upstream: Upstream,
    clients: Clients,
}

/// The services of this installation that answer, in the order of their names.
pub fn holders(clients: &Clients) -> Vec<Holder> {
    let methods = Contract::get().methods().iter().filter(|method| method.name == "EraseSubject");
    let mut holders: Vec<Holder> = methods
        .filter_map(|method| {
            let service = method.path.split('.').nth(1)?;
            Some(Holder {
                service: service.to_owned(),
                path: method.path.rsplit_once('/')?.0.to_owned(),
                upstream: clients.get(service)?,
                clients: clients.clone(),
            })
        })
        .collect();
    holders.sort_by(|a, b| a.service.cmp(&b.service));
    holders
}

impl Holder {
    pub async fn list_records(&self, message: ListSubjectRecordsRequest) -> Result<ListSubjectRecordsResponse> {
        self.ask("ListSubjectRecords", message).await
    }

    pub async fn erase(&self, message: EraseSubjectRequest) -> Result<EraseSubjectResponse> {
        self.ask("EraseSubject", message).await
    }

    async fn ask<Q, A>(&self, method: &str, message: Q) -> Result<A>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut request = self.clients.own_request(message)?;
        request.set_timeout(PATIENCE);
        let path = PathAndQuery::try_from(format!("{}/{method}", self.path)).map_err(Error::internal)?;
        let mut client = Grpc::new(self.upstream.clone());
        client.ready().await.map_err(Error::unavailable)?;
        let answer = client.unary(request, path, tonic_prost::ProstCodec::<Q, A>::default()).await;
        Ok(answer.map_err(Error::unavailable)?.into_inner())
    }
}
