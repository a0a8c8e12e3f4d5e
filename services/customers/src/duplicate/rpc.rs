//! `DuplicateService`.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::customers::duplicate_service_server::DuplicateService;
use contracts::customers::{
    CheckDuplicatesRequest, CheckDuplicatesResponse, CreateDuplicateSearchRequest, Customer,
    DismissDuplicatePairRequest, DuplicateBlock, DuplicatePair, DuplicatePairState, DuplicateReason, DuplicateSearch,
    DuplicateSearchState, GetDuplicateSearchRequest, ListDuplicatePairsRequest, ListDuplicatePairsResponse,
    ListDuplicateSearchesRequest, ListDuplicateSearchesResponse, ReopenDuplicatePairRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, timestamp};
use platform::error::{Error, Result, reason as common};
use platform::jobs::NewJob;
use platform::{locale, page};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::check;
use super::pairs::{self, Looker, Pair, Wanted};
use super::rules::{BLOCKS, Reasons};
use super::run::{ATTEMPTS, DuplicateJob, FAILURES, Payload};
use super::store::{self, Search};
use crate::Shared;
use crate::customer::id;
use crate::customer::row::Reader;
use crate::customer::store::customer_list_by_ids;
use crate::error::reason;

pub struct DuplicateRpc {
    shared: Arc<Shared>,
}

impl DuplicateRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl DuplicateService for DuplicateRpc {
    async fn check_duplicates(
        &self,
        request: Request<CheckDuplicatesRequest>,
    ) -> Result<Response<CheckDuplicatesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(check::check(&self.shared, &call, request.get_ref()).await?))
    }

    async fn create_duplicate_search(
        &self,
        request: Request<CreateDuplicateSearchRequest>,
    ) -> Result<Response<DuplicateSearch>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.create_search(&call).await?))
    }

    async fn get_duplicate_search(
        &self,
        request: Request<GetDuplicateSearchRequest>,
    ) -> Result<Response<DuplicateSearch>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let search = store::search_get(&mut connection, call.caller.require_employee()?, id).await?;
        let mut shown = self.searches(&mut connection, &call, vec![search]).await?;
        Ok(Response::new(shown.pop().unwrap_or_default()))
    }

    async fn list_duplicate_searches(
        &self,
        request: Request<ListDuplicateSearchesRequest>,
    ) -> Result<Response<ListDuplicateSearchesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.get_ref();
        let size = page::size(request.page_size, 20);
        let after = page::decode::<Uuid>(&["duplicate searches"], &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let employee_id = call.caller.require_employee()?;
        let mut found = store::search_list(&mut connection, employee_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &["duplicate searches"], |search| search.id)?;
        let searches = self.searches(&mut connection, &call, found).await?;
        Ok(Response::new(ListDuplicateSearchesResponse { searches, next_page_token }))
    }

    async fn list_duplicate_pairs(
        &self,
        request: Request<ListDuplicatePairsRequest>,
    ) -> Result<Response<ListDuplicatePairsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list_pairs(&call, request.get_ref()).await?))
    }

    async fn dismiss_duplicate_pair(
        &self,
        request: Request<DismissDuplicatePairRequest>,
    ) -> Result<Response<DuplicatePair>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        Ok(Response::new(self.decide(&call, id, DuplicatePairState::Dismissed).await?))
    }

    async fn reopen_duplicate_pair(
        &self,
        request: Request<ReopenDuplicatePairRequest>,
    ) -> Result<Response<DuplicatePair>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        Ok(Response::new(self.decide(&call, id, DuplicatePairState::Open).await?))
    }
}

/// The reasons that count for the caller.
fn seen(call: &Call) -> Reasons {
    Reasons::seen(|kind| call.caller.visibility(kind))
}

