//! Interactions with customers, planned and done.

pub mod filter;
mod rpc;
mod rules;
pub mod store;

pub use filter::instant;
pub use rpc::InteractionRpc;
