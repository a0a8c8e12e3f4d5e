//! Saved views of lists.

mod rpc;
mod rules;
mod store;

pub use rpc::ViewRpc;
