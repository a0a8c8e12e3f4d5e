//! Relations between customers.

mod graph;
mod rpc;
mod rules;
mod store;

pub use rpc::RelationRpc;
