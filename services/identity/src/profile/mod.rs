//! The signed-in employee's own record, and the directory of colleagues.

mod rpc;
mod store;
