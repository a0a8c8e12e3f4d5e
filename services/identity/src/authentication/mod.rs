//! Sign-in and the sessions behind it: `rules` decides, `sessions` makes pairs of tokens, `store` keeps what is needed to
//! check them.

pub mod refresh_token;
pub mod rpc;
pub mod rules;
pub mod sessions;
pub mod store;
