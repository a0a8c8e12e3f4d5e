//! Why a person may, or may not, do something with a customer.

mod rpc;
mod store;

pub use rpc::AccessRpc;
