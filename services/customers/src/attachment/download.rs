//! Gives a file out as it was taken in, under its name, never to be shown in place.

use contracts::google::api::HttpBody;
use futures::StreamExt;
use platform::blob::Content;
use platform::sheet::write::{Answer, disposition};
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};
use uuid::Uuid;

use contracts::customers::Attachment;

pub fn answer(attachment: &Attachment, content: Content) -> Response<Answer> {
    give(&attachment.id, &attachment.name, &attachment.content_type, attachment.size, content)
}

/// The archive of what is held on a person.
pub fn give_archive(id: Uuid, size: i64, content: Content) -> Response<Answer> {
    let id = id.to_string();
    give(&id, &format!("{id}.zip"), "application/zip", size, content)
}

fn give(id: &str, name: &str, content_type: &str, expected: i64, content: Content) -> Response<Answer> {
    let (id, content_type) = (id.to_owned(), content_type.to_owned());
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
    if let Ok(disposition) = MetadataValue::try_from(disposition(name)) {
        response.metadata_mut().insert("content-disposition", disposition);
    }
    response
}
