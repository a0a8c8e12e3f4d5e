//! Who owns what: how much an employee does, asked by identity before it removes one, and who had a customer when. The
//! present period stands with the customer, the ones before in `ownership`, where a trigger puts them.

mod cause;
mod rpc;
mod store;

pub use cause::Cause;
pub use rpc::OwnershipRpc;
