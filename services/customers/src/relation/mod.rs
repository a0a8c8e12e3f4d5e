//! Relations between customers.

mod rpc;
mod store;

pub use rpc::RelationRpc;
