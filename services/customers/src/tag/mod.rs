//! Tags of customers: `rpc` puts them on and takes them off, `admin` keeps the rules that do so by themselves.

mod admin;
mod rpc;
mod rules;
mod store;

pub use rpc::TagRpc;
