//! Second factors: `rpc` sets them up, `proof` checks them at sign-in and later, `totp` and `recovery` know the codes,
//! `passkeys` speaks Web Authentication, `store` holds all SQL.

pub mod passkeys;
pub mod proof;
pub mod recovery;
mod rpc;
pub mod store;
pub mod totp;
