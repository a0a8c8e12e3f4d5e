//! Data dictionaries: the values that coded fields may hold.

pub mod cache;
mod rpc;
mod rules;
mod store;

pub use rpc::DictionaryRpc;
