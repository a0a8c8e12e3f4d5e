//! Sign-in and the sessions behind it: `rpc` answers, `second_step` goes on where a password is not enough,
//! `confirmation` proves again who one is, `rules` decides, `sessions` makes pairs of tokens, `store` keeps what is needed
//! to check them.

mod confirmation;
pub mod refresh_token;
pub mod rpc;
pub mod rules;
mod second_step;
pub mod sessions;
pub mod store;
