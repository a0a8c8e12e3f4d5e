//! The timeline of a customer: its interactions, and the changes of the customer and of what belongs to it.

mod rpc;
mod rules;
mod store;

pub use rpc::TimelineRpc;
