//! Gives a file out as it was taken in, under its name, never to be shown in place.

use contracts::google::api::HttpBody;
use futures::StreamExt;
use platform::blob::Content;
use platform::sheet::write::{Answer, disposition};
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};

use contracts::customers::Attachment;

pub fn answer(attachment: &Attachment, content: Content) -> Response<Answer> {
    let content_type = attachment.content_type.clone();
    let (id, expected) = (attachment.id.clone(), attachment.size);
    let mut given = 0_i64;
    let pieces = content.map(move |piece| match piece {
        Ok(data) => {
            given += i64::try_from(data.len()).unwrap_or(i64::MAX);
            Ok(HttpBody { content_type: content_type.clone(), data, extensions: Vec::new() })
        }
        Err(error) => {
            tracing::error!(attachment = id, given, expected, "the content breaks off: {error}");
            Err(Status::data_loss("the content breaks off"))
        }
    });
    let mut response = Response::new(pieces.boxed());
    if let Ok(disposition) = MetadataValue::try_from(disposition(&attachment.name)) {
        response.metadata_mut().insert("content-disposition", disposition);
    }
    response
}
