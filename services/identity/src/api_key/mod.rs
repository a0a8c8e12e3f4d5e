//! API keys: `key` is the secret itself, `rpc` makes, ends and exchanges keys, `store` holds all SQL. The access tokens
//! that stand for a key bear its id as their session, so a revoked key ends like a session, in every service at once.

mod key;
mod rpc;
pub mod store;
