//! Single sign-on: `provider` speaks OpenID Connect, `rules` and `entry` decide who comes in with which roles, `rpc` begins
//! sign-ons and links and `completion` ends them, `store` keeps what is on its way and who is who.

mod completion;
mod entry;
pub mod provider;
mod rpc;
mod rules;
pub mod store;
