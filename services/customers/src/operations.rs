//! The operations service of customers: what is personal in custom fields stands with their definitions.

use std::sync::Arc;

use contracts::customers::customers_operations_service_server::CustomersOperationsService;
use contracts::options::{Permission, PersonalData};
use platform::access::Caller;
use platform::audit::personal::Kind;
use platform::error::Result;
use platform::events::{Consumer, Events};
use platform::operations::{FieldKinds, Kinds, Operations};

use crate::Shared;
use crate::field::kind::{RecordKind, kind_named};
use crate::field::{FieldCache, Fields};

platform::serve_operations!(CustomersOperationsService);

pub fn rpc(shared: &Shared, events: &Events, consumers: &[Consumer]) -> OperationsRpc {
    OperationsRpc(Operations::new(&shared.db, events, consumers, CustomFields(shared.fields.clone())))
}

struct CustomFields(Arc<FieldCache>);

#[tonic::async_trait]
impl FieldKinds for CustomFields {
    async fn now(&self, reader: &Caller) -> Result<Kinds> {
        let known = KnownFields::of(&*self.0.current().await?, reader);
        Ok(Box::new(move |record_kind, change| {
            known.kind_of(record_kind, &change.field, [&change.before, &change.after])
        }))
    }
}

/// Changes whose texts name fields.
const NAMING: [&str; 6] = ["filter", "order_by", "columns", "layout_field", "update_mask", "recycling_rules"];

/// The custom fields of all records, as a reader of histories knows them.
pub struct KnownFields {
    views: Vec<Arc<Fields>>,
    manages: bool,
}

impl KnownFields {
    pub fn of(fields: &Fields, reader: &Caller) -> Self {
        let kinds = [RecordKind::Customer, RecordKind::Contact, RecordKind::Interaction];
        Self {
            views: kinds.map(|kind| fields.view(kind, Some(reader))).to_vec(),
            manages: reader.allows(Permission::FieldsManage),
        }
    }

    /// For who knows them all.
    #[cfg(test)]
    pub fn all(fields: &Fields) -> Self {
        let kinds = [RecordKind::Customer, RecordKind::Contact, RecordKind::Interaction];
        Self { views: kinds.map(|kind| fields.view(kind, None)).to_vec(), manages: true }
    }

    /// What a change is of; nothing for a field of the contract.
    pub fn kind_of(&self, record_kind: &str, path: &str, texts: [&str; 2]) -> Option<Kind> {
        let hidden = |key: &str| self.views.iter().any(|view| view.is_hidden(key));
        if let Some(key) = path.strip_prefix("custom_fields.") {
            let kind = kind_named(record_kind)?;
            let view = self.views.iter().find(|view| view.kind() == kind)?;
            return Some(match view.by_key(key).map(|field| field.personal_data()) {
                None if view.is_hidden(key) => Kind::Withheld,
                None => Kind::Unknown,
                Some(PersonalData::Unspecified) => Kind::None,
                Some(kind) => Kind::Of(kind),
            });
        }
        if record_kind == "field" && !self.manages && path.split_once('.').is_some_and(|(key, _)| hidden(key)) {
            return Some(Kind::Withheld);
        }
        let names_hidden = NAMING.contains(&path)
            && texts.into_iter().any(|text| self.views.iter().any(|view| view.names_hidden(text)));
        names_hidden.then_some(Kind::Withheld)
    }
}
