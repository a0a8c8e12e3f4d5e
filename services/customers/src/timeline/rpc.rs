//! `TimelineService`: interactions and changes merged, latest first.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::customers::timeline_entry::Entry;
use contracts::customers::timeline_service_server::TimelineService;
use contracts::customers::{
    Interaction, ListTimelineEntriesRequest, ListTimelineEntriesResponse, TimelineEntry, TimelineKind,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{Db, timestamp};
use platform::error::{Error, Result, reason};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::{self, Looker};
use super::store::{self, Change, Kinds};
use crate::field::kind::RecordKind;
use crate::field::{FieldCache, Sight};
use crate::interaction;
use crate::operations::KnownFields;

/// An entry's place: its time, and its id among those of one time.
type Place = (DateTime<Utc>, Uuid);

pub struct TimelineRpc {
    db: Db,
    fields: Arc<FieldCache>,
}

impl TimelineRpc {
    pub fn new(db: Db, fields: Arc<FieldCache>) -> Self {
        Self { db, fields }
    }
}

enum Found {
    Interaction(Box<Interaction>),
    Change(Change),
}

#[tonic::async_trait]
impl TimelineService for TimelineRpc {
    async fn list_timeline_entries(
        &self,
        request: Request<ListTimelineEntriesRequest>,
    ) -> Result<Response<ListTimelineEntriesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id: Uuid =
            request.customer_id.parse().map_err(|_| Error::invalid("customer_id", &reason::VALUE_INVALID))?;
        let size = page::size(request.page_size, 50);
        let kinds = Kinds::new(request.kinds);
        let asked = kinds.text();
        let bound = ["timeline", &request.customer_id, &asked];
        let before = page::decode::<Place>(&bound, &request.page_token)?;
        let fields = self.fields.current().await?;
        let known = KnownFields::of(&fields, &call.caller);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;

        let readable = call.caller.rows(Permission::CustomersRead);
        let interactions_readable = call.caller.rows(Permission::InteractionsRead);
        let contacts_readable = call.caller.rows(Permission::ContactsRead);
        let predicates = [&readable, &interactions_readable, &contacts_readable];
        let visible = store::timeline_visible(&mut connection, customer_id, predicates).await?;

        let mut found: Vec<(Place, Found)> = Vec::new();
        if visible.interactions && kinds.has(TimelineKind::Interaction) {
            let names = call.caller.policy().cloned().unwrap_or_default();
            let view = fields.view(RecordKind::Interaction, Some(&call.caller));
            let reader = interaction::store::Reader { names, sight: Sight::of(view, &call.caller) };
            let interactions =
                interaction::store::interaction_list_before(&mut connection, &reader, customer_id, before, size + 1);
            found.extend(interactions.await?.into_iter().filter_map(|interaction| {
                let place = (interaction::instant(interaction.occur_time.as_ref()?)?, interaction.id.parse().ok()?);
                Some((place, Found::Interaction(Box::new(interaction))))
            }));
        }
        let changes =
            store::change_list_before(&mut connection, customer_id, (visible, &kinds), before, size + 1).await?;
        let others = rules::other_customers(&changes);
        let customer_names: HashMap<Uuid, String> =
            store::customer_names(&mut connection, &readable, &others).await?.into_iter().collect();
        drop(connection);
        found.extend(changes.into_iter().map(|change| ((change.time, change.id), Found::Change(change))));
        found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        let next_page_token = page::cut(&mut found, size, &bound, |(place, _)| *place)?;

        let visibility = |kind| call.caller.visibility(kind);
        let looker = Looker { fields: &known, visibility: &visibility, customer_names: &customer_names };
        let entries = found.into_iter().map(|(place, found)| entry(place, found, &looker)).collect();
        Ok(Response::new(ListTimelineEntriesResponse { entries, next_page_token }))
    }
}

fn entry((time, id): Place, found: Found, looker: &Looker<'_>) -> TimelineEntry {
    let (actor_name, entry) = match found {
        Found::Interaction(interaction) => (interaction.employee_name.clone(), Entry::Interaction(*interaction)),
        Found::Change(mut change) => {
            (std::mem::take(&mut change.actor_name), Entry::Change(rules::shown(change, looker)))
        }
    };
    TimelineEntry { id: id.to_string(), time: Some(timestamp(time)), actor_name, entry: Some(entry) }
}
