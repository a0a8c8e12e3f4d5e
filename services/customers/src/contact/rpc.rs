//! `ContactService`. A contact is reached through its customer: the row predicate of the customer decides.

use chrono::{FixedOffset, NaiveDate, Utc};
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
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{rules, store};
use crate::error::reason as own;
use crate::parent;
use crate::search::document::contact_document;
use crate::search::store::{document_delete, documents_save};

pub struct ContactRpc {
    db: Db,
    /// Where the day begins that birthdays are held against.
    zone: FixedOffset,
}

impl ContactRpc {
    pub fn new(db: Db, zone: FixedOffset) -> Self {
        Self { db, zone }
    }

    fn today(&self) -> NaiveDate {
        Utc::now().with_timezone(&self.zone).date_naive()
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
        let customer_id = id_of("customer_id", &request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let bound = ["contacts", &request.customer_id, if request.include_invalid { "all" } else { "" }];
        let after = page::decode::<(bool, Uuid)>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::ContactsRead);
        let pool = self.db.pool();
        let mut contacts =
            store::contact_list(pool, &rows, customer_id, request.include_invalid, after, size + 1).await?;
        if contacts.is_empty() {
            let mut connection = pool.acquire().await.map_err(Error::from)?;
            parent::require_visible(&mut connection, &rows, customer_id).await?;
        }
        let next_page_token = page::cut(&mut contacts, size, &bound, |contact| (contact.primary, contact.id.clone()))?;
        Ok(Response::new(ListContactsResponse { contacts, next_page_token }))
    }

    async fn get_contact(&self, request: Request<GetContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let rows = call.caller.rows(Permission::ContactsRead);
        Ok(Response::new(store::contact_get(&mut connection, &rows, id).await?))
    }

    async fn reveal_contact(&self, request: Request<RevealContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id_of("id", &request.id)?;
        let mut tx = self.db.begin().await?;
        // Nobody is shown more of a record that they don't see at all.
        store::contact_get(tx.connection(), &call.caller.rows(Permission::ContactsRead), id).await?;
        let rows = call.caller.rows(Permission::CustomersReveal);
        let message = store::contact_get(tx.connection(), &rows, id).await?;
        let revealed = Revealed {
            action: "contact.revealed",
            record_kind: "contact",
            record_id: id,
            subject_id: id_of("customer_id", &message.customer_id)?,
            reason: &request.reason,
            message,
            further_kinds: Vec::new(),
        };
        Ok(Response::new(revealed.give(tx, &call).await?))
    }

    async fn create_contact(&self, request: Request<CreateContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let wanted = request.into_inner().contact.unwrap_or_default();
        let customer_id = id_of("contact.customer_id", &wanted.customer_id)?;
        let mut new = Contact::default();
        rules::apply(&mut new, &wanted, &rules::MUTABLE);
        let birthday = rules::check(&new, &rules::MUTABLE, self.today(), |kind| call.caller.visibility(kind))?;
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(contact)),
            Once::New(tx) => tx,
        };
        parent::lock_active(tx.connection(), &call.caller.rows(Permission::ContactsWrite), customer_id).await?;
        if new.primary {
            unset_primary(&mut tx, customer_id).await?;
        }
        let id = Uuid::now_v7();
        let contact = store::contact_insert(tx.connection(), (id, customer_id), &new, birthday).await?;
        let document = contact_document(id, customer_id, &contact.name, &contact.phone);
        documents_save(tx.connection(), &[document]).await.map_err(Error::from)?;
        audit(&mut tx, "contact.created", (id, customer_id), rules::changes(&Contact::default(), &contact));
        Ok(Response::new(tx.commit_call(&call, contact).await?))
    }

    async fn update_contact(&self, request: Request<UpdateContactRequest>) -> Result<Response<Contact>, Status> {
        let call = Call::of(&request)?;
        let UpdateContactRequest { contact, update_mask } = request.into_inner();
        let wanted = contact.unwrap_or_default();
        let id = id_of("contact.id", &wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &rules::MUTABLE)?;
        let revision = update::revision("contact.etag", &wanted.etag)?;
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(contact)),
            Once::New(tx) => tx,
        };
        let (before, customer_id) = lock(&mut tx, &call, id, revision).await?;
        let mut after = before.clone();
        rules::apply(&mut after, &wanted, &paths);
        let birthday = rules::check(&after, &paths, self.today(), |kind| call.caller.visibility(kind))?;
        if after.primary && !before.primary {
            unset_primary(&mut tx, customer_id).await?;
        }
        let after = store::contact_update(tx.connection(), id, &after, birthday).await?;
        if after.name != before.name || after.phone != before.phone {
            let document = contact_document(id, customer_id, &after.name, &after.phone);
            documents_save(tx.connection(), &[document]).await.map_err(Error::from)?;
        }
        audit(&mut tx, "contact.updated", (id, customer_id), rules::changes(&before, &after));
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
        let mut tx = match self.db.begin_once::<Contact>(&call).await? {
            Once::Done(contact) => return Ok(Response::new(contact)),
            Once::New(tx) => tx,
        };
        let (before, customer_id) = lock(&mut tx, &call, id, revision).await?;
        // The first person to turn to is one who can be turned to.
        let after = Contact { invalid: true, primary: false, ..before.clone() };
        let birthday = before.birthday.parse().ok();
        let after = store::contact_update(tx.connection(), id, &after, birthday).await?;
        document_delete(tx.connection(), id).await.map_err(Error::from)?;
        audit(&mut tx, "contact.invalidated", (id, customer_id), rules::changes(&before, &after));
        Ok(Response::new(tx.commit_call(&call, after).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

/// A contact that the caller may change, with its customer, both held until the transaction ends.
async fn lock(tx: &mut Tx, call: &Call, id: Uuid, revision: i64) -> Result<(Contact, Uuid)> {
    let rows = call.caller.rows(Permission::ContactsWrite);
    let seen = store::contact_get(tx.connection(), &rows, id).await?;
    let customer_id = id_of("contact.customer_id", &seen.customer_id)?;
    parent::lock_active(tx.connection(), &rows, customer_id).await?;
    let contact = store::contact_lock(tx.connection(), id).await?;
    if contact.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    if contact.invalid {
        return Err(Error::failed_precondition(&own::CONTACT_INVALID));
    }
    Ok((contact, customer_id))
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
