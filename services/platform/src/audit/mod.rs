//! The audit trail as a hash chain, one a service. A transaction (`db::Tx`) writes its entries and, beside them, their
//! digests under a MAC (`seal`); the `chainer` gives them their places within moments, so writers never wait for each
//! other; `checkpoint` tells the latest digest to the event stream and the log; `verify` finds what does not fit; `prune`
//! takes off the start by policy; `list` reads.
//!
//! What is found: an entry that was altered, removed, put in, or moved, at any time after it was chained; an entry that
//! was altered or put in before that; one that was removed before that, together with its row of `audit_pending`, which
//! the process that wrote it notices (`witness`) and tells the trail and the log half a minute later; the whole chain
//! rewritten or its end cut off by someone who has the database alone.
//! What is not: an entry removed in the moments before it is chained, where the process that wrote it ends before it
//! looks for it, was a command that chains nothing, or has half a million others on their way; what someone does who
//! holds the services' secret and, besides, the event stream and the logs. An end cut off together with the seal of an
//! earlier time is found only back to the last checkpoint, which is a minute old at most.
//!
//! The chain holds no values, only salted commitments to them (`encoding`): `erase` blanks what entries say of a person and
//! throws the salts away, the chain holds as before, and the trail tells which entries it was. Entries that are older than
//! the commitments are chained by their values: those are blanked as well, but who knows all else of such an entry could
//! still try guesses against its digest, until retention takes it.
//!
//! A number that each transaction draws would not find more: transactions that are rolled back leave gaps, a gap does not
//! tell which kind it is, and numbers without gaps make writers wait for each other.

mod chainer;
mod checkpoint;
mod encoding;
pub mod erase;
pub mod list;
pub mod personal;
mod prune;
mod reveal;
mod seal;
mod store;
pub mod subject;
mod verify;
mod witness;

pub use chainer::Chainer;
pub use checkpoint::{Checkpoint, Checkpoints};
pub(crate) use encoding::{Fields, Said, Salt, commitment, leaf};
pub use prune::prune;
pub use reveal::Revealed;
pub(crate) use seal::Key;
pub(crate) use store::adopt;
pub use store::{ChainState, state};
pub use verify::{Finding, Report, verify};
pub(crate) use witness::Committed;

/// Who acted, as it stands in `audit_entry.actor_kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum ActorKind {
    System = 0,
    Employee = 1,
    ServiceAccount = 2,
    Service = 3,
}
