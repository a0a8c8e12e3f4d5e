//! Custom fields of customers: their definitions, and what a customer's values of them must be.

pub mod cache;
pub mod filter;
mod masked;
mod rpc;
mod rules;
mod store;
#[cfg(test)]
mod tests;
pub mod unique;
mod validate;
mod value;

pub use cache::{Definition, FieldCache, Fields};
pub use masked::Masked;
pub use rpc::FieldRpc;
pub use validate::{Mode, validate_custom};
pub use value::{to_messages, to_text};
