//! Customers. `rules` decides what a customer may hold, `row` reads one, `list` says what lists may filter and sort by,
//! `assign` gives them to others, `reveal` shows what is masked.

pub mod assign;
pub mod changes;
pub mod checksum;
pub mod event;
pub mod keys;
pub mod list;
pub mod number;
mod reveal;
pub mod row;
mod rpc;
pub mod rules;
pub mod store;
pub mod write;

pub use rpc::CustomerRpc;
pub(crate) use rpc::{check_etag, id};
