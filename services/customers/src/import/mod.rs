//! Import of customers.

mod codes;
pub mod file;
mod target;
pub mod value;
