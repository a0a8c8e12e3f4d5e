//! Service accounts: employees that are programs. `rpc` answers, `store` holds the SQL that differs from that of people.

mod rpc;
pub mod store;
