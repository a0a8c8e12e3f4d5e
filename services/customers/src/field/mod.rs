//! Custom fields of records: their definitions (`fields`), and what values of them must be (`validate`, `limits`). `sight`
//! is what records are read and written by; `kind` says what differs between kinds of record.

pub mod cache;
pub mod fields;
pub mod filter;
mod index;
pub mod kind;
mod limits;
mod masked;
mod preview;
mod rpc;
mod rules;
pub mod sight;
mod store;
#[cfg(test)]
mod tests;
pub mod unique;
mod validate;
mod value;

pub use cache::FieldCache;
pub use fields::{Definition, Fields};
pub use index::FieldIndex;
pub use masked::Masked;
pub use rpc::FieldRpc;
pub use sight::Sight;
pub use validate::{Checks, Mode, validate_custom};
pub use value::{to_key, to_messages, to_text};
