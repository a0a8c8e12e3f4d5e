//! Takes a file in: onto disk as it comes, looked at, into the store, and only then written down.

use std::fs::File;
use std::io::Seek;

use chrono::{TimeDelta, Utc};
use contracts::customers::{Attachment, AttachmentKind, AttachmentState, UploadAttachmentRequest};
use platform::access::Call;
use platform::db::Once;
use platform::error::{Error, Result};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tonic::Streaming;
use uuid::Uuid;

use super::access::{Reach, Record};
use super::store::{self, New};
use super::{AttachmentRpc, kind, rules, scan};
use crate::error::reason as own;
use crate::parent;

/// Longer than any upload takes.
const COMING: TimeDelta = TimeDelta::days(1);

impl AttachmentRpc {
    pub(super) async fn take_in(
        &self,
        call: &mut Call,
        first: UploadAttachmentRequest,
        requests: Streaming<UploadAttachmentRequest>,
    ) -> Result<Attachment> {
        let employee_id = call.caller.require_employee()?;
        let record = Record::of(&first.customer_id, &first.contact_id, &first.interaction_id)?;
        // Before the file is taken: whoever may not attach it shall not wait for it.
        self.require_writable(call, record).await?;
        self.blobs.require_open()?;
        let spooled = self.spool(first, requests).await?;
        call.request_digest = spooled.digest.clone();
        let (file, attachment) = self.look(spooled.file, &spooled.first, &spooled.head).await?;
        let attachment = Attachment { size: spooled.head.length.cast_signed(), ..attachment };

        let object_id = Uuid::now_v7();
        let mut connection = self.db.pool().acquire().await?;
        store::object_announce(&mut connection, object_id, Utc::now() + COMING).await?;
        drop(connection);
        self.blobs.put(object_id, file).await?;

        let mut tx = match self.db.begin_once::<Attachment>(call).await? {
            // What came in this time is loose, and goes when it is due.
            Once::Done(attachment) => return Ok(attachment),
            Once::New(tx) => tx,
        };
        let names = self.names(call);
        let writing = Reach::writing(&call.caller);
        let customer_id = store::customer_of(tx.connection(), writing.of(record), record).await?;
        parent::lock_active(tx.connection(), writing.of(record), customer_id).await?;
        let max = self.config.max_count;
        if store::attachment_count(tx.connection(), record).await? >= i64::from(max) {
            return Err(Error::failed_precondition(&own::ATTACHMENTS_TOO_MANY).arg("max", max));
        }
        if !store::object_hold(tx.connection(), object_id).await? {
            return Err(Error::unavailable(anyhow::anyhow!("the object was given up")));
        }
        let id = Uuid::now_v7();
        let sha256 = &spooled.head.sha256;
        let new = New { id, customer_id, record, object_id, sha256, employee_id, attachment: &attachment };
        let stored = store::attachment_insert(tx.connection(), &names, &new).await?;
        if stored.attachment.state() == AttachmentState::Scanning {
            tx.enqueue(scan::of(id)?).await?;
        }
        super::rpc::tell(&mut tx, "attachment.added", &stored, &Attachment::default(), false)?;
        tx.commit_call(call, stored.attachment).await
    }

    async fn require_writable(&self, call: &Call, record: Record) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        let writing = Reach::writing(&call.caller);
        store::customer_of(&mut connection, writing.of(record), record).await.map(drop)
    }

    async fn spool(
        &self,
        mut first: UploadAttachmentRequest,
        mut requests: Streaming<UploadAttachmentRequest>,
    ) -> Result<Spooled> {
        let mut file = tokio::fs::File::from_std(self.blobs.scratch()?);
        let mut head = Head { start: Vec::new(), textual: true, length: 0, sha256: Vec::new() };
        let mut hash = Sha256::new();
        let mut next = first.file.take();
        loop {
            let data = next.take().unwrap_or_default().data;
            head.length += data.len() as u64;
            // The rest is still taken, up to the limit of the gateway: who is sending hears what is wrong only then.
            if head.length <= self.config.max_size {
                hash.update(&data);
                head.textual = head.textual && kind::is_textual(&data);
                let missing = kind::HEAD.saturating_sub(head.start.len()).min(data.len());
                head.start.extend_from_slice(&data[..missing]);
                file.write_all(&data).await.map_err(Error::internal)?;
            }
            match requests.message().await.map_err(Error::unavailable)? {
                Some(message) => next = message.file,
                None => break,
            }
        }
        if head.length > self.config.max_size {
            let max = self.config.max_size / 1024 / 1024;
            return Err(Error::invalid("file", &own::ATTACHMENT_TOO_LARGE).arg("max", max));
        }
        if head.length == 0 {
            return Err(Error::invalid("file", &own::ATTACHMENT_EMPTY));
        }
        file.flush().await.map_err(Error::internal)?;
        head.sha256 = hash.finalize().to_vec();
        let mut digest = Sha256::new();
        for part in [&first.name, &first.description, &first.customer_id, &first.contact_id, &first.interaction_id] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.update([first.kind.to_be_bytes(), first.duration_seconds.to_be_bytes()].concat());
        digest.update(&head.sha256);
        Ok(Spooled { first, file: file.into_std().await, head, digest: digest.finalize().to_vec() })
    }

    /// What the file is, and what is written down of it.
    async fn look(&self, mut file: File, first: &UploadAttachmentRequest, head: &Head) -> Result<(File, Attachment)> {
        let (start, textual) = (head.start.clone(), head.textual);
        let looked = tokio::task::spawn_blocking(move || {
            let content_type = kind::recognise(&mut file, &start, textual);
            file.rewind().map(|()| (file, content_type))
        });
        let (file, content_type) = looked.await.map_err(Error::internal)?.map_err(Error::internal)?;
        if kind::known(content_type).is_none() || !self.config.takes(content_type) {
            return Err(Error::invalid("file", &own::ATTACHMENT_TYPE_REFUSED).arg("type", content_type));
        }
        let kind = match first.kind() {
            AttachmentKind::Recording if first.interaction_id.is_empty() => {
                return Err(Error::invalid("kind", &own::RECORDING_WITHOUT_INTERACTION));
            }
            AttachmentKind::Recording if !content_type.starts_with("audio/") => {
                return Err(Error::invalid("file", &own::RECORDING_WITHOUT_SOUND).arg("type", content_type));
            }
            AttachmentKind::Recording => AttachmentKind::Recording,
            _ => AttachmentKind::File,
        };
        let recording = kind == AttachmentKind::Recording;
        let state = if self.config.scanner().is_some() { AttachmentState::Scanning } else { AttachmentState::Clean };
        let attachment = Attachment {
            kind: kind as i32,
            name: rules::name("name", &first.name, content_type)?,
            description: first.description.trim().to_owned(),
            content_type: content_type.to_owned(),
            state: state as i32,
            duration_seconds: if recording { first.duration_seconds } else { 0 },
            ..Attachment::default()
        };
        Ok((file, attachment))
    }
}

struct Spooled {
    /// Everything but the file.
    first: UploadAttachmentRequest,
    file: File,
    head: Head,
    /// Of all that was said and sent, so that a repeated upload is known.
    digest: Vec<u8>,
}

/// What was seen of the file while it came.
struct Head {
    start: Vec<u8>,
    textual: bool,
    length: u64,
    sha256: Vec<u8>,
}
