//! Where customers stand with us, and what is done about those who may leave. `rules` says which step may follow which, and
//! every one goes through it; `warn` opens cases by rule, as `evaluation` asks for.

mod admin;
mod cases;
mod rpc;
mod rules;
mod store;
pub mod warn;

pub use rpc::LifecycleRpc;
