//! `ShareService`. Who may share a customer need not be who may read it: each call asks for the rows of its own permission.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use contracts::customers::share_service_server::ShareService;
use contracts::customers::{
    CreateShareRequest, CustomerShareChanged, DeleteShareRequest, DeleteShareResponse, ListSharesRequest,
    ListSharesResponse, Share,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, Subject};
use crate::Shared;
use crate::customer::id;
use crate::error::reason;
use crate::parent::{lock_active, require_visible};

pub struct ShareRpc {
    shared: Arc<Shared>,
}

impl ShareRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl ShareService for ShareRpc {
    async fn list_shares(&self, request: Request<ListSharesRequest>) -> Result<Response<ListSharesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = id(&request.customer_id)?;
        let bound = ["shares", request.customer_id.as_str()];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let rows = call.caller.rows(Permission::CustomersShare);
        let pool = self.shared.db.pool();
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        require_visible(&mut connection, &rows, customer_id).await?;
        drop(connection);
        let mut shares = store::share_list(pool, policy(&call)?, &rows, customer_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut shares, size, &bound, |share| share.id.clone())?;
        Ok(Response::new(ListSharesResponse { shares, next_page_token }))
    }

    async fn create_share(&self, request: Request<CreateShareRequest>) -> Result<Response<Share>, Status> {
        let call = Call::of(&request)?;
        let new = request.into_inner().share.unwrap_or_default();
        let policy = policy(&call)?;
        let subject = subject(&new, policy)?;
        let expire_time = expire_time(&new, Utc::now())?;
        let customer_id = id(&new.customer_id)?;
        let mut tx = match self.shared.db.begin_once::<Share>(&call).await? {
            Once::Done(share) => return Ok(Response::new(share)),
            Once::New(tx) => tx,
        };
        lock_active(tx.connection(), &call.caller.rows(Permission::CustomersShare), customer_id).await?;
        let ids = (Uuid::now_v7(), customer_id);
        let share = store::share_insert(tx.connection(), policy, ids, subject, expire_time).await?;
        record(&mut tx, &share, false)?;
        Ok(Response::new(tx.commit_call(&call, share).await?))
    }

    async fn delete_share(
        &self,
        request: Request<DeleteShareRequest>,
    ) -> Result<Response<DeleteShareResponse>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        let mut tx = match self.shared.db.begin_once::<DeleteShareResponse>(&call).await? {
            Once::Done(response) => return Ok(Response::new(response)),
            Once::New(tx) => tx,
        };
        let rows = call.caller.rows(Permission::CustomersShare);
        let share = store::share_delete(tx.connection(), policy(&call)?, &rows, id).await?;
        record(&mut tx, &share, true)?;
        Ok(Response::new(tx.commit_call(&call, DeleteShareResponse {}).await?))
    }
}

fn policy(call: &Call) -> Result<&Arc<Policy>> {
    call.caller.require_employee()?;
    call.caller.policy().ok_or_else(Error::not_found)
}

fn subject(share: &Share, policy: &Policy) -> Result<Subject> {
    let unknown = |field| Error::invalid(field, &reason::SHARE_SUBJECT_UNKNOWN);
    match (share.employee_id.as_str(), share.group_id.as_str()) {
        (employee, "") if !employee.is_empty() => {
            let id = employee.parse().ok().and_then(|id| policy.employee(id)).filter(|employee| employee.active);
            id.map(|employee| Subject::Employee(employee.id)).ok_or_else(|| unknown("share.employee_id"))
        }
        ("", group) if !group.is_empty() => {
            let group = group.parse().ok().and_then(|id| policy.group(id));
            group.map(|group| Subject::Group(group.id)).ok_or_else(|| unknown("share.group_id"))
        }
        _ => Err(Error::invalid("share.employee_id", &reason::SHARE_SUBJECT)),
    }
}

fn expire_time(share: &Share, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let Some(time) = &share.expire_time else { return Ok(None) };
    let invalid = || Error::invalid("share.expire_time", &platform::error::reason::VALUE_INVALID);
    let nanos = u32::try_from(time.nanos).map_err(|_| invalid())?;
    match DateTime::from_timestamp(time.seconds, nanos).ok_or_else(invalid)? {
        time if time <= now => Err(Error::invalid("share.expire_time", &reason::SHARE_EXPIRED)),
        time => Ok(Some(time)),
    }
}

fn record(tx: &mut Tx, share: &Share, deleted: bool) -> Result<()> {
    let (id, customer_id) = (id(&share.id)?, id(&share.customer_id)?);
    let event = CustomerShareChanged {
        id: share.id.clone(),
        customer_id: share.customer_id.clone(),
        employee_id: share.employee_id.clone(),
        group_id: share.group_id.clone(),
        expire_time: share.expire_time,
        deleted,
    };
    tx.emit("customer_share", id, &event);
    let expire_time = share.expire_time.as_ref().and_then(|time| DateTime::from_timestamp(time.seconds, 0));
    let expire_time = expire_time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    let fields =
        |name: &str, expire_time: &str| [("shared_with", name.to_owned()), ("expire_time", expire_time.to_owned())];
    let (shared, none) = (fields(&share.subject_name, &expire_time), fields("", ""));
    let (before, after) = if deleted { (shared, none) } else { (none, shared) };
    tx.audit(AuditEntry {
        action: if deleted { "customer.unshared" } else { "customer.shared" },
        record_kind: "customer_share",
        record_id: id,
        subject_id: customer_id,
        changes: FieldChange::between(before, after),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_names_one_somebody_who_is_there() {
        let policy = Policy::default();
        let share = |employee: &str, group: &str| Share {
            employee_id: employee.into(),
            group_id: group.into(),
            ..Default::default()
        };
        let somebody = Uuid::now_v7().to_string();
        for share in [share("", ""), share(&somebody, &somebody), share(&somebody, ""), share("", &somebody)] {
            assert!(subject(&share, &policy).is_err());
        }
    }

    #[test]
    fn a_share_ends_in_the_future_or_not_at_all() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let share = |seconds, nanos| Share {
            expire_time: Some(prost_types::Timestamp { seconds, nanos }),
            ..Default::default()
        };
        assert_eq!(expire_time(&Share::default(), now).unwrap(), None);
        assert!(expire_time(&share(1_001, 0), now).unwrap().is_some());
        for share in [share(1_000, 0), share(i64::MAX, 0), share(2_000, -1)] {
            assert!(expire_time(&share, now).is_err());
        }
    }
}
