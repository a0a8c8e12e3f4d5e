//! Pictures in and out.

use contracts::google::api::HttpBody;
use contracts::identity as proto;
use contracts::identity::Avatar;
use contracts::identity::avatar_service_server::AvatarService;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use platform::access::Call;
use platform::db::{AuditEntry, Once};
use platform::error::{Error, Result};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Response, Status, Streaming};
use uuid::Uuid;

use super::picture::{self, MAX_BYTES};
use super::store;
use crate::{Identity, error};

/// Pictures that are drawn at the same time; each takes tens of megabytes.
static DRAWING: Semaphore = Semaphore::const_new(2);

fn audit(action: &'static str, id: Uuid) -> AuditEntry {
    AuditEntry { action, record_kind: "employee", record_id: id, subject_id: id, changes: Vec::new() }
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole file, as long as it is not too long.
async fn taken(mut requests: Streaming<proto::UploadAvatarRequest>) -> Result<Vec<u8>> {
    let too_large = || Error::invalid("file", &error::AVATAR_TOO_LARGE).arg("max", MAX_BYTES / 1024 / 1024);
    let mut content = Vec::new();
    loop {
        let message = requests.message().await.map_err(|status| match status.code() {
            Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted => too_large(),
            _ => Error::unavailable(status),
        })?;
        let Some(message) = message else { return Ok(content) };
        let data = message.file.unwrap_or_default().data;
        if content.len() + data.len() > MAX_BYTES {
            return Err(too_large());
        }
        content.extend_from_slice(&data);
    }
}

#[tonic::async_trait]
impl AvatarService for Identity {
    async fn upload_avatar(
        &self,
        request: Request<Streaming<proto::UploadAvatarRequest>>,
    ) -> Result<Response<Avatar>, Status> {
        let mut call = Call::of(&request)?;
        let id = call.caller.require_employee()?;
        let file = taken(request.into_inner()).await?;
        call.request_digest = Sha256::digest(&file).to_vec();
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let turn = DRAWING.acquire().await.map_err(Error::internal)?;
        let picture = tokio::task::spawn_blocking(move || picture::draw(&file)).await.map_err(Error::internal)??;
        drop(turn);
        let digest = Sha256::digest(&picture.content);
        if store::avatar_set(tx.connection(), id, &picture, &digest).await? {
            tx.audit(audit("employee.avatar_changed", id));
        }
        let reply = Avatar {
            digest: hexadecimal(&digest),
            content_type: picture.content_type.to_owned(),
            width: picture.width.try_into().unwrap_or_default(),
            height: picture.height.try_into().unwrap_or_default(),
        };
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn delete_avatar(
        &self,
        request: Request<proto::DeleteAvatarRequest>,
    ) -> Result<Response<proto::DeleteAvatarResponse>, Status> {
        let call = Call::of(&request)?;
        let id = call.caller.require_employee()?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        if store::avatar_delete(tx.connection(), id).await? {
            tx.audit(audit("employee.avatar_deleted", id));
        }
        Ok(Response::new(tx.commit_call(&call, proto::DeleteAvatarResponse {}).await?))
    }

    type GetAvatarStream = BoxStream<'static, Result<HttpBody, Status>>;

    async fn get_avatar(
        &self,
        request: Request<proto::GetAvatarRequest>,
    ) -> Result<Response<Self::GetAvatarStream>, Status> {
        let id = crate::id("employee_id", &request.into_inner().employee_id)?;
        let (content_type, content, digest) = store::avatar_get(self.db.pool(), id).await?;
        let body = HttpBody { content_type, data: content.into(), extensions: Vec::new() };
        let mut response = Response::new(stream::iter([Ok(body)]).boxed());
        let etag = format!("\"{}\"", hexadecimal(&digest));
        let etag = MetadataValue::try_from(etag).map_err(|error| Status::from(Error::internal(error)))?;
        response.metadata_mut().insert("etag", etag);
        Ok(response)
    }
}
