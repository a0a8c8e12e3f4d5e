//! Providers of single sign-on as administrators set them up; `sign_on` talks to them.

mod rpc;
pub mod rules;
pub mod store;
mod trust;

pub(crate) use rpc::audit;
