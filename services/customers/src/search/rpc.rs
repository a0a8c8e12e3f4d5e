//! `SearchCustomers`: hits in rank order, then the customers behind them.

use std::collections::HashMap;

use contracts::customers::{Customer, CustomerMatch, SearchCustomersRequest, SearchCustomersResponse};
use contracts::options::{Permission, PersonalData, Visibility};
use platform::access::Call;
use platform::error::{Error, Result};
use platform::page;
use uuid::Uuid;

use super::query::{Query, Tier};
use super::store::{self, Reach, Sight};
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::store::customer_list_by_ids;
use crate::error::reason;

pub async fn search(shared: &Shared, call: &Call, request: &SearchCustomersRequest) -> Result<SearchCustomersResponse> {
    // Finding by digits would tell the phones that the caller may not see.
    let phones = call.caller.visibility(PersonalData::Phone) == Visibility::Clear;
    let query = Query::new(&request.query, phones).ok_or_else(|| Error::invalid("query", &reason::SEARCH_EMPTY))?;
    let bound = ["search", query.text.as_str(), if phones { "phones" } else { "" }];
    let after = match page::decode::<(i16, Uuid)>(&bound, &request.page_token)? {
        None => None,
        Some((tier, id)) => {
            let refused = || Error::invalid("page_token", &platform::error::reason::PAGE_TOKEN_INVALID);
            Some((Tier::of(tier).ok_or_else(refused)?, id))
        }
    };
    let size = page::size(request.page_size, 20);
    let rows = call.caller.rows(Permission::CustomersRead);
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut connection = shared.db.pool().acquire().await.map_err(Error::from)?;
    let contacts = call.caller.rows(Permission::ContactsRead);
    let sight = Sight { customers: &rows, contacts: &contacts };
    let mut hits = store::hit_list(&mut connection, &query, sight, Reach::default(), after, size + 1).await?;
    let next_page_token = page::cut(&mut hits, size, &bound, |hit| (hit.tier as i16, hit.customer_id))?;

    let reader = Reader::of(&call.caller, &fields);
    let ids: Vec<Uuid> = hits.iter().map(|hit| hit.customer_id).collect();
    let found = customer_list_by_ids(&mut connection, &reader, &rows, &ids).await?;
    let mut found: HashMap<Uuid, Customer> =
        found.into_iter().filter_map(|customer| Some((customer.id.parse().ok()?, customer))).collect();
    let contacts: Vec<Uuid> = hits.iter().filter_map(|hit| hit.contact_id).collect();
    let mut contacts = store::contact_names(&mut connection, &contacts).await?;
    let matches = hits.into_iter().filter_map(|hit| {
        let customer = found.remove(&hit.customer_id)?;
        let contact_name = hit.contact_id.and_then(|id| contacts.remove(&id)).unwrap_or_default();
        Some(CustomerMatch { customer: Some(customer), contact_name })
    });
    Ok(SearchCustomersResponse { matches: matches.collect(), next_page_token })
}
