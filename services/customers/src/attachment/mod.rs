//! Attachments: files on customers, contacts and interactions. `upload` takes them in and finds out by `kind` what they are;
//! `scan` shows them to a scanner, `clamd` speaks with it; `sweep` removes objects that nothing holds any more. Whom they
//! concern, `access` says.

mod access;
mod clamd;
mod config;
mod download;
mod erase;
mod kind;
mod rpc;
mod rules;
mod scan;
mod store;
mod sweep;
mod upload;

pub use config::AttachmentConfig;
pub use download::give_archive;
pub use erase::erase;
pub use rpc::AttachmentRpc;
pub use scan::Scan;
pub use store::{held_objects, object_announce, object_hold};
pub use sweep::Sweep;
