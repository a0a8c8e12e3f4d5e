//! The tree of groups: `rpc` answers, `rules` decides where a group may stand, `store` holds all SQL.

mod rpc;

pub(crate) use rpc::{created, remove};
pub mod rules;
pub mod store;
