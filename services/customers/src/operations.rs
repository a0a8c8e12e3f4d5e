//! The operations service of customers: what is personal in custom fields stands with their definitions.

use std::sync::Arc;

use contracts::customers::customers_operations_service_server::CustomersOperationsService;
use contracts::options::PersonalData;
use platform::audit::personal::Kind;
use platform::error::Result;
use platform::events::{Consumer, Events};
use platform::operations::{FieldKinds, Operations};

use crate::Shared;
use crate::field::{FieldCache, Fields};

platform::serve_operations!(CustomersOperationsService);

pub fn rpc(shared: &Shared, events: &Events, consumers: &[Consumer]) -> OperationsRpc {
    OperationsRpc(Operations::new(&shared.db, events, consumers, CustomFields(shared.fields.clone())))
}

struct CustomFields(Arc<FieldCache>);

#[tonic::async_trait]
impl FieldKinds for CustomFields {
    async fn now(&self) -> Result<Box<dyn Fn(&str, &str) -> Option<Kind> + Send + Sync>> {
        let fields = self.0.current().await?;
        Ok(Box::new(move |record_kind, path| custom_kind(record_kind, path, &fields)))
    }
}

/// The kind of a custom field; nothing for a field of the contract.
pub fn custom_kind(record_kind: &str, path: &str, fields: &Fields) -> Option<Kind> {
    let key = path.strip_prefix("custom_fields.").filter(|_| record_kind == "customer")?;
    Some(match fields.by_key(key).map(contracts::customers::Field::personal_data) {
        None => Kind::Unknown,
        Some(PersonalData::Unspecified) => Kind::None,
        Some(kind) => Kind::Of(kind),
    })
}
