//! Levels and grades of customers by scheme: `admin` drafts, previews and publishes the rules, `rpc` answers about customers
//! and takes what is set by hand. `evaluation` moves customers.

mod admin;
mod rpc;
mod rules;
mod store;

pub use rpc::GradeRpc;
pub use rules::{StoredRules, column, field};
