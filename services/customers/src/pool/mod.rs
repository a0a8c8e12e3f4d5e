//! The public pools (公海): customers without an owner. `sources` says which pool a customer lies in, `recycling` when one
//! goes back, `admin` keeps the pools; `claim` and `give_back` move customers out and in, `recycle` does so by rule.

mod admin;
mod admin_store;
mod claim;
mod expiring;
mod give_back;
mod outcome;
mod recycle;
mod recycling;
mod rpc;
mod rules;
pub mod sources;
mod store;

pub use admin::PoolAdminRpc;
pub use admin_store::pools_load;
pub use expiring::{PoolCache, recycle_time};
pub use recycle::Recycle;
pub use rpc::PoolRpc;
