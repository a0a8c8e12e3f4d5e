//! `InteractionService`. An interaction is reached through its customer: the row predicate of the customer decides.

use std::sync::Arc;

use chrono::Utc;
use contracts::customers::interaction_service_server::InteractionService;
use contracts::customers::{
    CancelInteractionRequest, CreateInteractionRequest, GetInteractionRequest, Interaction, InteractionChanged,
    InteractionState, ListInteractionsRequest, ListInteractionsResponse, UpdateInteractionRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, Db, Once, Tx, timestamp};
use platform::error::{Error, Result, Violation, reason};
use platform::filter::{EvalContext, Value as Key};
use platform::{page, update};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::filter::{DEFAULT_ORDER, Place, built_in, instant};
use super::rules;
use super::store::{self, Reader, Selection};
use crate::error::reason as own;
use crate::field::Sight;
use crate::field::filter::{chosen, is_masked};
use crate::field::kind::RecordKind;
use crate::field::sight::whole;
use crate::field::unique::{unique_values, unique_values_set};
use crate::{Shared, parent};

pub struct InteractionRpc {
    db: Db,
    shared: Arc<Shared>,
}

impl InteractionRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { db: shared.db.clone(), shared }
    }

    async fn reader(&self, call: &Call) -> Result<Reader> {
        let fields = self.shared.fields.of(RecordKind::Interaction, &call.caller).await?;
        Ok(Reader { names: names(call), sight: Sight::of(fields, &call.caller) })
    }
}

