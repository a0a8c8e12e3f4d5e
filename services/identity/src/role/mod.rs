//! Roles: `rpc` answers, `rules` compares what roles hold, `catalog` tells what they can hold, `presets` are those that
//! come with the product, `store` holds all SQL.

pub mod catalog;
pub mod presets;
mod rpc;
pub mod rules;
pub mod store;

pub(crate) use rpc::audit;
