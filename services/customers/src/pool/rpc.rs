//! `PoolService`.

use std::sync::Arc;

use contracts::customers::pool_service_server::PoolService;
use contracts::customers::{
    ClaimCustomerRequest, ClaimCustomersRequest, ClaimCustomersResponse, Customer, GetPoolRuleRequest,
    ListExpiringCustomersRequest, ListExpiringCustomersResponse, ListPoolCustomersRequest, ListPoolCustomersResponse,
    PoolRule, ReturnCustomerRequest, ReturnCustomersRequest, ReturnCustomersResponse, UpdatePoolRuleRequest,
};
use platform::access::Call;
use platform::db::{AuditEntry, Once};
use platform::error::{Error, Result, reason as common};
use platform::filter::Value as Key;
use platform::{page, update};
use tonic::{Request, Response, Status};

use super::rules::{HIDDEN, Reach, hide, personal_keys};
use super::store::{self, Seen};
use super::{claim, expiring, give_back, pools_load};
use crate::Shared;
use crate::audit::{Changes, key_id};
use crate::customer::id;
use crate::customer::keys::Listed;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;

pub struct PoolRpc {
    shared: Arc<Shared>,
}

impl PoolRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl PoolService for PoolRpc {
    async fn list_pool_customers(
        &self,
        request: Request<ListPoolCustomersRequest>,
    ) -> Result<Response<ListPoolCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list(&call, request.get_ref()).await?))
    }

    async fn claim_customer(&self, request: Request<ClaimCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(claim::claim(&self.shared, &call, id(&request.get_ref().id)?).await?))
    }

    async fn claim_customers(
        &self,
        request: Request<ClaimCustomersRequest>,
    ) -> Result<Response<ClaimCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(claim::claim_many(&self.shared, &call, request.get_ref()).await?))
    }

    async fn return_customer(&self, request: Request<ReturnCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(give_back::give_back(&self.shared, &call, request.get_ref()).await?))
    }

    async fn return_customers(
        &self,
        request: Request<ReturnCustomersRequest>,
    ) -> Result<Response<ReturnCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(give_back::give_back_many(&self.shared, &call, request.get_ref()).await?))
    }

    async fn list_expiring_customers(
        &self,
        request: Request<ListExpiringCustomersRequest>,
    ) -> Result<Response<ListExpiringCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(expiring::list(&self.shared, &call, request.get_ref()).await?))
    }

    async fn get_pool_rule(&self, _: Request<GetPoolRuleRequest>) -> Result<Response<PoolRule>, Status> {
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(store::rule_get(&mut connection).await?))
    }

    async fn update_pool_rule(&self, request: Request<UpdatePoolRuleRequest>) -> Result<Response<PoolRule>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.update_rule(&call, &request.into_inner()).await?))
    }
}

impl PoolRpc {
    async fn list(&self, call: &Call, request: &ListPoolCustomersRequest) -> Result<ListPoolCustomersResponse> {
        let shared = &self.shared;
        let fields = shared.fields.seen_by(&call.caller).await?;
        let reader = Reader::of(&call.caller, &fields);
        let schema = fields.schema(built_in);
        let selection = Selection::new(&schema, &call.caller, reader.masked(), shared.zone, &request.filter, "")?;
        let personal = personal_keys(&fields);
        let hidden = |name: &&str| {
            let custom = name.strip_prefix("custom.");
            HIDDEN.contains(name) || custom.is_some_and(|key| personal.iter().any(|known| known == key))
        };
        if let Some(name) = selection.predicate.fields().into_iter().find(hidden) {
            return Err(Error::invalid("filter", &common::FIELD_MASKED).arg("field", name));
        }
        let bound = ["pool", request.filter.as_str(), request.pool_id.as_str()];
        let after = page::decode::<Vec<Key>>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let policy = call.caller.policy().cloned().unwrap_or_default();
        let sources = {
            let mut connection = shared.db.pool().acquire().await?;
            pools_load(&mut connection, &policy).await?
        };
        let seen = Seen {
            reach: &Reach::of(&call.caller),
            managed: &call.caller.employee_id().map(|id| sources.managed_by(id)).unwrap_or_default(),
            sources: &sources,
            pool_id: if request.pool_id.is_empty() { None } else { Some(id(&request.pool_id)?) },
        };
        let rows = store::pool_list(shared.db.pool(), &seen, &selection, after.as_deref(), size + 1).await?;
        let mut customers: Vec<Customer> = rows.iter().map(|row| reader.customer(row)).collect::<sqlx::Result<_>>()?;
        let next_page_token =
            page::cut(&mut customers, size, &bound, |customer| selection.order.keys(&Listed(customer)))?;
        for customer in &mut customers {
            hide(customer, &personal);
        }
        Ok(ListPoolCustomersResponse { customers, next_page_token })
    }

    async fn update_rule(&self, call: &Call, request: &UpdatePoolRuleRequest) -> Result<PoolRule> {
        let new = request.pool_rule.clone().unwrap_or_default();
        let paths =
            update::paths(request.update_mask.as_ref(), &["max_owned", "max_claims_per_day", "recycle_after_days"])?;
        let revision = update::revision("pool_rule.etag", &new.etag)?;
        let mut tx = match self.shared.db.begin_once::<PoolRule>(call).await? {
            Once::Done(rule) => return Ok(rule),
            Once::New(tx) => tx,
        };
        let before = store::rule_lock(tx.connection()).await?;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag());
        }
        let mut after = before.clone();
        for path in paths {
            match path {
                "max_owned" => after.max_owned = new.max_owned,
                "max_claims_per_day" => after.max_claims_per_day = new.max_claims_per_day,
                _ => after.recycle_after_days = new.recycle_after_days,
            }
        }
        let after = store::rule_update(tx.connection(), &after).await?;
        let mut changes = Changes::default();
        changes.add("max_owned", before.max_owned, after.max_owned);
        changes.add("max_claims_per_day", before.max_claims_per_day, after.max_claims_per_day);
        changes.add("recycle_after_days", before.recycle_after_days, after.recycle_after_days);
        let rule_id = key_id(&["pool_rule"]);
        tx.audit(AuditEntry {
            action: "pool_rule.updated",
            record_kind: "pool_rule",
            record_id: rule_id,
            subject_id: rule_id,
            changes: changes.into(),
        });
        tx.commit_call(call, after).await
    }
}
