//! Several customers become one. `rules` decides whose value a field gets, by `values`; `apply` and `undo` are the two ways,
//! each one transaction; `moves` has what goes over and comes back, `store` the merges themselves, and `prune` forgets what
//! a way back would need when there is none any more.

mod apply;
mod moves;
mod preview;
mod prune;
mod rpc;
mod rules;
mod store;
mod undo;
mod values;

pub use prune::Prune;
pub use rpc::MergeRpc;
pub use store::went_into;
