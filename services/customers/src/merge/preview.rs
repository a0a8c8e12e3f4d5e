//! What a merge would do. Of fields that the caller may not choose nothing is said: it would tell whether masked values are
//! the same.

use contracts::customers::{Customer, FieldChoice, PreviewMergeRequest, PreviewMergeResponse};
use contracts::options::Permission;
use platform::access::Call;
use platform::error::{Error, Result};

use super::merge::{in_order, parties};
use super::moves::{self, Merging};
use super::rules::{self, Chooser};
use super::store;
use crate::Shared;
use crate::customer::id;
use crate::customer::row::Reader;
use crate::error::reason;

pub async fn preview(shared: &Shared, call: &Call, request: &PreviewMergeRequest) -> Result<PreviewMergeResponse> {
    let survivor_id = id(&request.survivor_id)?;
    let mut ids = vec![survivor_id];
    for (index, text) in request.merged_ids.iter().enumerate() {
        let merged_id = id(text)?;
        if ids.contains(&merged_id) {
            return Err(Error::invalid(format!("merged_ids[{index}]"), &reason::MERGE_CUSTOMER_TWICE));
        }
        ids.push(merged_id);
    }
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let rows = (call.caller.rows(Permission::CustomersUpdate), call.caller.rows(Permission::CustomersInvalidate));
    let mut connection = shared.db.pool().acquire().await.map_err(Error::from)?;
    let found = store::customers_get(&mut connection, (&rows.0, &rows.1), survivor_id, &ids).await?;
    let at = |place: usize| if place == 0 { "survivor_id".into() } else { format!("merged_ids[{}]", place - 1) };
    let customers = in_order(&reader, &found, &ids, at)?;
    let parties = parties(&ids, &customers);
    let mut customers: Vec<Customer> = customers.into_iter().map(|(customer, _)| customer).collect();
    rules::check(&customers)?;
    let chooser = Chooser { caller: &call.caller, fields: &fields, masked: reader.masked() };
    let decided =
        rules::paths(&parties).into_iter().filter(|path| chooser.may_choose(path) && rules::differs(&parties, path));
    let fields = decided.map(|path| FieldChoice {
        field: path.to_owned(),
        customer_id: parties[rules::source(request.survivorship(), &parties, path)].id.to_string(),
    });
    let fields = fields.collect();
    for customer in &mut customers {
        reader.masked().apply(&mut customer.custom_fields);
    }
    let merging = Merging { id: uuid::Uuid::nil(), survivor_id, merged_ids: &ids[1..] };
    let moved = moves::count(&mut connection, &merging).await?;
    Ok(PreviewMergeResponse { customers, fields, moved })
}
