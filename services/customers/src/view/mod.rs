//! Saved views of the customer list.

mod rpc;
mod rules;
mod store;

pub use rpc::ViewRpc;
