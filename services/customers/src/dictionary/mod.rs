//! Data dictionaries: the values that coded fields may hold. `import` takes sheets of them in, which `sheet` understands.

pub mod cache;
mod import;
mod rpc;
mod rules;
mod sheet;
mod store;

pub use rpc::DictionaryRpc;
