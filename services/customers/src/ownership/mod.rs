//! What an employee owns, asked by identity before it removes one.

mod rpc;
mod store;

pub use rpc::OwnershipRpc;
