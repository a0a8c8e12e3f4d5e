//! Uploads: the raw body goes on to the service in pieces as it comes, as fast as the service takes them. Nothing is
//! kept here.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyStream, StreamBody};
use platform::contract::Message;
use platform::contract::wire::{close, open, put_bytes, put_tag, put_varint};
use tonic::Status;

use crate::call::{Prepared, declared_length, json_answer, problem};
use crate::fault::{BODY_BROKEN, BODY_TOO_LARGE, Fault};
use crate::gateway::Gateway;
use crate::grpc;
use crate::problem::Problem;

const PIECE: usize = 256 * 1024;

pub async fn answer(gateway: &Gateway, call: Prepared<'_>, head: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let limit = gateway.config.upload_limit;
    let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, &BODY_TOO_LARGE).arg("limit", &limit);
    if declared_length(head).is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let Some(field) = call.route.file_field() else { return Err(Problem::internal()) };
    let Some(file) = field.message().map(|id| gateway.contract.message(id)) else { return Err(Problem::internal()) };
    let frames =
        Frames { number: field.number, content_type: number(file, "content_type"), data: number(file, "data") };

    let mut first = grpc::buffer(256);
    call.bindings.write_beside_file(gateway.contract, call.route, &mut first)?;
    let content_type = head.get(CONTENT_TYPE).map_or(&b"application/octet-stream"[..], |value| value.as_bytes());
    let head = frames.head(first, content_type);

    let cut = Arc::new(OnceLock::new());
    let note = cut.clone();
    let mut sent = 0u64;
    let pieces = BodyStream::new(body).flat_map(move |frame| {
        let data = match frame.map(Frame::into_data) {
            Ok(Ok(data)) => data,
            Ok(Err(_)) => Bytes::new(),
            Err(_) => return stream::iter(vec![Err(broken_off(&note, Cut::Broken))]),
        };
        sent += data.len() as u64;
        let outcome = match sent > limit {
            true => vec![Err(broken_off(&note, Cut::TooLarge))],
            false => frames.pieces(data).into_iter().map(Ok).collect(),
        };
        stream::iter(outcome)
    });
    let messages = stream::iter([Ok(head)]).chain(pieces).map(|bytes| bytes.map(Frame::data));
    let body = tonic::body::Body::new(StreamBody::new(messages));
    let sent = async {
        let answer = grpc::call(call.upstream, &call.route.uri, call.headers, body).await?;
        answer.only().await
    };
    let answer = sent.await;
    // Whatever the service made of a file that was cut off, the caller is told that it was.
    match cut.get() {
        Some(Cut::TooLarge) => return Err(too_large()),
        Some(Cut::Broken) => return Err(Fault::at("", &BODY_BROKEN).into()),
        None => {}
    }
    match answer {
        Ok((_, wire)) => json_answer(gateway, call.route, &call.credentials, &wire),
        Err(status) => Err(problem(call.route, &status)),
    }
}

/// Why the service did not get the whole file.
enum Cut {
    TooLarge,
    Broken,
}

/// Not CANCELLED, which tonic's server takes for the regular end of the request.
fn broken_off(note: &OnceLock<Cut>, cut: Cut) -> Status {
    // The first reason counts, and there is only one.
    let _ = note.set(cut);
    Status::data_loss("the upload broke off")
}

fn number(file: &Message, name: &str) -> u32 {
    file.field_named(name).map(|index| file.fields[index].number).unwrap_or_default()
}

/// Field numbers of the message that carries a piece.
#[derive(Clone, Copy)]
struct Frames {
    number: u32,
    content_type: u32,
    data: u32,
}

impl Frames {
    /// The first message: everything but the file's bytes.
    fn head(self, mut message: Vec<u8>, content_type: &[u8]) -> Bytes {
        put_tag(&mut message, self.number, 2);
        let start = open(&mut message);
        put_bytes(&mut message, self.content_type, content_type);
        close(&mut message, start);
        grpc::seal(message, 0)
    }

    /// Messages with the bytes of the body, which are passed on without a copy.
    fn pieces(self, mut data: Bytes) -> Vec<Bytes> {
        let mut frames = Vec::new();
        while !data.is_empty() {
            let piece = data.split_to(data.len().min(PIECE));
            let mut inner = Vec::with_capacity(8);
            put_tag(&mut inner, self.data, 2);
            put_varint(&mut inner, piece.len() as u64);
            let mut message = grpc::buffer(24);
            put_tag(&mut message, self.number, 2);
            put_varint(&mut message, (inner.len() + piece.len()) as u64);
            message.extend_from_slice(&inner);
            frames.push(grpc::seal(message, piece.len()));
            frames.push(piece);
        }
        frames
    }
}