#[tonic::async_trait]
impl InteractionService for InteractionRpc {
    async fn list_interactions(
        &self,
        request: Request<ListInteractionsRequest>,
    ) -> Result<Response<ListInteractionsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = match request.customer_id.as_str() {
            "" => None,
            id => Some(id_of("customer_id", id)?),
        };
        let reader = self.reader(&call).await?;
        let schema = reader.sight.fields().schema(built_in);
        let order_by = if request.order_by.trim().is_empty() { DEFAULT_ORDER } else { &request.order_by };
        let masked = |field: &str| is_masked(field, reader.sight.masked());
        let (predicate, order) = chosen(&schema, "", (&request.filter, order_by), masked)?;
        let size = page::size(request.page_size, 50);
        let order_text = order.to_string();
        let bound = ["interactions", &request.customer_id, &request.filter, &order_text];
        let after = page::decode::<Vec<Key>>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::InteractionsRead);
        let context = EvalContext::at(Utc::now().with_timezone(&self.shared.zone), call.caller.employee_id());
        let selection = Selection {
            customer_id,
            filter: &predicate,
            context: &context,
            order: &order,
            after: after.as_deref(),
            limit: size + 1,
        };
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let found = store::interaction_list(&mut connection, &rows, &reader, &selection).await?;
        let mut interactions = found.map_err(|_| Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID))?;
        if let (Some(customer_id), true) = (customer_id, interactions.is_empty()) {
            parent::require_visible(&mut connection, &rows, customer_id).await?;
        }
        let next_page_token = page::cut(&mut interactions, size, &bound, |last| order.keys(&Place(last)))?;
        Ok(Response::new(ListInteractionsResponse { interactions, next_page_token }))
    }

    async fn get_interaction(&self, request: Request<GetInteractionRequest>) -> Result<Response<Interaction>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let reader = self.reader(&call).await?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let rows = call.caller.rows(Permission::InteractionsRead);
        Ok(Response::new(store::interaction_get(&mut connection, &rows, &reader, id).await?))
    }

    async fn create_interaction(
        &self,
        request: Request<CreateInteractionRequest>,
    ) -> Result<Response<Interaction>, Status> {
        let call = Call::of(&request)?;
        let mut wanted = request.into_inner().interaction.unwrap_or_default();
        let customer_id = id_of("interaction.customer_id", &wanted.customer_id)?;
        let mut new = Interaction::default();
        rules::apply(&mut new, &wanted, &rules::MUTABLE);
        rules::check_in(&mut new, &Interaction::default(), Utc::now());
        if new.employee_id.is_empty() {
            new.employee_id = call.caller.require_employee()?.to_string();
        }
        let reader = self.reader(&call).await?;
        let faults = rules::check(&new, InteractionState::Unspecified, Utc::now())?;
        let custom_fields = whole(faults, reader.sight.created(&mut wanted.custom_fields, self.shared.today()))?;
        check_employee(&call, &new.employee_id)?;
        let mut tx = match self.db.begin_once::<Interaction>(&call).await? {
            Once::Done(interaction) => return Ok(Response::new(again(interaction, &reader))),
            Once::New(tx) => tx,
        };
        parent::lock_active(tx.connection(), &call.caller.rows(Permission::InteractionsWrite), customer_id).await?;
        check_contacts(&mut tx, customer_id, &new, &[]).await?;
        let id = Uuid::now_v7();
        let new = (&new, &custom_fields);
        let after = store::interaction_insert(tx.connection(), &reader, (id, customer_id), new).await?;
        let unique = unique_values(reader.sight.fields(), &custom_fields);
        unique_values_set(tx.connection(), reader.sight.fields(), id, &unique).await?;
        let (before, after) = ((Interaction::default(), Value::Null), (after, custom_fields));
        Ok(Response::new(finish(tx, &call, "interaction.created", (id, customer_id), &before, after).await?))
    }

    async fn update_interaction(
        &self,
        request: Request<UpdateInteractionRequest>,
    ) -> Result<Response<Interaction>, Status> {
        let call = Call::of(&request)?;
        let UpdateInteractionRequest { interaction, update_mask } = request.into_inner();
        let mut wanted = interaction.unwrap_or_default();
        let id = id_of("interaction.id", &wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &rules::MUTABLE)?;
        let revision = update::revision("interaction.etag", &wanted.etag)?;
        let reader = self.reader(&call).await?;
        let mut tx = match self.db.begin_once::<Interaction>(&call).await? {
            Once::Done(interaction) => return Ok(Response::new(again(interaction, &reader))),
            Once::New(tx) => tx,
        };
        let (stored, customer_id) = lock(&mut tx, &reader, &call, id, revision).await?;
        let (before, before_custom) = &stored;
        let mut after = before.clone();
        rules::apply(&mut after, &wanted, &paths);
        rules::check_in(&mut after, before, Utc::now());
        if after.employee_id.is_empty() {
            after.employee_id = call.caller.require_employee()?.to_string();
        }
        let faults = rules::check(&after, before.state(), Utc::now())?;
        let custom = reader.sight.updated(&mut wanted.custom_fields, before_custom, &paths, self.shared.today());
        let custom_fields = whole(faults, custom)?;
        if after.employee_id != before.employee_id {
            check_employee(&call, &after.employee_id)?;
        }
        check_contacts(&mut tx, customer_id, &after, &before.contact_ids).await?;
        let after = store::interaction_update(tx.connection(), &reader, id, (&after, &custom_fields)).await?;
        if custom_fields != *before_custom {
            let unique = unique_values(reader.sight.fields(), &custom_fields);
            unique_values_set(tx.connection(), reader.sight.fields(), id, &unique).await?;
        }
        let after = (after, custom_fields);
        Ok(Response::new(finish(tx, &call, "interaction.updated", (id, customer_id), &stored, after).await?))
    }

    async fn cancel_interaction(
        &self,
        request: Request<CancelInteractionRequest>,
    ) -> Result<Response<Interaction>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id_of("id", &request.id)?;
        let revision = update::revision("etag", &request.etag)?;
        let reason = request.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Error::invalid("reason", &reason::VALUE_REQUIRED).into());
        }
        let reader = self.reader(&call).await?;
        let mut tx = match self.db.begin_once::<Interaction>(&call).await? {
            Once::Done(interaction) => return Ok(Response::new(again(interaction, &reader))),
            Once::New(tx) => tx,
        };
        let (stored, customer_id) = lock(&mut tx, &reader, &call, id, revision).await?;
        let (before, custom_fields) = &stored;
        if before.state() != InteractionState::Planned {
            return Err(Error::failed_precondition(&own::INTERACTION_NOT_PLANNED).into());
        }
        let state = InteractionState::Cancelled as i32;
        let after = Interaction { state, cancel_reason: reason, ..before.clone() };
        let after = store::interaction_update(tx.connection(), &reader, id, (&after, custom_fields)).await?;
        let after = (after, custom_fields.clone());
        Ok(Response::new(finish(tx, &call, "interaction.cancelled", (id, customer_id), &stored, after).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

fn names(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

/// An interaction that the caller may change, with its customer, both held until the transaction ends.
async fn lock(tx: &mut Tx, reader: &Reader, call: &Call, id: Uuid, revision: i64) -> Result<(store::Stored, Uuid)> {
    let rows = call.caller.rows(Permission::InteractionsWrite);
    let seen = store::interaction_get(tx.connection(), &rows, reader, id).await?;
    let customer_id = id_of("interaction.customer_id", &seen.customer_id)?;
    parent::lock_active(tx.connection(), &rows, customer_id).await?;
    let stored = store::interaction_lock(tx.connection(), reader, id).await?;
    if stored.0.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    Ok((stored, customer_id))
}

/// An answer that was given before, as the caller may see it now.
fn again(mut interaction: Interaction, reader: &Reader) -> Interaction {
    reader.sight.again(&mut interaction.custom_fields);
    interaction
}

/// The caller, or somebody whose records the caller may write.
fn check_employee(call: &Call, employee_id: &str) -> Result<()> {
    let unknown = || Error::invalid("interaction.employee_id", &own::EMPLOYEE_UNKNOWN);
    let id = employee_id.parse::<Uuid>().map_err(|_| unknown())?;
    if call.caller.employee_id() == Some(id) {
        return Ok(());
    }
    let names = names(call);
    let employee = names.employee(id).filter(|employee| employee.active).ok_or_else(unknown)?;
    let covered = call.caller.covers(Permission::InteractionsWrite, Some(id), employee.group_id);
    if covered { Ok(()) } else { Err(unknown()) }
}

/// New contacts are in use and of this customer; those of before may have been invalidated.
async fn check_contacts(tx: &mut Tx, customer_id: Uuid, interaction: &Interaction, before: &[String]) -> Result<()> {
    if interaction.contact_ids.iter().all(|id| before.contains(id)) {
        return Ok(());
    }
    let ids = store::uuids(&interaction.contact_ids)?;
    let unknown = store::contacts_unknown(tx.connection(), customer_id, &ids).await?;
    let violations: Vec<Violation> = unknown
        .into_iter()
        .filter(|place| {
            let id = usize::try_from(*place).ok().and_then(|place| interaction.contact_ids.get(place));
            id.is_none_or(|id| !before.contains(id))
        })
        .map(|place| Violation {
            field: format!("interaction.contact_ids[{place}]"),
            reason: &own::INTERACTION_CONTACT_UNKNOWN,
            args: Vec::new(),
        })
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid_fields(violations)) }
}

/// What every write of an interaction brings along.
async fn finish(
    mut tx: Tx,
    call: &Call,
    action: &'static str,
    (id, customer_id): (Uuid, Uuid),
    before: &store::Stored,
    (after, custom_fields): store::Stored,
) -> Result<Interaction> {
    store::last_contact_move(tx.connection(), customer_id, &after).await?;
    let event = InteractionChanged {
        id: after.id.clone(),
        revision: update::revision("etag", &after.etag)?,
        customer_id: after.customer_id.clone(),
        r#type: after.r#type,
        state: after.state,
        occur_time: after.occur_time.as_ref().and_then(instant).map(timestamp),
        employee_id: after.employee_id.clone(),
    };
    tx.emit("interaction", id, &event);
    let changes = rules::changes((&before.0, &before.1), (&after, &custom_fields));
    tx.audit(AuditEntry { action, record_kind: "interaction", record_id: id, subject_id: customer_id, changes });
    tx.commit_call(call, after).await
}
