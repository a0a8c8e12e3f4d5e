//! `PoolService`.

use std::sync::Arc;

use chrono::{NaiveTime, Utc};
use contracts::customers::pool_service_server::PoolService;
use contracts::customers::{
    ClaimCustomerRequest, Customer, GetPoolRuleRequest, ListPoolCustomersRequest, ListPoolCustomersResponse, PoolRule,
    ReturnCustomerRequest, UpdatePoolRuleRequest,
};
use contracts::options::PersonalData;
use platform::access::{Call, RowPredicate};
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result, reason as common};
use platform::filter::Value as Key;
use platform::{page, update};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::rules::{HIDDEN, Pools, Quota, exceeded, hide};
use super::store;
use crate::Shared;
use crate::audit::{Changes, key_id};
use crate::customer::keys::Listed;
use crate::customer::list::Selection;
use crate::customer::row::Reader;
use crate::customer::store::{customer_lock, owner_set};
use crate::customer::{check_etag, event, id};
use crate::error::reason;
use crate::field::Fields;

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
        Ok(Response::new(self.claim(&call, id(&request.get_ref().id)?).await?))
    }

    async fn return_customer(&self, request: Request<ReturnCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.give_back(&call, request.get_ref()).await?))
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

fn personal_keys(fields: &Fields) -> Vec<String> {
    let personal = fields.all().iter().filter(|field| field.personal_data() != PersonalData::Unspecified);
    personal.map(|field| field.key.clone()).collect()
}

impl PoolRpc {
    async fn list(&self, call: &Call, request: &ListPoolCustomersRequest) -> Result<ListPoolCustomersResponse> {
        let shared = &self.shared;
        let fields = shared.fields.current().await?;
        let reader = Reader::of(&call.caller, &fields);
        let schema = shared.list_schema.of(&fields);
        let selection = Selection::new(&schema.1, &call.caller, reader.masked(), shared.zone, &request.filter, "")?;
        let personal = personal_keys(&fields);
        let hidden = |name: &&str| {
            let custom = name.strip_prefix("custom.");
            HIDDEN.contains(name) || custom.is_some_and(|key| personal.iter().any(|known| known == key))
        };
        if let Some(name) = selection.predicate.fields().into_iter().find(hidden) {
            return Err(Error::invalid("filter", &common::FIELD_MASKED).arg("field", name));
        }
        let bound = ["pool", request.filter.as_str()];
        let after = page::decode::<Vec<Key>>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let pools = Pools::of(&call.caller);
        let rows = store::pool_list(shared.db.pool(), &pools, &selection, after.as_deref(), size + 1).await?;
        let mut customers: Vec<Customer> = rows.iter().map(|row| reader.customer(row)).collect::<sqlx::Result<_>>()?;
        let next_page_token =
            page::cut(&mut customers, size, &bound, |customer| selection.order.keys(&Listed(customer)))?;
        for customer in &mut customers {
            hide(customer, &personal);
        }
        Ok(ListPoolCustomersResponse { customers, next_page_token })
    }

    async fn claim(&self, call: &Call, id: Uuid) -> Result<Customer> {
        let shared = &self.shared;
        let employee_id = call.caller.require_employee()?;
        let fields = shared.fields.current().await?;
        let mut tx = match shared.db.begin_once::<Customer>(call).await? {
            Once::Done(customer) => return Ok(customer),
            Once::New(tx) => tx,
        };
        store::claims_lock(tx.connection(), employee_id).await?;
        let rule = store::rule_get(tx.connection()).await?;
        if rule.max_owned > 0 || rule.max_claims_per_day > 0 {
            let midnight = shared.today().and_time(NaiveTime::MIN).and_local_timezone(shared.zone).single();
            let since = midnight.map_or_else(Utc::now, |midnight| midnight.to_utc());
            let (owned, claims) = store::claim_counts(tx.connection(), employee_id, since).await?;
            if let Some(quota) = exceeded(&rule, owned, claims) {
                let (reason, limit) = match quota {
                    Quota::Owned(limit) => (&reason::OWNED_QUOTA_EXCEEDED, limit),
                    Quota::Claims(limit) => (&reason::CLAIM_QUOTA_EXCEEDED, limit),
                };
                return Err(Error::new(Code::ResourceExhausted, reason).arg("limit", limit));
            }
        }
        let pools = Pools::of(&call.caller);
        let claimer = (employee_id, call.caller.group_id());
        let Some(row) = store::claim(tx.connection(), id, &pools, claimer).await? else {
            let claimed = store::was_claimed(tx.connection(), id, &pools).await?;
            return Err(if claimed {
                Error::failed_precondition(&reason::ALREADY_CLAIMED)
            } else {
                Error::not_found()
            });
        };
        let customer = Reader::of(&call.caller, &fields).customer(&row)?;
        event::emit(&mut tx, id, &customer);
        tx.audit(AuditEntry {
            action: "customer.claimed",
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes: vec![FieldChange {
                field: "owner_id".into(),
                before: String::new(),
                after: customer.owner_name.clone(),
            }],
        });
        tx.commit_call(call, customer).await
    }

    async fn give_back(&self, call: &Call, request: &ReturnCustomerRequest) -> Result<Customer> {
        let shared = &self.shared;
        let employee_id = call.caller.require_employee()?;
        let id = id(&request.id)?;
        let fields = shared.fields.current().await?;
        let mut tx = match shared.db.begin_once::<Customer>(call).await? {
            Once::Done(customer) => return Ok(customer),
            Once::New(tx) => tx,
        };
        let own = RowPredicate::Scoped {
            employee_id,
            group_ids: Arc::from([]),
            shared_with_group: None,
            shares_count: false,
        };
        let reader = Reader::of(&call.caller, &fields);
        let before = reader.customer(&customer_lock(tx.connection(), &own, id).await?)?;
        check_etag(&request.etag, &before.etag)?;
        let rows = owner_set(tx.connection(), &[id], None, Some(employee_id)).await?;
        let customer = reader.customer(rows.first().ok_or_else(Error::not_found)?)?;
        event::emit(&mut tx, id, &customer);
        tx.audit(AuditEntry {
            action: "customer.returned",
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes: vec![
                FieldChange { field: "owner_id".into(), before: before.owner_name, after: String::new() },
                FieldChange { field: "reason".into(), before: String::new(), after: request.reason.trim().to_owned() },
            ],
        });
        tx.commit_call(call, customer).await
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
