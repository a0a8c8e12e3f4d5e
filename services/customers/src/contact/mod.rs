//! Contacts: the people of a customer.

pub mod filter;
mod rpc;
mod rules;
mod store;

pub use rpc::ContactRpc;
