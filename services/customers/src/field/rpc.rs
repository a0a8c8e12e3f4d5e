//! `FieldService`: definitions of custom fields. Whatever changes here, `cache` tells everyone else.

use std::sync::Arc;

use contracts::customers::field_service_server::FieldService;
use contracts::customers::{CreateFieldRequest, Field, ListFieldsRequest, ListFieldsResponse, UpdateFieldRequest};
use platform::access::Call;
use platform::db::{AuditEntry, Db, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status};

use super::cache::{FieldCache, schema_changed};
use super::value::{to_json, to_text};
use super::{rules, store};
use crate::audit::{Changes, key_id};
use crate::dictionary::cache::Dictionaries;
use crate::error::reason;

const MUTABLE: [&str; 7] =
    ["label_zh", "label_en", "required", "default_value", "position", "retired", "personal_data"];

pub struct FieldRpc {
    db: Db,
    cache: Arc<FieldCache>,
}

impl FieldRpc {
    pub fn new(db: Db, cache: Arc<FieldCache>) -> Self {
        Self { db, cache }
    }
}

#[tonic::async_trait]
impl FieldService for FieldRpc {
    async fn list_fields(&self, request: Request<ListFieldsRequest>) -> Result<Response<ListFieldsResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 200);
        let bound = ["fields", if request.include_retired { "all" } else { "active" }];
        let after = page::decode::<(i32, String)>(&bound, &request.page_token)?;
        let mut fields = store::field_list(self.db.pool(), request.include_retired, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut fields, size, &bound, |field| (field.position, field.key.clone()))?;
        Ok(Response::new(ListFieldsResponse { fields, next_page_token }))
    }

    async fn create_field(&self, request: Request<CreateFieldRequest>) -> Result<Response<Field>, Status> {
        let call = Call::of(&request)?;
        let mut new = request.into_inner().field.unwrap_or_default();
        new.label_zh = new.label_zh.trim().to_owned();
        let mut tx = match self.db.begin_once::<Field>(&call).await? {
            Once::Done(field) => return Ok(Response::new(field)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let dictionaries = Dictionaries::load(tx.connection()).await.map_err(Error::from)?;
        let default = rules::check(&new, &dictionaries).map_err(Error::invalid_fields)?;
        let field = store::field_insert(tx.connection(), &new, default.as_ref()).await?;
        check_count(&mut tx).await?;
        audit(&mut tx, "field.created", &Field::default(), &field, &dictionaries);
        let field = tx.commit_call(&call, field).await?;
        self.cache.changed().await;
        Ok(Response::new(field))
    }

    async fn update_field(&self, request: Request<UpdateFieldRequest>) -> Result<Response<Field>, Status> {
        let call = Call::of(&request)?;
        let UpdateFieldRequest { field, update_mask } = request.into_inner();
        let wanted = field.unwrap_or_default();
        let paths = update::paths(update_mask.as_ref(), &MUTABLE)?;
        let revision = update::revision("field.etag", &wanted.etag)?;
        let mut tx = match self.db.begin_once::<Field>(&call).await? {
            Once::Done(field) => return Ok(Response::new(field)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let before = store::field_lock(tx.connection(), &wanted.key).await?;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag().into());
        }
        let mut after = before.clone();
        for path in paths {
            match path {
                "label_zh" => after.label_zh = wanted.label_zh.trim().to_owned(),
                "label_en" => after.label_en.clone_from(&wanted.label_en),
                "required" => after.required = wanted.required,
                "default_value" => after.default_value.clone_from(&wanted.default_value),
                "position" => after.position = wanted.position,
                "retired" => after.retired = wanted.retired,
                _ => after.personal_data = wanted.personal_data,
            }
        }
        let dictionaries = Dictionaries::load(tx.connection()).await.map_err(Error::from)?;
        let default = rules::check(&after, &dictionaries).map_err(Error::invalid_fields)?;
        let after = store::field_update(tx.connection(), &after, default.as_ref()).await?;
        if before.retired && !after.retired {
            check_count(&mut tx).await?;
        }
        audit(&mut tx, "field.updated", &before, &after, &dictionaries);
        let field = tx.commit_call(&call, after).await?;
        self.cache.changed().await;
        Ok(Response::new(field))
    }
}

/// The change of the schema keeps others out, so the count is true until the commit.
async fn check_count(tx: &mut Tx) -> Result<()> {
    if store::field_count_active(tx.connection()).await? > rules::MAX_ACTIVE {
        return Err(Error::failed_precondition(&reason::FIELDS_TOO_MANY).arg("max", rules::MAX_ACTIVE));
    }
    Ok(())
}

fn audit(tx: &mut Tx, action: &'static str, before: &Field, after: &Field, dictionaries: &Dictionaries) {
    let default = |field: &Field| {
        let json =
            field.default_value.as_ref().and_then(|value| to_json(field, value, dictionaries, None).ok().flatten());
        json.as_ref().map(to_text).unwrap_or_default()
    };
    let named = |field: &Field| if field.key.is_empty() { "" } else { field.r#type().as_str_name() };
    let mut changes = Changes::of(&after.key);
    changes.add("type", named(before), named(after));
    changes.add("label_zh", &before.label_zh, &after.label_zh);
    changes.add("label_en", &before.label_en, &after.label_en);
    changes.add("required", before.required, after.required);
    changes.add("unique", before.unique, after.unique);
    changes.add("dictionary", &before.dictionary, &after.dictionary);
    changes.add("default_value", default(before), default(after));
    changes.add("position", before.position, after.position);
    changes.add("retired", before.retired, after.retired);
    changes.add("personal_data", before.personal_data().as_str_name(), after.personal_data().as_str_name());
    let id = key_id(&["field", &after.key]);
    tx.audit(AuditEntry { action, record_kind: "field", record_id: id, subject_id: id, changes: changes.into() });
}
