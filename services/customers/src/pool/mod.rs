//! The public pool (公海): customers without an owner. `rules` says whose pool is whose, `recycle` fills it.

mod recycle;
mod rpc;
mod rules;
mod store;

pub use recycle::Recycle;
pub use rpc::PoolRpc;
