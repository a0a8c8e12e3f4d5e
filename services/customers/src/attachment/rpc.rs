//! `AttachmentService`. An attachment is reached through the record that it hangs on: that record's permissions and the row
//! predicate of its customer decide.

use std::sync::Arc;

use contracts::customers::attachment_service_server::AttachmentService;
use contracts::customers::{
    Attachment, AttachmentChanged, AttachmentLimits, AttachmentState, DeleteAttachmentRequest,
    DeleteAttachmentResponse, DownloadAttachmentRequest, GetAttachmentRequest, ListAttachmentsRequest,
    ListAttachmentsResponse, UpdateAttachmentRequest, UploadAttachmentRequest,
};
use platform::access::{Call, Policy};
use platform::blob::Blobs;
use platform::db::{AuditEntry, Db, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason};
use platform::sheet::write::Answer;
use platform::{page, update};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::access::{Reach, Record};
use super::store::{self, Stored};
use super::{AttachmentConfig, download, kind, rules, sweep};
use crate::error::reason as own;
use crate::parent;

pub struct AttachmentRpc {
    pub(super) db: Db,
    pub(super) config: Arc<AttachmentConfig>,
    pub(super) blobs: Blobs,
}

impl AttachmentRpc {
    pub fn new(db: Db, config: Arc<AttachmentConfig>, blobs: Blobs) -> Self {
        Self { db, config, blobs }
    }

    pub(super) fn names(&self, call: &Call) -> Arc<Policy> {
        call.caller.policy().cloned().unwrap_or_default()
    }

    fn limits(&self) -> AttachmentLimits {
        let taken = kind::KNOWN.iter().filter(|known| self.config.takes(known.content_type));
        AttachmentLimits {
            closed: !self.blobs.is_open(),
            max_size: self.config.max_size.cast_signed(),
            max_count: self.config.max_count.cast_signed(),
            endings: taken.flat_map(|known| known.endings).map(|ending| (*ending).to_owned()).collect(),
        }
    }

    /// An attachment that the caller may change, with its customer, both held until the transaction ends.
    async fn lock(&self, tx: &mut Tx, call: &Call, id: Uuid) -> Result<Stored> {
        let names = self.names(call);
        let reach = Reach::writing(&call.caller);
        let seen = store::attachment_get(tx.connection(), &reach, &names, id).await?;
        parent::lock_active(tx.connection(), reach.of(seen.record), seen.customer_id).await?;
        store::attachment_lock(tx.connection(), &names, id).await
    }
}

#[tonic::async_trait]
impl AttachmentService for AttachmentRpc {
    async fn upload_attachment(
        &self,
        request: Request<Streaming<UploadAttachmentRequest>>,
    ) -> Result<Response<Attachment>, Status> {
        let mut call = Call::of(&request)?;
        let mut requests = request.into_inner();
        let first = requests.message().await?.unwrap_or_default();
        Ok(Response::new(self.take_in(&mut call, first, requests).await?))
    }

