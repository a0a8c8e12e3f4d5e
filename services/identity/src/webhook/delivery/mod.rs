//! What was sent to an endpoint: `rpc` answers, `rules` decides what follows from an attempt, `store` holds all SQL.

mod rpc;
pub mod rules;
pub mod store;
