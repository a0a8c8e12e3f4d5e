//! The messages of a client's stream on their way to the service, each held to the contract like a single request.

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::body::Body;
use tonic::{Code, Status};

use super::guard::{PREFIX, REQUEST_LIMIT, u32_of};
use crate::contract::{Contract, MessageId};
use crate::error::{Error, reason};

struct Inbound {
    body: Body,
    pending: BytesMut,
    message: MessageId,
    over: bool,
}

/// The same stream, which breaks off with what is wrong at the first message that does not hold.
pub fn validated(message: MessageId, body: Body) -> Body {
    let inbound = Inbound { body, pending: BytesMut::new(), message, over: false };
    let frames = futures::stream::unfold(inbound, async |mut inbound| {
        if inbound.over {
            return None;
        }
        let next = inbound.next().await.transpose()?;
        inbound.over = next.is_err();
        Some((next.map(Frame::data), inbound))
    });
    Body::new(StreamBody::new(frames))
}

impl Inbound {
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(Some(frame));
            }
            match self.body.frame().await {
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        self.pending.extend_from_slice(&data);
                    }
                }
                None if self.pending.is_empty() => return Ok(None),
                None => return Err(malformed()),
            }
        }
    }

    /// The next whole message with its prefix, once it is there.
    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(prefix) = self.pending.get(..PREFIX) else { return Ok(None) };
        let length = u32_of(&prefix[1..]);
        if prefix[0] != 0 || length > REQUEST_LIMIT {
            return Err(malformed());
        }
        if self.pending.len() < PREFIX + length {
            return Ok(None);
        }
        let frame = self.pending.split_to(PREFIX + length).freeze();
        Contract::get().validate(self.message, &frame[PREFIX..]).map_err(Error::invalid_fields)?;
        Ok(Some(frame))
    }
}

fn malformed() -> Status {
    Error::new(Code::InvalidArgument, &reason::INVALID_REQUEST).into()
}

#[cfg(test)]
mod tests {
    use contracts::customers::UploadImportFileRequest;
    use prost::{Message, Name};

    use super::*;

    fn frame(request: &UploadImportFileRequest) -> Vec<u8> {
        let message = request.encode_to_vec();
        [&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat()
    }

    async fn through(pieces: Vec<Vec<u8>>) -> (Vec<Bytes>, Option<Status>) {
        let id = Contract::get().message_named(&UploadImportFileRequest::full_name()).unwrap();
        let pieces = pieces.into_iter().map(|piece| Ok::<_, Status>(Frame::data(Bytes::from(piece))));
        let mut body = validated(id, Body::new(StreamBody::new(futures::stream::iter(pieces))));
        let mut frames = Vec::new();
        loop {
            match body.frame().await {
                None => return (frames, None),
                Some(Ok(frame)) => frames.push(frame.into_data().unwrap()),
                Some(Err(status)) => return (frames, Some(status)),
            }
        }
    }

    #[tokio::test]
    async fn messages_come_through_whole_however_they_arrive() {
        let [first, second] = ["a.csv", "b.csv"]
            .map(|name| frame(&UploadImportFileRequest { file_name: name.into(), ..Default::default() }));
        let wire = [first.clone(), second.clone()].concat();
        for size in 1..wire.len() {
            let (frames, fault) = through(wire.chunks(size).map(<[u8]>::to_vec).collect()).await;
            assert!(fault.is_none() && frames == [&first[..], &second[..]], "{size}: {fault:?}");
        }
    }

    #[tokio::test]
    async fn a_message_that_does_not_hold_ends_the_stream() {
        let good = frame(&UploadImportFileRequest { file_name: "a.csv".into(), ..Default::default() });
        let bad = frame(&UploadImportFileRequest { file_name: "a".repeat(5_000), ..Default::default() });
        let (frames, fault) = through(vec![good.clone(), bad, good.clone()]).await;
        assert_eq!((frames.len(), fault.map(|status| status.code())), (1, Some(Code::InvalidArgument)));
        for broken in [vec![1, 0, 0, 0, 0], vec![0, 255, 255, 255, 255], good[..4].to_vec()] {
            let (frames, fault) = through(vec![good.clone(), broken]).await;
            assert_eq!((frames.len(), fault.map(|status| status.code())), (1, Some(Code::InvalidArgument)));
        }
    }
}
