//! Handover (移交): the customers of one employee go to others, and come back when it is undone. `rpc` starts it, `run` does
//! it batch by batch, `rules` says who gets what, `report` tells of it.

mod audit;
mod batch;
mod items;
mod report;
mod rpc;
mod rules;
mod run;
mod store;

pub use rpc::HandoverRpc;
pub use run::HandoverJob;
