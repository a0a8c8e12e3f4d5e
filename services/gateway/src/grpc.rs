//! gRPC with messages as raw bytes: framing, calls through an upstream, streams of messages. The gateway never decodes a
//! message into a struct, so it needs no code of any service.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue, TE};
use http::{HeaderMap, Method, Request, Uri, Version};
use http_body_util::{BodyExt, Full};
use platform::service::Upstream;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// A flag and four bytes of length before every message.
pub const PREFIX: usize = 5;

/// A buffer with room for the prefix, to write a message behind.
pub fn buffer(capacity: usize) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(PREFIX + capacity);
    buffer.resize(PREFIX, 0);
    buffer
}

/// Fills in the prefix of a buffer from [`buffer`]; `beyond` bytes of the message follow elsewhere.
pub fn seal(mut buffer: Vec<u8>, beyond: usize) -> Bytes {
    let length = (buffer.len() - PREFIX + beyond) as u32;
    buffer[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    Bytes::from(buffer)
}

/// A body of one sealed message.
pub fn single(message: Bytes) -> Body {
    Body::new(Full::new(message))
}

/// Calls a method; the answer is a stream of messages, of which a unary call reads one.
pub async fn call(upstream: &Upstream, uri: &Uri, mut headers: HeaderMap, body: Body) -> Result<Messages, Status> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    let mut upstream = upstream.clone();
    let response = upstream.ready().await?.call(request).await?;
    let (parts, body) = response.into_parts();
    if let Some(Err(status)) = status(&parts.headers) {
        return Err(status);
    }
    if !parts.status.is_success() {
        return Err(Status::new(Code::Unavailable, format!("HTTP status {}", parts.status)));
    }
    Ok(Messages { headers: parts.headers, body, pending: BytesMut::new(), ended: false })
}

/// The messages of an answer as they come.
pub struct Messages {
    pub headers: HeaderMap,
    body: Body,
    pending: BytesMut,
    ended: bool,
}

impl Messages {
    /// The only message of a unary answer.
    pub async fn only(mut self) -> Result<(HeaderMap, Bytes), Status> {
        let message = self.next().await?.ok_or_else(|| Status::internal("an answer without a message"))?;
        if self.next().await?.is_some() {
            return Err(Status::internal("a unary answer of several messages"));
        }
        Ok((self.headers, message))
    }

    /// The next message, or nothing at a good end. A call of it that is dropped loses nothing.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.frame().await {
                Some(frame) => {
                    let frame = frame?;
                    match frame.into_data() {
                        Ok(data) => {
                            // Most answers come as one frame, which needs no copy.
                            if self.pending.is_empty() && whole(&data) {
                                return Ok(Some(data.slice(PREFIX..)));
                            }
                            self.pending.extend_from_slice(&data);
                        }
                        Err(frame) => {
                            if let Ok(trailers) = frame.into_trailers() {
                                self.end(status(&trailers))?;
                            }
                        }
                    }
                }
                None => {
                    // In a body without trailers the head has said it all.
                    let status = status(&self.headers);
                    self.end(status)?;
                }
            }
        }
    }

    fn end(&mut self, status: Option<Result<(), Status>>) -> Result<(), Status> {
        self.ended = true;
        if !self.pending.is_empty() {
            return Err(Status::internal("an answer that broke off"));
        }
        status.unwrap_or_else(|| Err(Status::unavailable("an answer without a status")))
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(prefix) = self.pending.get(..PREFIX) else { return Ok(None) };
        if prefix[0] != 0 {
            return Err(Status::internal("a compressed answer that nobody asked for"));
        }
        let length = length(prefix);
        if self.pending.len() < PREFIX + length {
            return Ok(None);
        }
        Ok(Some(self.pending.split_to(PREFIX + length).freeze().slice(PREFIX..)))
    }
}

/// What the headers say of the call. Most went well, and nothing else of those is of interest.
fn status(headers: &HeaderMap) -> Option<Result<(), Status>> {
    if headers.get(Status::GRPC_STATUS)? == "0" {
        return Some(Ok(()));
    }
    Status::from_header_map(headers).map(Err)
}

fn whole(frame: &Bytes) -> bool {
    frame.len() >= PREFIX && frame[0] == 0 && frame.len() == PREFIX + length(frame)
}

fn length(prefix: &[u8]) -> usize {
    prefix[1..PREFIX].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}
