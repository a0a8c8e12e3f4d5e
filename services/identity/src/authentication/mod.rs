//! Sign-in and the sessions behind it: `passwords` hashes within bounds, `rules` decides, `sessions` makes pairs of
//! tokens, `store` keeps what is needed to check them.

pub mod passwords;
pub mod refresh_token;
mod rpc;
pub mod rules;
pub mod sessions;
pub mod store;
