//! Single sign-on: `provider` speaks OpenID Connect, `rules` and `entry` decide who comes in with which roles, `rpc` begins and
//! completes sign-ons and links, `store` keeps what is on its way and who is who.

mod entry;
pub mod provider;
mod rpc;
mod rules;
pub mod store;
