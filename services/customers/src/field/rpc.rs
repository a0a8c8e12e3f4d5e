//! `FieldService`: definitions of custom fields. Whatever changes here, `cache` tells everyone else.

use std::sync::Arc;

use contracts::customers::field_service_server::FieldService;
use contracts::customers::{
    CreateFieldRequest, Field, ListFieldsRequest, ListFieldsResponse, PreviewFieldRequest, PreviewFieldResponse,
    UpdateFieldRequest,
};
use contracts::options::{Permission, Visibility};
use platform::access::{Call, Caller, Policy};
use platform::db::{AuditEntry, Db, Once, Tx};
use platform::error::{Error, Result, reason as common};
use platform::jobs::NewJob;
use platform::{page, update};
use tonic::{Request, Response, Status};

use super::cache::{FieldCache, schema_changed};
use super::fields::{ids, record_kind, rights};
use super::index::{ATTEMPTS, FieldIndex, Payload};
use super::limits::{Limits, rules_json};
use super::rules::MUTABLE;
use super::value::{to_json, to_text};
use super::{preview, rules, store};
use crate::audit::{Changes, key_id};
use crate::dictionary::cache::Dictionaries;
use crate::error::reason;

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
        let caller = Call::of(&request)?.caller;
        let request = request.into_inner();
        let size = page::size(request.page_size, 200);
        let kind = request.record_kind.to_string();
        let bound = ["fields", if request.include_retired { "all" } else { "active" }, &kind];
        let after = page::decode::<(i32, String)>(&bound, &request.page_token)?;
        let manages = caller.allows(Permission::FieldsManage);
        let selection = store::Selection {
            include_retired: request.include_retired,
            record_kind: request.record_kind,
            role_ids: if manages { None } else { Some(caller.role_ids()) },
        };
        let mut fields = store::field_list(self.db.pool(), &selection, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut fields, size, &bound, |field| (field.position, field.key.clone()))?;
        let fields = fields.into_iter().map(|field| shown(field, &caller)).collect();
        Ok(Response::new(ListFieldsResponse { fields, next_page_token }))
    }

    async fn create_field(&self, request: Request<CreateFieldRequest>) -> Result<Response<Field>, Status> {
        let call = Call::of(&request)?;
        let wanted = request.into_inner().field.unwrap_or_default();
        let mut new = Field { record_kind: record_kind(&wanted) as i32, ..wanted.clone() };
        rules::apply(&mut new, &wanted, &MUTABLE);
        new.retired = false;
        let mut tx = match self.db.begin_once::<Field>(&call).await? {
            Once::Done(field) => return Ok(Response::new(field)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let dictionaries = Dictionaries::load(tx.connection()).await.map_err(Error::from)?;
        let default = check(&new, None, &call, &dictionaries)?;
        let field = store::field_insert(tx.connection(), &new, default.as_ref()).await?;
        check_count(&mut tx, &field).await?;
        if field.indexed {
            index(&mut tx, &field).await?;
        }
        audit(&mut tx, "field.created", (&Field::default(), &field), &dictionaries, &policy(&call));
        let field = tx.commit_call(&call, shown(field, &call.caller)).await?;
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
        rules::apply(&mut after, &wanted, &paths);
        let dictionaries = Dictionaries::load(tx.connection()).await.map_err(Error::from)?;
        let default = check(&after, Some(&before), &call, &dictionaries)?;
        let after = store::field_update(tx.connection(), &after, default.as_ref()).await?;
        if before.retired && !after.retired {
            check_count(&mut tx, &after).await?;
        }
        // A failed one is tried again by asking for it once more.
        if (before.indexed, before.retired) != (after.indexed, after.retired) {
            index(&mut tx, &after).await?;
        }
        audit(&mut tx, "field.updated", (&before, &after), &dictionaries, &policy(&call));
        let field = tx.commit_call(&call, shown(after, &call.caller)).await?;
        self.cache.changed().await;
        Ok(Response::new(field))
    }

    async fn preview_field(
        &self,
        request: Request<PreviewFieldRequest>,
    ) -> Result<Response<PreviewFieldResponse>, Status> {
        let caller = Call::of(&request)?.caller;
        let mut wanted = request.into_inner().field.unwrap_or_default();
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        if let Some(known) = store::field_of(&mut connection, &wanted.key).await.map_err(Error::from)? {
            let is_clear = matches!(caller.visibility(known.personal_data()), Visibility::Clear);
            let personal = known.personal_data() != Default::default();
            // Counting by rules would tell the values.
            if !rights(&known, caller.role_ids()).0 || (personal && !is_clear) {
                return Err(Error::invalid("field.key", &common::FIELD_MASKED).arg("field", &known.key).into());
            }
            wanted = Field { r#type: known.r#type, record_kind: known.record_kind, ..wanted };
        }
        let limits = Limits::of(&wanted).map_err(Error::invalid_fields)?;
        Ok(Response::new(preview::preview(&mut connection, &wanted, &limits).await?))
    }
}

/// Has the index of a field made or dropped.
async fn index(tx: &mut Tx, field: &Field) -> Result<()> {
    if field.indexed && store::index_count(tx.connection(), field).await? > rules::MAX_INDEXED {
        return Err(Error::failed_precondition(&reason::FIELD_INDEXES_TOO_MANY).arg("max", rules::MAX_INDEXED));
    }
    let job = NewJob::new::<FieldIndex>(&Payload { key: field.key.clone() })?.max_attempts(ATTEMPTS);
    tx.enqueue(job).await.map(|_| ())
}

fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

/// A definition as the caller may know it.
fn shown(mut field: Field, caller: &Caller) -> Field {
    (field.readable, field.writable) = rights(&field, caller.role_ids());
    if !caller.allows(Permission::FieldsManage) {
        field.read_role_ids.clear();
        field.write_role_ids.clear();
    }
    field
}

/// The checked default, or all that is wrong with a definition.
fn check(
    field: &Field,
    before: Option<&Field>,
    call: &Call,
    dictionaries: &Dictionaries,
) -> Result<Option<serde_json::Value>> {
    let mut faults = rules::check_roles(field, before, &policy(call));
    match rules::check(field, dictionaries) {
        Ok(default) if faults.is_empty() => return Ok(default),
        Ok(_) => {}
        Err(more) => faults.extend(more),
    }
    Err(Error::invalid_fields(faults))
}

/// The change of the schema keeps others out, so the count is true until the commit.
async fn check_count(tx: &mut Tx, field: &Field) -> Result<()> {
    if store::field_count_active(tx.connection(), field).await? > rules::MAX_ACTIVE {
        return Err(Error::failed_precondition(&reason::FIELDS_TOO_MANY).arg("max", rules::MAX_ACTIVE));
    }
    Ok(())
}

fn audit(
    tx: &mut Tx,
    action: &'static str,
    (before, after): (&Field, &Field),
    dictionaries: &Dictionaries,
    policy: &Policy,
) {
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
    let roles = |named: &[String]| {
        let names = ids(named).into_iter();
        let names = names.map(|id| policy.role(id).map_or_else(|| id.to_string(), |role| role.name.clone()));
        names.collect::<Vec<_>>().join(", ")
    };
    let kind = |field: &Field| if field.key.is_empty() { "" } else { field.record_kind().as_str_name() };
    let limits = |field: &Field| field.rules.as_ref().map(|_| rules_json(field).to_string()).unwrap_or_default();
    changes.add("record_kind", kind(before), kind(after));
    changes.add("read_role_ids", roles(&before.read_role_ids), roles(&after.read_role_ids));
    changes.add("write_role_ids", roles(&before.write_role_ids), roles(&after.write_role_ids));
    changes.add("rules", limits(before), limits(after));
    changes.add("indexed", before.indexed, after.indexed);
    changes.add("valid_from", &before.valid_from, &after.valid_from);
    changes.add("valid_until", &before.valid_until, &after.valid_until);
    let id = key_id(&["field", &after.key]);
    tx.audit(AuditEntry { action, record_kind: "field", record_id: id, subject_id: id, changes: changes.into() });
}
