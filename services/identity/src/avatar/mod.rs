//! Pictures of employees: `rpc` takes and gives them, `picture` draws them anew, `store` holds all SQL.

mod picture;
mod rpc;
mod store;
