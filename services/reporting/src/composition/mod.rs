//! Customer composition: how many customers there are of which kind.

pub mod rpc;
mod rules;
pub mod store;

pub use rpc::Compositions;
