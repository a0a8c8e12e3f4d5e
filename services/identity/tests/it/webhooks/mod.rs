//! Webhooks: what is sent, how often, in which order, and where nothing is sent.

mod addresses;
mod log;
mod notices;
mod receiver;
mod sending;
mod stage;
