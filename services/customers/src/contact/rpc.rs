//! `ContactService`. A contact is reached through its customer: the row predicate of the customer decides.

use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use contracts::customers::contact_service_server::ContactService;
use contracts::customers::{
    Contact, CreateContactRequest, GetContactRequest, InvalidateContactRequest, ListContactsRequest,
    ListContactsResponse, RevealContactRequest, UpdateContactRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::audit::Revealed;
use platform::db::{AuditEntry, Db, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason};
use platform::filter::{EvalContext, Value as Key};
use platform::{page, update};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::filter::{LATEST, PRIMARY_FIRST, Place, built_in, is_masked};
use super::{rules, store};
use crate::error::reason as own;
use crate::field::Sight;
use crate::field::filter::chosen;
use crate::field::kind::RecordKind;
use crate::field::sight::whole;
use crate::field::unique::{unique_values, unique_values_set};
use crate::search::document::contact_document;
use crate::search::store::{document_delete, documents_save};
use crate::{Shared, parent};

pub struct ContactRpc {
    db: Db,
    shared: Arc<Shared>,
}

impl ContactRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { db: shared.db.clone(), shared }
    }

    /// The day that birthdays are held against.
    fn today(&self) -> NaiveDate {
        self.shared.today()
    }

    async fn sight(&self, call: &Call) -> Result<Sight> {
        Ok(Sight::of(self.shared.fields.of(RecordKind::Contact, &call.caller).await?, &call.caller))
    }
}

