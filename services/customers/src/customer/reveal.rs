//! Shows one customer with what the caller's role masks.

use contracts::customers::{Customer, RevealCustomerRequest};
use contracts::options::Permission;
use platform::access::Call;
use platform::audit::Revealed;
use platform::error::Result;

use super::row::Reader;
use super::rpc::id;
use super::{event, store};
use crate::field::sight::personal;
use crate::{Shared, parent};

pub async fn reveal(shared: &Shared, call: &Call, request: &RevealCustomerRequest) -> Result<Customer> {
    let id = id(&request.id)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = shared.db.begin().await?;
    // Nobody is shown more of a record that they don't see at all.
    parent::require_visible(tx.connection(), &call.caller.rows(Permission::CustomersRead), id).await?;
    let rows = call.caller.rows(Permission::CustomersReveal);
    let reader = Reader::revealing(&call.caller, &fields);
    let message = store::customer_get(tx.connection(), &reader, &rows, id).await?;
    let further_kinds = personal(&fields, &message.custom_fields);
    let revealed = Revealed {
        action: "customer.revealed",
        record_kind: event::AGGREGATE,
        record_id: id,
        subject_id: id,
        reason: &request.reason,
        message,
        further_kinds,
    };
    revealed.give(tx, call).await
}
