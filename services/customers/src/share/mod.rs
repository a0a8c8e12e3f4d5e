//! Record shares: a customer lent to a person or a group, for a time.

mod rpc;
mod store;

pub use rpc::ShareRpc;
