//! The messages of an answer on their way to the caller, each masked. A stream lasts for as long as the same call would be
//! admitted, and its messages look as the caller may see them when they go out: neither the end of a session nor a change
//! of a role waits for the end of a stream.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::watch;
use tonic::Status;
use tonic::body::Body;

use super::Caller;
use super::guard::{Access, PREFIX, look, u32_of};
use crate::contract::{Contract, Look, Method};
use crate::error::Error;
use crate::locale::{self, Locale};

/// How often a silent stream is looked at, beyond when the policy is heard of: for tokens that expire.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Takes whole messages out of the pieces that an answer comes in.
struct Masking {
    method: &'static Method,
    pending: BytesMut,
}

impl Masking {
    fn new(method: &'static Method) -> Self {
        Self { method, pending: BytesMut::new() }
    }

    /// With no look, all is clear.
    fn take(&mut self, piece: &Bytes, look: Option<Look>) -> Bytes {
        self.pending.extend_from_slice(piece);
        let mut out = BytesMut::with_capacity(self.pending.len());
        while self.pending.len() >= PREFIX {
            let length = u32_of(&self.pending[1..PREFIX]);
            if self.pending.len() < PREFIX + length {
                break;
            }
            let message = self.pending.split_to(PREFIX + length).freeze().slice(PREFIX..);
            let message = match look {
                Some(look) => Contract::get().mask_for(self.method.output, message, look),
                None => message,
            };
            out.put_u8(0);
            out.put_u32(message.len() as u32);
            out.extend_from_slice(&message);
        }
        out.freeze()
    }
}

/// An answer to one call, which is over soon.
pub fn masked(method: &'static Method, look: Look, response: Response<Body>) -> Response<Body> {
    let mut masking = Masking::new(method);
    response.map(|body| {
        Body::new(body.map_frame(move |frame| match frame.into_data() {
            Err(trailers) => trailers,
            Ok(piece) => Frame::data(masking.take(&piece, Some(look))),
        }))
    })
}

/// A stream of messages.
struct Lasting {
    access: Arc<Access>,
    method: &'static Method,
    caller: Caller,
    locale: Locale,
    body: Body,
    masking: Masking,
    heard: watch::Receiver<i64>,
    over: bool,
}

pub fn lasting(
    access: Arc<Access>,
    method: &'static Method,
    caller: Caller,
    response: Response<Body>,
) -> Response<Body> {
    response.map(|body| {
        let lasting = Lasting {
            heard: access.policy().heard(),
            access,
            method,
            caller,
            locale: locale::current(),
            body,
            masking: Masking::new(method),
            over: false,
        };
        let frames = futures::stream::unfold(lasting, async |mut lasting| {
            let frame = lasting.next().await?;
            Some((frame, lasting))
        });
        Body::new(StreamBody::new(frames))
    })
}

impl Lasting {
    async fn next(&mut self) -> Option<Result<Frame<Bytes>, Status>> {
        while !self.over {
            let frame = tokio::select! {
                frame = self.body.frame() => Some(frame?),
                _ = self.heard.changed() => None,
                () = tokio::time::sleep(LOOK_INTERVAL) => None,
            };
            let caller = match self.access.readmit(self.method, &self.caller) {
                Ok(caller) => caller,
                Err(error) => return Some(self.end(error).await),
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                None => {}
                Some(Ok(Ok(piece))) => {
                    let piece = self.masking.take(&piece, look(Contract::get(), self.method, &caller));
                    if !piece.is_empty() {
                        return Some(Ok(Frame::data(piece)));
                    }
                }
                Some(Ok(Err(trailers))) => return Some(Ok(trailers)),
                Some(Err(status)) => return Some(Err(status)),
            }
        }
        None
    }

    /// The head is sent, so why it ends stands behind the last message.
    async fn end(&mut self, error: Error) -> Result<Frame<Bytes>, Status> {
        self.over = true;
        // The service need not wait for the client to see it.
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        locale::scope(self.locale, async { Status::from(error) }).await.add_header(&mut trailers)?;
        Ok(Frame::trailers(trailers))
    }
}
