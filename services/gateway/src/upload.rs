//! Uploads: the raw body goes on to the service in pieces as it comes, as fast as the service takes them. Nothing is
//! kept here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
use crate::fault::BODY_TOO_LARGE;
use crate::gateway::Gateway;
use crate::grpc;
use crate::problem::Problem;

const PIECE: usize = 256 * 1024;

pub async fn answer(gateway: &Gateway, call: Prepared<'_>, head: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let limit = gateway.config.upload_limit;
    let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, &BODY_TOO_LARGE).arg("limit", limit);
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

    let exceeded = Arc::new(AtomicBool::new(false));
    let flag = exceeded.clone();
    let mut sent = 0u64;
    let pieces = BodyStream::new(body).flat_map(move |frame| {
        let outcome = match frame {
            Err(_) => vec![Err(Status::cancelled("the upload broke off"))],
            Ok(frame) => match frame.into_data() {
                Ok(data) => {
                    sent += data.len() as u64;
                    if sent > limit {
                        flag.store(true, Ordering::Relaxed);
                        vec![Err(Status::resource_exhausted("the upload is too large"))]
                    } else {
                        frames.pieces(data).into_iter().map(Ok).collect()
                    }
                }
                Err(_) => vec![],
            },
        };
        stream::iter(outcome)
    });
    let messages = stream::iter([Ok(head)]).chain(pieces).map(|bytes| bytes.map(Frame::data));
    let body = tonic::body::Body::new(StreamBody::new(messages));
    let sent = async {
        let answer = grpc::call(call.upstream, &call.route.uri, call.headers, body).await?;
        answer.only().await
    };
    match sent.await {
        _ if exceeded.load(Ordering::Relaxed) => Err(too_large()),
        Ok((_, wire)) => json_answer(gateway, call.route, &call.credentials, &wire),
        Err(status) => Err(problem(call.route, &status)),
    }
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
