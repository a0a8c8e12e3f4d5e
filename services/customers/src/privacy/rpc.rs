//! `PrivacyService`.

use std::sync::Arc;

use chrono::Utc;
use contracts::customers::privacy_service_server::PrivacyService;
use contracts::customers::{
    ApprovePrivacyRequestRequest, CreateErasureHoldRequest, CreatePrivacyRequestRequest, DownloadSubjectArchiveRequest,
    ErasureHold, GetPrivacyRequestRequest, ListErasureHoldsRequest, ListErasureHoldsResponse,
    ListPrivacyRequestsRequest, ListPrivacyRequestsResponse, PrivacyRequest, PrivacyRequestKind, PrivacyRequestState,
    RefusePrivacyRequestRequest, ReleaseErasureHoldRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy, RowPredicate};
use platform::blob::Blobs;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use platform::page;
use platform::service::Clients;
use platform::sheet::write::Answer;
use platform::subject::holders;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, Asked, New, Stored};
use super::subject::{self, Person};
use super::{hold, run};
use crate::Shared;
use crate::attachment::give_archive;
use crate::consent::{future, text};
use crate::customer::id;
use crate::error::reason;
use crate::parent;

pub struct PrivacyRpc {
    shared: Arc<Shared>,
    clients: Clients,
    blobs: Blobs,
}

impl PrivacyRpc {
    pub fn new(shared: Arc<Shared>, clients: Clients, blobs: Blobs) -> Self {
        Self { shared, clients, blobs }
    }
}

