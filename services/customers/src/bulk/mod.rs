//! Bulk changes (批量修改): fields of many customers set to the same values, and given back. `rpc` begins one, `run` does it
//! batch by batch, `values` says what can be changed so and how it is kept, `items` notes what became of each customer.

mod audit;
mod batch;
mod items;
mod prune;
mod rpc;
mod run;
mod store;
mod values;

pub use prune::Prune;
pub use rpc::BulkChangeRpc;
pub use run::BulkChangeJob;