    async fn list_attachments(
        &self,
        request: Request<ListAttachmentsRequest>,
    ) -> Result<Response<ListAttachmentsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let record = Record::of(&request.customer_id, &request.contact_id, &request.interaction_id)?;
        let size = page::size(request.page_size, 50);
        let id = record.id().to_string();
        let bound = ["attachments", &id, if request.include_below { "below" } else { "" }];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let reach = Reach::reading(&call.caller);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        store::customer_of(&mut connection, reach.of(record), record).await?;
        let wanted = (record, request.include_below);
        let names = self.names(&call);
        let mut attachments = store::attachment_list(&mut connection, &reach, &names, wanted, after, size + 1).await?;
        let next_page_token = page::cut(&mut attachments, size, &bound, |attachment| attachment.id.clone())?;
        let limits = Some(self.limits());
        Ok(Response::new(ListAttachmentsResponse { attachments, next_page_token, limits }))
    }

    async fn get_attachment(&self, request: Request<GetAttachmentRequest>) -> Result<Response<Attachment>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let reach = Reach::reading(&call.caller);
        let found = store::attachment_get(&mut connection, &reach, &self.names(&call), id).await?;
        Ok(Response::new(found.attachment))
    }

    type DownloadAttachmentStream = Answer;

    async fn download_attachment(
        &self,
        request: Request<DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let reach = Reach::reading(&call.caller);
        let found = store::attachment_get(&mut connection, &reach, &self.names(&call), id).await?;
        // The store may take its time.
        drop(connection);
        match found.attachment.state() {
            AttachmentState::Clean => {}
            AttachmentState::Refused => return Err(Error::failed_precondition(&own::ATTACHMENT_REFUSED).into()),
            _ => return Err(Error::failed_precondition(&own::ATTACHMENT_SCANNING).into()),
        }
        let content = self.blobs.get(found.object_id).await?;
        let mut tx = self.db.begin().await?;
        let changes = vec![FieldChange::set("name", found.attachment.name.clone())];
        audit(&mut tx, "attachment.downloaded", id, found.customer_id, changes);
        // Each download has an entry of its own, so none is answered from what was kept.
        let call = Call { idempotency_key: None, ..call };
        tx.commit_call(&call, ()).await?;
        Ok(download::answer(&found.attachment, content))
    }

    async fn update_attachment(
        &self,
        request: Request<UpdateAttachmentRequest>,
    ) -> Result<Response<Attachment>, Status> {
        let call = Call::of(&request)?;
        let UpdateAttachmentRequest { attachment, update_mask } = request.into_inner();
        let wanted = attachment.unwrap_or_default();
        let id = id_of("attachment.id", &wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &rules::MUTABLE)?;
        let revision = update::revision("attachment.etag", &wanted.etag)?;
        let mut tx = match self.db.begin_once::<Attachment>(&call).await? {
            Once::Done(attachment) => return Ok(Response::new(attachment)),
            Once::New(tx) => tx,
        };
        let before = self.lock(&mut tx, &call, id).await?.attachment;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag().into());
        }
        let mut after = before.clone();
        for path in paths {
            match path {
                "name" => after.name = rules::name("attachment.name", &wanted.name, &before.content_type)?,
                _ => after.description = wanted.description.trim().to_owned(),
            }
        }
        let after = store::attachment_update(tx.connection(), &self.names(&call), id, &after).await?;
        tell(&mut tx, "attachment.updated", &after, &before, false)?;
        Ok(Response::new(tx.commit_call(&call, after.attachment).await?))
    }

    async fn delete_attachment(
        &self,
        request: Request<DeleteAttachmentRequest>,
    ) -> Result<Response<DeleteAttachmentResponse>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.get_ref().id)?;
        let mut tx = match self.db.begin_once::<DeleteAttachmentResponse>(&call).await? {
            Once::Done(response) => return Ok(Response::new(response)),
            Once::New(tx) => tx,
        };
        let before = self.lock(&mut tx, &call, id).await?;
        store::attachment_delete(tx.connection(), id).await?;
        sweep::soon(&mut tx).await?;
        tell(&mut tx, "attachment.removed", &before, &before.attachment, true)?;
        Ok(Response::new(tx.commit_call(&call, DeleteAttachmentResponse {}).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

fn audit(tx: &mut Tx, action: &'static str, id: Uuid, customer_id: Uuid, changes: Vec<FieldChange>) {
    tx.audit(AuditEntry { action, record_kind: "attachment", record_id: id, subject_id: customer_id, changes });
}

/// What every write of an attachment brings along. The event of a removal goes by the revision after the last.
pub(super) fn tell(
    tx: &mut Tx,
    action: &'static str,
    after: &Stored,
    before: &Attachment,
    deleted: bool,
) -> Result<()> {
    let attachment = &after.attachment;
    let id = id_of("id", &attachment.id)?;
    let event = AttachmentChanged {
        id: attachment.id.clone(),
        revision: update::revision("etag", &attachment.etag)? + i64::from(deleted),
        customer_id: attachment.customer_id.clone(),
        contact_id: attachment.contact_id.clone(),
        interaction_id: attachment.interaction_id.clone(),
        kind: attachment.kind,
        state: attachment.state,
        content_type: attachment.content_type.clone(),
        size: attachment.size,
        deleted,
    };
    tx.emit("attachment", id, &event);
    let nothing = Attachment::default();
    let changes = rules::changes(before, if deleted { &nothing } else { attachment });
    audit(tx, action, id, after.customer_id, changes);
    Ok(())
}
