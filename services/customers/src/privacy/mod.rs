//! What people ask for: everything that is held on them, and its erasure. `rpc` takes requests and decisions, `run` carries
//! them out as durable jobs: `export` makes the archive, `erasure` takes out what this service holds after all others have
//! done so (`platform::subject`). `subject` says which records stand for a person, `imports` finds the files that name them,
//! `hold` keeps what must be kept.

mod archive;
mod erasure;
mod export;
mod hold;
mod imports;
mod rpc;
mod rules;
mod run;
mod store;
mod subject;

pub use rpc::PrivacyRpc;
pub use run::{Expiry, PrivacyJob};
