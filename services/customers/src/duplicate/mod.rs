//! Customers that may be one and the same. `rules` says by what they are compared and what that is worth; `check` looks for
//! those like one that is about to be created, `run` compares all of them as a job, and `pairs` has what it found, until
//! somebody decides: `merge` makes one of two.

mod check;
pub mod pairs;
mod rpc;
pub mod rules;
mod run;
mod store;

pub use rpc::DuplicateRpc;
pub use run::DuplicateJob;
