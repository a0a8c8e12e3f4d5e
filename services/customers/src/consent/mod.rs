//! Consents (同意) and do-not-contact: what was said is kept as it was said, `rules` says what follows from it. Senders ask by
//! CheckConsent; who records calls and letters by hand is warned in the console.

mod rpc;
mod rules;
mod store;

pub use rpc::ConsentRpc;
pub use rules::{future, text};
