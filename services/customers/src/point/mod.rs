//! Points of customers. The database holds that the balance is the sum and what runs out goes first; `expiry` writes off what
//! has run out.

mod expiry;
mod rpc;
mod store;

pub use expiry::Expiry;
pub use rpc::PointRpc;
