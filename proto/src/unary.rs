//! Methods that take one message and give one, called on wire bytes and without a transport.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use prost::Message;
use tonic::{Request, Response, Status};

/// The encoded answer.
pub type Reply = BoxFuture<'static, Result<Bytes, Status>>;

/// A service of the contracts.
pub trait Unary: Send + Sync + 'static {
    /// Full name, such as `changke.customers.v1.CustomerService`.
    fn service(&self) -> &'static str;

    /// Nothing for a method that streams or that the service does not have. The request holds the encoded message.
    fn call(&self, method: &str, request: Request<Bytes>) -> Option<Reply>;
}

fn decode<M: Message + Default>(request: Request<Bytes>) -> Result<Request<M>, Status> {
    let (metadata, extensions, message) = request.into_parts();
    let message = M::decode(message).map_err(|error| Status::internal(error.to_string()))?;
    Ok(Request::from_parts(metadata, extensions, message))
}

fn encode<M: Message>(answer: Result<Response<M>, Status>) -> Result<Bytes, Status> {
    answer.map(|answer| answer.into_inner().encode_to_vec().into())
}

include!(concat!(env!("OUT_DIR"), "/unary.rs"));
