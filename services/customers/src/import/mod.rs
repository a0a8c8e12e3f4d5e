//! Import of customers from files. `upload` takes a file in, `target` knows which field a header means,
//! `row` and `reading` make customers of rows, `run` brings them to those that exist; `codes` are the faults of rows. `download`
//! gives files out again, `undo` takes back what runs did.

mod audit;
mod bulk;
mod codes;
pub mod copy;
mod download;
mod prune;
mod reading;
mod row;
mod rpc;
mod rules;
mod run;
mod store;
pub mod target;
mod undo;
mod upload;
pub mod value;

pub use prune::Prune;
pub use rpc::ImportRpc;
pub use run::{ImportJob, fetch};
pub use undo::UndoJob;
