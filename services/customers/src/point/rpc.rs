//! `PointService`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::customers::point_service_server::PointService;
use contracts::customers::{
    AdjustPointsRequest, EarnPointsRequest, GetPointAccountRequest, ListPointEntriesRequest, ListPointEntriesResponse,
    PointAccount, PointEntry, PointEntryKind, ReversePointEntryRequest, SpendPointsRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason as common};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, New};
use crate::customer::{event, id};
use crate::error::reason;
use crate::interaction::filter::instant;
use crate::{Shared, parent};

pub struct PointRpc {
    shared: Arc<Shared>,
}

impl PointRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl PointService for PointRpc {
    async fn get_point_account(
        &self,
        request: Request<GetPointAccountRequest>,
    ) -> Result<Response<PointAccount>, Status> {
        let call = Call::of(&request)?;
        let customer_id = id(&request.get_ref().customer_id)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        parent::require_visible(&mut connection, &call.caller.rows(Permission::CustomersRead), customer_id).await?;
        Ok(Response::new(store::account(&mut connection, customer_id).await?))
    }

    async fn list_point_entries(
        &self,
        request: Request<ListPointEntriesRequest>,
    ) -> Result<Response<ListPointEntriesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list(&call, request.get_ref()).await?))
    }

    async fn earn_points(&self, request: Request<EarnPointsRequest>) -> Result<Response<PointEntry>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let expire_time = request.expire_time.as_ref().and_then(instant);
        if expire_time.is_some_and(|time| time <= Utc::now()) {
            return Err(Error::invalid("expire_time", &reason::SHARE_EXPIRED).into());
        }
        let new = New {
            customer_id: id(&request.customer_id)?,
            kind: PointEntryKind::Earned,
            amount: request.amount,
            source: &request.source,
            reason: &request.reason,
            reverses_id: None,
            expire_time,
            below_zero: false,
        };
        Ok(Response::new(self.write(&call, &new).await?))
    }

    async fn spend_points(&self, request: Request<SpendPointsRequest>) -> Result<Response<PointEntry>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let new = New {
            customer_id: id(&request.customer_id)?,
            kind: PointEntryKind::Spent,
            amount: -request.amount,
            source: &request.source,
            reason: &request.reason,
            reverses_id: None,
            expire_time: None,
            below_zero: false,
        };
        Ok(Response::new(self.write(&call, &new).await?))
    }

    async fn adjust_points(&self, request: Request<AdjustPointsRequest>) -> Result<Response<PointEntry>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        if request.amount == 0 {
            return Err(Error::invalid("amount", &common::VALUE_INVALID).into());
        }
        let new = New {
            customer_id: id(&request.customer_id)?,
            kind: PointEntryKind::Adjusted,
            amount: request.amount,
            // Each is its own source.
            source: &format!("adjustment/{}", Uuid::now_v7()),
            reason: &request.reason,
            reverses_id: None,
            expire_time: None,
            below_zero: request.below_zero,
        };
        Ok(Response::new(self.write(&call, &new).await?))
    }

    async fn reverse_point_entry(
        &self,
        request: Request<ReversePointEntryRequest>,
    ) -> Result<Response<PointEntry>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.reverse(&call, &request.into_inner()).await?))
    }
}

impl PointRpc {
    async fn list(&self, call: &Call, request: &ListPointEntriesRequest) -> Result<ListPointEntriesResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let bound = ["point_entries", request.customer_id.as_str()];
        let after = page::decode::<(DateTime<Utc>, Uuid)>(&bound, &request.page_token)?;
        if let Some((time, _)) = after {
            page::known_time(time)?;
        }
        let mut connection = self.shared.db.pool().acquire().await?;
        parent::require_visible(&mut connection, &call.caller.rows(Permission::CustomersRead), customer_id).await?;
        let mut found = store::entry_list(&mut connection, &policy(call), customer_id, after, size + 1).await?;
        let place = |(entry, time): &(PointEntry, DateTime<Utc>)| (*time, entry.id.parse::<Uuid>().unwrap_or_default());
        let next_page_token = page::cut(&mut found, size, &bound, place)?;
        Ok(ListPointEntriesResponse { entries: found.into_iter().map(|(entry, _)| entry).collect(), next_page_token })
    }

    async fn write(&self, call: &Call, new: &New<'_>) -> Result<PointEntry> {
        let mut tx = match self.shared.db.begin_once::<PointEntry>(call).await? {
            Once::Done(entry) => return Ok(entry),
            Once::New(tx) => tx,
        };
        hold(&mut tx, call, new.customer_id).await?;
        let of_source = (new.customer_id, new.kind, new.source);
        if let Some(known) = store::entry_of(tx.connection(), &policy(call), of_source).await? {
            if known.amount != new.amount {
                return Err(Error::already_exists("source", &reason::POINT_SOURCE_USED));
            }
            return Ok(known);
        }
        let entry = insert(&mut tx, call, new).await?;
        tx.commit_call(call, entry).await
    }

    async fn reverse(&self, call: &Call, request: &ReversePointEntryRequest) -> Result<PointEntry> {
        let customer_id = id(&request.customer_id)?;
        let reversed_id = id(&request.id)?;
        let mut tx = match self.shared.db.begin_once::<PointEntry>(call).await? {
            Once::Done(entry) => return Ok(entry),
            Once::New(tx) => tx,
        };
        hold(&mut tx, call, customer_id).await?;
        let before = store::entry_get(tx.connection(), &policy(call), customer_id, reversed_id).await?;
        if before.kind() == PointEntryKind::Reversed {
            return Err(Error::failed_precondition(&reason::POINT_ENTRY_IRREVERSIBLE));
        }
        let new = New {
            customer_id,
            kind: PointEntryKind::Reversed,
            amount: -before.amount,
            source: &format!("entry/{reversed_id}"),
            reason: &request.reason,
            reverses_id: Some(reversed_id),
            expire_time: None,
            below_zero: false,
        };
        // Once, whoever asks at the same time.
        let of_source = (customer_id, new.kind, new.source);
        if store::entry_of(tx.connection(), &policy(call), of_source).await?.is_some() {
            return Err(Error::failed_precondition(&reason::POINT_ENTRY_REVERSED));
        }
        let entry = insert(&mut tx, call, &new).await?;
        tx.commit_call(call, entry).await
    }
}

/// Holds a customer whom the caller may change, so that writers take turns, and writes off what has run out.
async fn hold(tx: &mut Tx, call: &Call, customer_id: Uuid) -> Result<()> {
    let rows = call.caller.rows(Permission::CustomersUpdate);
    parent::lock_active(tx.connection(), &rows, customer_id).await?;
    store::write_off(tx.connection(), &[customer_id]).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, call: &Call, new: &New<'_>) -> Result<PointEntry> {
    let entry = store::entry_insert(tx.connection(), &policy(call), new).await?;
    let before = entry.balance - entry.amount;
    let mut changes =
        vec![FieldChange { field: "points".into(), before: before.to_string(), after: entry.balance.to_string() }];
    if !new.reason.is_empty() {
        changes.push(FieldChange::set("reason", new.reason));
    }
    tx.audit(AuditEntry {
        action: "customer.points_changed",
        record_kind: event::AGGREGATE,
        record_id: new.customer_id,
        subject_id: new.customer_id,
        changes,
    });
    Ok(entry)
}

fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}
