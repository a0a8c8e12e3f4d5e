//! JSON ↔ protobuf wire bytes by the contract's table, in one pass each way and without a tree in between.

pub mod dynamic;
pub mod input;
pub mod output;
pub mod scalar;
#[cfg(test)]
mod tests;
pub mod time;

pub use self::{input::read, output::write, scalar::Bound};
