//! What every service needs and nothing of any domain.

pub mod filter;