#[tonic::async_trait]
impl PrivacyService for PrivacyRpc {
    async fn list_privacy_requests(
        &self,
        request: Request<ListPrivacyRequestsRequest>,
    ) -> Result<Response<ListPrivacyRequestsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["privacy requests", &request.customer_id, request.state().as_str_name()];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let asked = Asked { customer_id: request.customer_id.parse().ok(), state: request.state() };
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let (rows, names) = (rows(&call), names(&call));
        let mut privacy_requests = store::request_list(&mut connection, &rows, &names, &asked, after, size + 1).await?;
        let next_page_token = page::cut(&mut privacy_requests, size, &bound, |request| request.id.clone())?;
        Ok(Response::new(ListPrivacyRequestsResponse { privacy_requests, next_page_token }))
    }

    async fn get_privacy_request(
        &self,
        request: Request<GetPrivacyRequestRequest>,
    ) -> Result<Response<PrivacyRequest>, Status> {
        let call = Call::of(&request)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let id = id(&request.get_ref().id)?;
        let found = store::request_get(&mut connection, &rows(&call), &names(&call), id).await?;
        Ok(Response::new(found.request))
    }

    async fn create_privacy_request(
        &self,
        request: Request<CreatePrivacyRequestRequest>,
    ) -> Result<Response<PrivacyRequest>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.create(&call, request.into_inner()).await?))
    }

    async fn approve_privacy_request(
        &self,
        request: Request<ApprovePrivacyRequestRequest>,
    ) -> Result<Response<PrivacyRequest>, Status> {
        let call = Call::of(&request)?;
        let ApprovePrivacyRequestRequest { id: request_id, reason } = request.into_inner();
        Ok(Response::new(self.decide(&call, &request_id, true, reason.trim()).await?))
    }

    async fn refuse_privacy_request(
        &self,
        request: Request<RefusePrivacyRequestRequest>,
    ) -> Result<Response<PrivacyRequest>, Status> {
        let call = Call::of(&request)?;
        let RefusePrivacyRequestRequest { id: request_id, reason } = request.into_inner();
        let reason = required("reason", &reason)?;
        Ok(Response::new(self.decide(&call, &request_id, false, reason).await?))
    }

    type DownloadSubjectArchiveStream = Answer;

    async fn download_subject_archive(
        &self,
        request: Request<DownloadSubjectArchiveRequest>,
    ) -> Result<Response<Answer>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        let found = {
            let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
            store::request_get(&mut connection, &rows(&call), &names(&call), id).await?
        };
        let over = found.request.expire_time.as_ref().is_none_or(|end| end.seconds <= Utc::now().timestamp());
        let object_id = found.object_id.filter(|_| !over);
        let object_id = object_id.ok_or_else(|| Error::failed_precondition(&reason::ARCHIVE_NOT_READY))?;
        let content = self.blobs.get(object_id).await?;
        let mut tx = self.shared.db.begin().await?;
        audit(&mut tx, "privacy_request.downloaded", &found, Vec::new());
        // Each download has an entry of its own, so none is answered from what was kept.
        let call = Call { idempotency_key: None, ..call };
        tx.commit_call(&call, ()).await?;
        Ok(give_archive(id, found.request.size, content))
    }

    async fn list_erasure_holds(
        &self,
        request: Request<ListErasureHoldsRequest>,
    ) -> Result<Response<ListErasureHoldsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["erasure holds", request.customer_id.as_str()];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let customer_id = id(&request.customer_id)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        parent::require_visible(&mut connection, &rows(&call), customer_id).await?;
        let mut erasure_holds = hold::hold_list(&mut connection, customer_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut erasure_holds, size, &bound, |hold| hold.id.clone())?;
        Ok(Response::new(ListErasureHoldsResponse { erasure_holds, next_page_token }))
    }

    async fn create_erasure_hold(
        &self,
        request: Request<CreateErasureHoldRequest>,
    ) -> Result<Response<ErasureHold>, Status> {
        let call = Call::of(&request)?;
        let CreateErasureHoldRequest { customer_id, erasure_hold } = request.into_inner();
        let (customer_id, wanted) = (id(&customer_id)?, erasure_hold.unwrap_or_default());
        let why = required("erasure_hold.reason", &wanted.reason)?;
        let past = &reason::CONTACT_BAN_EXPIRED;
        let expire_time = future("erasure_hold.expire_time", wanted.expire_time.as_ref(), Utc::now(), past)?;
        let mut tx = match self.shared.db.begin_once::<ErasureHold>(&call).await? {
            Once::Done(hold) => return Ok(Response::new(hold)),
            Once::New(tx) => tx,
        };
        lock_person(&mut tx, &call, Person { customer_id, contact_id: None }, "customer_id").await?;
        let ids = (Uuid::now_v7(), customer_id);
        let hold = hold::hold_insert(tx.connection(), ids, why, expire_time).await?;
        audit_hold(&mut tx, "erasure_hold.created", &hold)?;
        Ok(Response::new(tx.commit_call(&call, hold).await?))
    }

    async fn release_erasure_hold(
        &self,
        request: Request<ReleaseErasureHoldRequest>,
    ) -> Result<Response<ErasureHold>, Status> {
        let call = Call::of(&request)?;
        let hold_id = id(&request.get_ref().id)?;
        let mut tx = match self.shared.db.begin_once::<ErasureHold>(&call).await? {
            Once::Done(hold) => return Ok(Response::new(hold)),
            Once::New(tx) => tx,
        };
        let before = hold::hold_lock(tx.connection(), &rows(&call), hold_id).await?;
        if !before.active {
            return Err(Error::failed_precondition(&reason::ERASURE_HOLD_OVER).into());
        }
        let hold = hold::hold_release(tx.connection(), hold_id).await?;
        audit_hold(&mut tx, "erasure_hold.released", &hold)?;
        Ok(Response::new(tx.commit_call(&call, hold).await?))
    }
}

