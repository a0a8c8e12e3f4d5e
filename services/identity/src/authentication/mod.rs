//! Sign-in and the sessions behind it: `rpc` answers, `second_step` goes on where a password is not enough,
//! `confirmation` proves again who one is, `rules` decides, `sessions` makes pairs of tokens, `session_store` and `store`
//! keep what is needed to check them.

mod confirmation;
pub mod refresh_token;
pub mod rpc;
pub mod rules;
pub mod second_step;
pub mod session_store;
pub mod sessions;
pub mod store;