#[tonic::async_trait]
impl ContactService for ContactRpc {
    async fn list_contacts(
        &self,
        request: Request<ListContactsRequest>,
    ) -> Result<Response<ListContactsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = match request.customer_id.as_str() {
            "" => None,
            id => Some(id_of("customer_id", id)?),
        };
        let sight = self.sight(&call).await?;
        let schema = sight.fields().schema(built_in);
        let order_by = match (request.order_by.trim(), customer_id) {
            ("", Some(_)) => PRIMARY_FIRST,
            ("", None) => LATEST,
            (order_by, _) => order_by,
        };
        let masked = |field: &str| is_masked(field, &call.caller, sight.masked());
        let (filter, order) = chosen(&schema, "", (&request.filter, order_by), masked)?;
        let size = page::size(request.page_size, 50);
        let (order_text, all) = (order.to_string(), if request.include_invalid { "all" } else { "" });
        let bound = ["contacts", &request.customer_id, all, &request.filter, &order_text];
        let after = page::decode::<Vec<Key>>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::ContactsRead);
        let selection = store::Selection {
            customer_id,
            include_invalid: request.include_invalid,
            filter: &filter,
            context: &EvalContext::at(Utc::now().with_timezone(&self.shared.zone), call.caller.employee_id()),
            order: &order,
            after: after.as_deref(),
            limit: size + 1,
        };
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let mut contacts = store::contact_list(&mut connection, &sight, &rows, &selection).await?;
        if let (Some(customer_id), true) = (customer_id, contacts.is_empty()) {
            parent::require_visible(&mut connection, &rows, customer_id).await?;
        }
        let next_page_token = page::cut(&mut contacts, size, &bound, |contact| order.keys(&Place(contact)))?;
        Ok(Response::new(ListContactsResponse { contacts, next_page_token }))
    }

    async fn get_contact(&self, request: Request<GetContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let sight = self.sight(&call).await?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let rows = call.caller.rows(Permission::ContactsRead);
        Ok(Response::new(store::contact_get(&mut connection, &sight, &rows, id).await?))
    }

    async fn reveal_contact(&self, request: Request<RevealContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id_of("id", &request.id)?;
        let fields = self.shared.fields.of(RecordKind::Contact, &call.caller).await?;
        let sight = Sight::revealing(fields, &call.caller);
        let mut tx = self.db.begin().await?;
        // Nobody is shown more of a record that they don't see at all.
        store::contact_get(tx.connection(), &sight, &call.caller.rows(Permission::ContactsRead), id).await?;
        let rows = call.caller.rows(Permission::CustomersReveal);
        let message = store::contact_get(tx.connection(), &sight, &rows, id).await?;
        let further_kinds = sight.personal(&message.custom_fields);
        let revealed = Revealed {
            action: "contact.revealed",
            record_kind: "contact",
            record_id: id,
            subject_id: id_of("customer_id", &message.customer_id)?,
            reason: &request.reason,
            message,
            further_kinds,
        };
        Ok(Response::new(revealed.give(tx, &call).await?))
    }

    async fn create_contact(&self, request: Request<CreateContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let mut wanted = request.into_inner().contact.unwrap_or_default();
        let customer_id = id_of("contact.customer_id", &wanted.customer_id)?;
        let mut new = Contact::default();
        rules::apply(&mut new, &wanted, &rules::MUTABLE);
        let sight = self.sight(&call).await?;
        let (birthday, faults) = rules::check(&new, &rules::MUTABLE, self.today(), |kind| call.caller.visibility(kind));
        let custom_fields = whole(faults, sight.created(&mut wanted.custom_fields, self.today()))?;
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(again(contact, &sight))),
            Once::New(tx) => tx,
        };
        parent::lock_active(tx.connection(), &call.caller.rows(Permission::ContactsWrite), customer_id).await?;
        if new.primary {
            unset_primary(&mut tx, customer_id).await?;
        }
        let id = Uuid::now_v7();
        let new = (&new, &custom_fields);
        let contact = store::contact_insert(tx.connection(), &sight, (id, customer_id), new, birthday).await?;
        let unique = unique_values(sight.fields(), &custom_fields);
        unique_values_set(tx.connection(), sight.fields(), id, &unique).await?;
        let document = contact_document(id, customer_id, &contact.name, &contact.phone);
        documents_save(tx.connection(), &[document]).await.map_err(Error::from)?;
        let changes = rules::changes((&Contact::default(), &Value::Null), (&contact, &custom_fields));
        audit(&mut tx, "contact.created", (id, customer_id), changes);
        Ok(Response::new(tx.commit_call(&call, contact).await?))
    }

    async fn update_contact(&self, request: Request<UpdateContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let UpdateContactRequest { contact, update_mask } = request.into_inner();
        let mut wanted = contact.unwrap_or_default();
        let id = id_of("contact.id", &wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &rules::MUTABLE)?;
        let revision = update::revision("contact.etag", &wanted.etag)?;
        let sight = self.sight(&call).await?;
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(again(contact, &sight))),
            Once::New(tx) => tx,
        };
        let ((before, before_custom), customer_id) = lock(&mut tx, &sight, &call, id, revision).await?;
        let mut after = before.clone();
        rules::apply(&mut after, &wanted, &paths);
        let (birthday, faults) = rules::check(&after, &paths, self.today(), |kind| call.caller.visibility(kind));
        let custom = sight.updated(&mut wanted.custom_fields, &before_custom, &paths, self.today());
        let custom_fields = whole(faults, custom)?;
        if after.primary && !before.primary {
            unset_primary(&mut tx, customer_id).await?;
        }
        let after = store::contact_update(tx.connection(), &sight, id, (&after, &custom_fields), birthday).await?;
        if custom_fields != before_custom {
            let unique = unique_values(sight.fields(), &custom_fields);
            unique_values_set(tx.connection(), sight.fields(), id, &unique).await?;
        }
        if after.name != before.name || after.phone != before.phone {
            let document = contact_document(id, customer_id, &after.name, &after.phone);
            documents_save(tx.connection(), &[document]).await.map_err(Error::from)?;
        }
        let changes = rules::changes((&before, &before_custom), (&after, &custom_fields));
        audit(&mut tx, "contact.updated", (id, customer_id), changes);
        Ok(Response::new(tx.commit_call(&call, after).await?))
    }

    async fn invalidate_contact(
        &self,
        request: Request<InvalidateContactRequest>,
    ) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id_of("id", &request.id)?;
        let revision = update::revision("etag", &request.etag)?;
        let sight = self.sight(&call).await?;
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(again(contact, &sight))),
            Once::New(tx) => tx,
        };
        let ((before, custom), customer_id) = lock(&mut tx, &sight, &call, id, revision).await?;
        // The first person to turn to is one who can be turned to.
        let after = Contact { invalid: true, primary: false, ..before.clone() };
        let birthday = before.birthday.parse().ok();
        let after = store::contact_update(tx.connection(), &sight, id, (&after, &custom), birthday).await?;
        document_delete(tx.connection(), id).await.map_err(Error::from)?;
        audit(&mut tx, "contact.invalidated", (id, customer_id), rules::changes((&before, &custom), (&after, &custom)));
        Ok(Response::new(tx.commit_call(&call, after).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

/// A contact that the caller may change, with its customer, both held until the transaction ends.
async fn lock(tx: &mut Tx, sight: &Sight, call: &Call, id: Uuid, revision: i64) -> Result<(store::Stored, Uuid)> {
    let rows = call.caller.rows(Permission::ContactsWrite);
    let seen = store::contact_get(tx.connection(), sight, &rows, id).await?;
    let customer_id = id_of("contact.customer_id", &seen.customer_id)?;
    parent::lock_active(tx.connection(), &rows, customer_id).await?;
    let (contact, custom_fields) = store::contact_lock(tx.connection(), sight, id).await?;
    if contact.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    if contact.invalid {
        return Err(Error::failed_precondition(&own::CONTACT_INVALID));
    }
    Ok(((contact, custom_fields), customer_id))
}

/// An answer that was given before, as the caller may see it now.
fn again(mut contact: Contact, sight: &Sight) -> Contact {
    sight.again(&mut contact.custom_fields);
    contact
}

/// Makes room for another primary contact of a locked customer.
async fn unset_primary(tx: &mut Tx, customer_id: Uuid) -> Result<()> {
    if let Some(id) = store::contact_primary_unset(tx.connection(), customer_id).await? {
        let change = FieldChange { field: "primary".into(), before: "true".into(), after: "false".into() };
        audit(tx, "contact.updated", (id, customer_id), vec![change]);
    }
    Ok(())
}

fn audit(tx: &mut Tx, action: &'static str, (id, customer_id): (Uuid, Uuid), changes: Vec<FieldChange>) {
    tx.audit(AuditEntry { action, record_kind: "contact", record_id: id, subject_id: customer_id, changes });
}
