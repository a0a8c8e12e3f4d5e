//! Contacts: the people of a customer.

mod rpc;
mod rules;
mod store;

pub use rpc::ContactRpc;
