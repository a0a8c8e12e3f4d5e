//! The feedback box: what employees write, and what they are answered.

mod rpc;
mod store;
