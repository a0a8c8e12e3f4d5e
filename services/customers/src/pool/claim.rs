//! Claiming: of two who claim at once one wins, and nobody gets beyond the quotas of a pool.

use chrono::{NaiveTime, Utc};
use contracts::customers::{
    ClaimCustomersRequest, ClaimCustomersResponse, Customer, OwnershipReason, Pool as PoolRecord,
};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use uuid::Uuid;

use super::outcome::{Refusal, outcome};
use super::rules::{Reach, cooling_until, exceeded};
use super::sources::Sources;
use super::store;
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::store::{To, owner_set};
use crate::customer::{event, id};
use crate::ownership::Cause;

pub async fn claim(shared: &Shared, call: &Call, id: Uuid) -> Result<Customer> {
    let claimer = Claimer::of(shared, call).await?;
    let mut tx = match shared.db.begin_once::<Customer>(call).await? {
        Once::Done(customer) => return Ok(Reader::of(&call.caller, &claimer.fields).again(customer)),
        Once::New(tx) => tx,
    };
    let sources = claimer.begin(&mut tx).await?;
    let customer = claimer.take(&mut tx, &sources, id).await?.map_err(|refusal| refusal.error())?;
    tx.commit_call(call, customer).await
}

pub async fn claim_many(
    shared: &Shared,
    call: &Call,
    request: &ClaimCustomersRequest,
) -> Result<ClaimCustomersResponse> {
    let claimer = Claimer::of(shared, call).await?;
    let ids = request.ids.iter().map(|text| id(text)).collect::<Result<Vec<_>>>()?;
    let mut tx = match shared.db.begin_once::<ClaimCustomersResponse>(call).await? {
        Once::Done(response) => {
            let reader = Reader::of(&call.caller, &claimer.fields);
            return Ok(ClaimCustomersResponse { outcomes: reader.outcomes_again(response.outcomes) });
        }
        Once::New(tx) => tx,
    };
    let sources = claimer.begin(&mut tx).await?;
    // In the order of ids, so that two who claim the same wait for each other; answered in the order of the request.
    let mut places: Vec<usize> = (0..ids.len()).collect();
    places.sort_by_key(|place| ids[*place]);
    let mut outcomes = Vec::with_capacity(ids.len());
    for place in places {
        outcomes.push((place, outcome(ids[place], claimer.take(&mut tx, &sources, ids[place]).await?)));
    }
    outcomes.sort_by_key(|(place, _)| *place);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    tx.commit_call(call, ClaimCustomersResponse { outcomes }).await
}

/// Who claims, and what they may.
struct Claimer<'a> {
    shared: &'a Shared,
    call: &'a Call,
    fields: std::sync::Arc<crate::field::Fields>,
    employee_id: Uuid,
    reach: Reach,
}

impl<'a> Claimer<'a> {
    async fn of(shared: &'a Shared, call: &'a Call) -> Result<Self> {
        let employee_id = call.caller.require_employee()?;
        Ok(Self {
            shared,
            call,
            fields: shared.fields.seen_by(&call.caller).await?,
            employee_id,
            reach: Reach::of(&call.caller),
        })
    }

    /// Holds the claims of the employee, so that each counts those before it.
    async fn begin(&self, tx: &mut Tx) -> Result<Sources> {
        store::claims_lock(tx.connection(), self.employee_id).await?;
        let policy = self.call.caller.policy().cloned().unwrap_or_default();
        super::pools_load(tx.connection(), &policy).await
    }

    async fn take(&self, tx: &mut Tx, sources: &Sources, id: Uuid) -> Result<Result<Customer, Refusal>> {
        let Some((group_id, region)) = store::free_lock(tx.connection(), id, &self.reach).await? else {
            let claimed = store::was_claimed(tx.connection(), id, &self.reach).await?;
            return Ok(Err(if claimed { Refusal::AlreadyClaimed } else { Refusal::NotFound }));
        };
        let pool_id = sources.of(group_id, &region);
        let pool = sources.by_id(pool_id).ok_or_else(|| Error::internal(anyhow::anyhow!("no pool {pool_id}")))?;
        if let Some(refusal) = self.refusal(tx, id, (pool_id, pool)).await? {
            return Ok(Err(refusal));
        }
        store::claim_insert(tx.connection(), id, self.employee_id, (pool_id, group_id)).await?;
        let owner = To::Owner(self.employee_id, self.call.caller.group_id());
        let cause = Cause::by(OwnershipReason::Claimed, self.employee_id);
        let rows = owner_set(tx.connection(), &[id], owner, &cause).await?;
        let row = rows.first().ok_or_else(Error::not_found)?;
        let customer = Reader::of(&self.call.caller, &self.fields).customer(row)?;
        event::emit(tx, id, &customer);
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
        Ok(Ok(customer))
    }

    async fn refusal(&self, tx: &mut Tx, id: Uuid, (pool_id, pool): (Uuid, &PoolRecord)) -> Result<Option<Refusal>> {
        let zone = self.shared.zone;
        if pool.cool_down_days > 0 {
            let last_owned = store::last_owned(tx.connection(), id, self.employee_id).await?;
            if let Some(until) = cooling_until(pool, last_owned, Utc::now()) {
                return Ok(Some(Refusal::TooSoon(until.with_timezone(&zone).date_naive())));
            }
        }
        if pool.max_owned == 0 && pool.max_claims_per_day == 0 {
            return Ok(None);
        }
        let midnight = self.shared.today().and_time(NaiveTime::MIN).and_local_timezone(zone).single();
        let since = midnight.map_or_else(Utc::now, |midnight| midnight.to_utc());
        let (owned, claims) = store::claim_counts(tx.connection(), self.employee_id, pool_id, since).await?;
        Ok(exceeded(pool, owned, claims).map(Refusal::Quota))
    }
}