impl DuplicateRpc {
    async fn create_search(&self, call: &Call) -> Result<DuplicateSearch> {
        let employee_id = call.caller.require_employee()?;
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let mut tx = match self.shared.db.begin_once::<DuplicateSearch>(call).await? {
            Once::Done(search) => return Ok(search),
            Once::New(tx) => tx,
        };
        let id = Uuid::now_v7();
        let count = store::customer_count(tx.connection(), &rows).await?;
        let job = NewJob::new::<DuplicateJob>(&Payload { search_id: id })?.max_attempts(ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        store::search_insert(tx.connection(), (id, employee_id, job_id), count).await?;
        let search = store::search_get(tx.connection(), employee_id, id).await?;
        tx.audit(AuditEntry {
            action: "duplicate_search.started",
            record_kind: "duplicate_search",
            record_id: id,
            subject_id: id,
            changes: vec![FieldChange::set("customers", count.to_string())],
        });
        let mut shown = self.searches(tx.connection(), call, vec![search]).await?;
        tx.commit_call(call, shown.pop().unwrap_or_default()).await
    }

    async fn searches(
        &self,
        connection: &mut PgConnection,
        call: &Call,
        searches: Vec<Search>,
    ) -> Result<Vec<DuplicateSearch>> {
        let blocks = searches.iter().flat_map(|search| &search.large_blocks);
        let ids: Vec<Uuid> = blocks.map(|block| block.customer_id).collect();
        let names = self.customers(connection, call, &ids).await?;
        Ok(searches.into_iter().map(|search| shown(search, &names, seen(call))).collect())
    }

    async fn list_pairs(&self, call: &Call, request: &ListDuplicatePairsRequest) -> Result<ListDuplicatePairsResponse> {
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let looker = Looker { rows: &rows, seen: seen(call) };
        // Filtering by it tells it.
        if Reasons(Reasons::bit(request.reason())).among(looker.seen).0 == 0 && request.reason != 0 {
            let field = request.reason().as_str_name();
            return Err(Error::invalid("reason", &common::FIELD_MASKED).arg("field", field));
        }
        let state = match request.state() {
            DuplicatePairState::Unspecified => DuplicatePairState::Open,
            state => state,
        };
        let wanted = Wanted {
            state,
            reason: request.reason(),
            min_score: request.min_score,
            customer_id: request.customer_id.parse().ok(),
        };
        let [state, reason, least] = [state as i32, request.reason, request.min_score].map(|number| number.to_string());
        let score = looker.seen.0.to_string();
        let bound = ["duplicate pairs", &state, &reason, &least, &request.customer_id, &score];
        let after = page::decode::<(i16, Uuid)>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 20);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let mut found = pairs::pair_list(&mut connection, &looker, &wanted, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &bound, |pair| (pair.score, pair.id))?;
        let pairs = self.pairs(&mut connection, call, found).await?;
        Ok(ListDuplicatePairsResponse { pairs, next_page_token })
    }

    async fn decide(&self, call: &Call, id: Uuid, to: DuplicatePairState) -> Result<DuplicatePair> {
        let mut tx = match self.shared.db.begin_once::<DuplicatePair>(call).await? {
            Once::Done(pair) => return self.again(call, pair).await,
            Once::New(tx) => tx,
        };
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let looker = Looker { rows: &rows, seen: seen(call) };
        let mut pair = pairs::pair_lock(tx.connection(), &looker, id).await?;
        let (from, refused, action, user_id) = match to {
            DuplicatePairState::Dismissed => (
                DuplicatePairState::Open,
                &reason::DUPLICATE_PAIR_NOT_OPEN,
                "duplicate_pair.dismissed",
                Some(call.caller.require_employee()?),
            ),
            _ => {
                (DuplicatePairState::Dismissed, &reason::DUPLICATE_PAIR_NOT_DISMISSED, "duplicate_pair.reopened", None)
            }
        };
        if pair.state != from {
            return Err(Error::failed_precondition(refused));
        }
        pair.dismiss_time = pairs::dismissal_set(tx.connection(), id, user_id).await?;
        (pair.state, pair.dismiss_user_id) = (to, user_id);
        tx.audit(AuditEntry {
            action,
            record_kind: "duplicate_pair",
            record_id: id,
            // Who sees one of the two need not see the other.
            subject_id: id,
            changes: vec![FieldChange {
                field: "state".into(),
                before: from.as_str_name().into(),
                after: to.as_str_name().into(),
            }],
        });
        let mut shown = self.pairs(tx.connection(), call, vec![pair]).await?;
        tx.commit_call(call, shown.pop().unwrap_or_default()).await
    }