impl PrivacyRpc {
    async fn create(&self, call: &Call, wanted: CreatePrivacyRequestRequest) -> Result<PrivacyRequest> {
        call.caller.require_employee()?;
        let person = Person { customer_id: id(&wanted.customer_id)?, contact_id: wanted.contact_id.parse().ok() };
        let why = required("reason", &wanted.reason)?;
        let erasure = wanted.kind() == PrivacyRequestKind::Erasure;
        if !erasure {
            self.blobs.require_open()?;
        }
        let mut tx = match self.shared.db.begin_once::<PrivacyRequest>(call).await? {
            Once::Done(request) => return Ok(request),
            Once::New(tx) => tx,
        };
        lock_person(&mut tx, call, person, "contact_id").await?;
        if erasure {
            hold::require_none(tx.connection(), person.customer_id).await?;
        }
        let new = New {
            id: Uuid::now_v7(),
            kind: wanted.kind(),
            state: if erasure { PrivacyRequestState::Pending } else { PrivacyRequestState::Running },
            person,
            reason: why,
            // This service is one of them.
            service_count: i32::try_from(holders(&self.clients).len() + 1).unwrap_or(i32::MAX),
        };
        let stored = store::request_insert(tx.connection(), &names(call), &new).await?;
        if !erasure {
            run::start(&mut tx, new.id).await?;
        }
        let changes = vec![FieldChange::set("kind", wanted.kind().as_str_name()), FieldChange::set("reason", why)];
        audit(&mut tx, "privacy_request.created", &stored, changes);
        tx.commit_call(call, stored.request).await
    }

    async fn decide(&self, call: &Call, request_id: &str, approve: bool, why: &str) -> Result<PrivacyRequest> {
        let decider = call.caller.require_employee()?;
        let mut tx = match self.shared.db.begin_once::<PrivacyRequest>(call).await? {
            Once::Done(request) => return Ok(request),
            Once::New(tx) => tx,
        };
        let names = names(call);
        let before = store::request_lock(tx.connection(), &rows(call), &names, id(request_id)?).await?;
        if !run::is_pending(&before) {
            return Err(Error::failed_precondition(&reason::PRIVACY_REQUEST_NOT_PENDING));
        }
        if approve {
            if before.create_user_id == Some(decider) {
                return Err(Error::failed_precondition(&reason::ERASURE_NEEDS_ANOTHER));
            }
            hold::require_none(tx.connection(), before.person.customer_id).await?;
        }
        let state = if approve { PrivacyRequestState::Running } else { PrivacyRequestState::Refused };
        let stored = store::request_decide(tx.connection(), &names, before.id, state, (decider, why)).await?;
        if approve {
            run::start(&mut tx, before.id).await?;
        }
        let changes = match why {
            "" => Vec::new(),
            why => vec![FieldChange::set("reason", why)],
        };
        let action = if approve { "privacy_request.approved" } else { "privacy_request.refused" };
        audit(&mut tx, action, &stored, changes);
        tx.commit_call(call, stored.request).await
    }
}

fn rows(call: &Call) -> RowPredicate {
    call.caller.rows(Permission::CustomersPrivacy)
}

fn names(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

fn required<'a>(field: &str, text: &'a str) -> Result<&'a str> {
    match text.trim() {
        "" => Err(Error::invalid(field, &platform::error::reason::VALUE_REQUIRED)),
        text => Ok(text),
    }
}

/// Holds the customer, in use or not, unless the person is erased already.
async fn lock_person(tx: &mut Tx, call: &Call, person: Person, contact_field: &str) -> Result<()> {
    parent::lock(tx.connection(), &rows(call), person.customer_id).await?;
    if subject::exists(tx.connection(), person).await? {
        return Ok(());
    }
    match person.contact_id {
        None => Err(Error::failed_precondition(&reason::CUSTOMER_ERASED)),
        Some(_) => Err(Error::invalid(contact_field, &reason::PRIVACY_CONTACT_UNKNOWN)),
    }
}

fn audit(tx: &mut Tx, action: &'static str, request: &Stored, changes: Vec<FieldChange>) {
    tx.audit(AuditEntry {
        action,
        record_kind: "privacy_request",
        record_id: request.id,
        subject_id: request.person.customer_id,
        changes,
    });
}

fn audit_hold(tx: &mut Tx, action: &'static str, hold: &ErasureHold) -> Result<()> {
    let expire_time = text(hold.expire_time.as_ref());
    let fields = [("reason", hold.reason.clone()), ("expire_time", expire_time)];
    let changes = fields.into_iter().filter(|(_, value)| !value.is_empty());
    tx.audit(AuditEntry {
        action,
        record_kind: "erasure_hold",
        record_id: id(&hold.id)?,
        subject_id: id(&hold.customer_id)?,
        changes: changes.map(|(field, value)| FieldChange::set(field, value)).collect(),
    });
    Ok(())
}
