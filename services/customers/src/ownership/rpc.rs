//! `OwnershipService`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::customers::ownership_service_server::OwnershipService;
use contracts::customers::{
    GetOwnershipRequest, ListOwnershipPeriodsRequest, ListOwnershipPeriodsResponse, Ownership, OwnershipPeriod,
    OwnershipReason, Pool,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::timestamp;
use platform::error::{Error, Result};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, Created, Period};
use crate::Shared;
use crate::customer::id;

pub struct OwnershipRpc {
    shared: Arc<Shared>,
}

impl OwnershipRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl OwnershipService for OwnershipRpc {
    async fn get_ownership(&self, request: Request<GetOwnershipRequest>) -> Result<Response<Ownership>, Status> {
        let employee_id = request.into_inner().employee_id;
        let id = id(&employee_id)?;
        let customer_count = store::owned_count(self.shared.db.pool(), id).await?;
        Ok(Response::new(Ownership { employee_id, customer_count }))
    }

    async fn list_ownership_periods(
        &self,
        request: Request<ListOwnershipPeriodsRequest>,
    ) -> Result<Response<ListOwnershipPeriodsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list(&call, request.get_ref()).await?))
    }
}

impl OwnershipRpc {
    async fn list(&self, call: &Call, request: &ListOwnershipPeriodsRequest) -> Result<ListOwnershipPeriodsResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let bound = ["ownership periods", request.customer_id.as_str()];
        // Behind the present period, which has no end, come the others by when they ended.
        let after = page::decode::<Option<(DateTime<Utc>, Uuid)>>(&bound, &request.page_token)?;
        if let Some(Some((time, _))) = after {
            page::known_time(time)?;
        }
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let (present, created) = store::period_present(&mut connection, &rows, customer_id).await?;
        let mut periods = store::period_list(&mut connection, customer_id, after.flatten(), size + 1).await?;
        if after.is_none() {
            periods.insert(0, present);
        }
        let next_page_token = page::cut(&mut periods, size, &bound, |last| last.end_time.map(|time| (time, last.id)))?;
        let pools = crate::pool::pools_load(&mut connection, &Policy::default()).await?;
        let policy = call.caller.policy().cloned().unwrap_or_default();
        let periods = periods.into_iter().map(|period| shown(period, &created, pools.pools(), &policy)).collect();
        Ok(ListOwnershipPeriodsResponse { periods, next_page_token })
    }
}

fn shown(period: Period, created: &Created, pools: &[Pool], policy: &Policy) -> OwnershipPeriod {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let name = |id: Option<Uuid>| id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default();
    let first = period.start_time == created.time;
    let mut cause = period.cause.unwrap_or_default();
    if first && cause.reason == 0 {
        cause.reason = OwnershipReason::Created.into();
    }
    let actor_id = cause.actor_id.or(created.user_id.filter(|_| first));
    let pool_id = text(cause.pool_id.filter(|_| period.owner_id.is_none()));
    let pool = pools.iter().find(|pool| pool.id == pool_id);
    OwnershipPeriod {
        owner_id: text(period.owner_id),
        owner_name: name(period.owner_id),
        group_name: period.group_id.map(|id| policy.group_name(id).to_owned()).unwrap_or_default(),
        pool_name_zh: pool.map(|pool| pool.name_zh.clone()).unwrap_or_default(),
        pool_name_en: pool.map(|pool| pool.name_en.clone()).unwrap_or_default(),
        pool_id,
        start_time: Some(timestamp(period.start_time)),
        end_time: period.end_time.map(timestamp),
        reason: cause.reason,
        reason_code: cause.code,
        note: cause.note,
        actor_id: text(actor_id),
        actor_name: name(actor_id),
        handover_id: text(cause.handover_id),
    }
}