    /// An answer that was given before, with the customers as the caller may see them now.
    async fn again(&self, call: &Call, pair: DuplicatePair) -> Result<DuplicatePair> {
        let ids: Vec<Uuid> = pair.customers.iter().filter_map(|customer| customer.id.parse().ok()).collect();
        let mut connection = self.shared.db.pool().acquire().await?;
        let mut customers = self.customers(&mut connection, call, &ids).await?;
        let customers = ids.iter().filter_map(|id| customers.remove(id)).collect();
        Ok(DuplicatePair { customers, ..pair })
    }

    async fn pairs(&self, connection: &mut PgConnection, call: &Call, pairs: Vec<Pair>) -> Result<Vec<DuplicatePair>> {
        let ids: Vec<Uuid> = pairs.iter().flat_map(|pair| pair.customer_ids).collect();
        let customers = self.customers(connection, call, &ids).await?;
        let policy = call.caller.policy().cloned().unwrap_or_default();
        let shown = pairs.into_iter().map(|pair| DuplicatePair {
            id: pair.id.to_string(),
            customers: pair.customer_ids.iter().filter_map(|id| customers.get(id).cloned()).collect(),
            score: pair.score.into(),
            reasons: pair.reasons.list().into_iter().map(Into::into).collect(),
            state: pair.state.into(),
            find_time: Some(timestamp(pair.find_time)),
            dismiss_user_name: pair.dismiss_user_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
            dismiss_time: pair.dismiss_time.map(timestamp),
        });
        Ok(shown.collect())
    }

    /// Those of the customers that the caller may update.
    async fn customers(
        &self,
        connection: &mut PgConnection,
        call: &Call,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Customer>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let reader = Reader::of(&call.caller, &fields);
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let found = customer_list_by_ids(connection, &reader, &rows, ids).await?;
        Ok(found.into_iter().filter_map(|customer| Some((customer.id.parse().ok()?, customer))).collect())
    }
}

fn shown(search: Search, customers: &HashMap<Uuid, Customer>, seen: Reasons) -> DuplicateSearch {
    let bit = |number: i32| Reasons(Reasons::bit(DuplicateReason::try_from(number).unwrap_or_default()));
    let blocks = search.large_blocks.iter().filter(|block| bit(block.reason).among(seen).0 != 0);
    let blocks = blocks.map(|block| {
        let customer = customers.get(&block.customer_id);
        DuplicateBlock {
            reason: block.reason,
            customer_count: block.customer_count,
            customer_id: customer.map(|customer| customer.id.clone()).unwrap_or_default(),
            customer_name: customer.map(|customer| customer.name.clone()).unwrap_or_default(),
        }
    });
    let large_blocks = blocks.collect();
    let failure = FAILURES.iter().find(|reason| reason.id == search.failure);
    let completed = search.state == DuplicateSearchState::Completed;
    DuplicateSearch {
        id: search.id.to_string(),
        state: search.state.into(),
        failure: failure.map(|reason| reason.text(locale::current(), &[])).unwrap_or_default(),
        customer_count: search.customer_count,
        read_count: search.read_count,
        step: search.step,
        step_count: BLOCKS.len() as i32,
        pair_count: if completed { search.pair_count } else { 0 },
        large_blocks,
        create_time: Some(timestamp(search.create_time)),
        end_time: search.end_time.map(timestamp),
    }
}
