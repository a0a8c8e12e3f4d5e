//! What only the services can write: MACs under a key that is derived from their secret and never stands in the database.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::encoding::Hash;
use crate::config::DatabaseConfig;

/// Of one service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

/// Both ends of the chain: the last pruned entry's place and the last entry's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) start: (i64, Hash),
    pub(super) end: (i64, Hash),
}

impl Key {
    /// A service with a database of its own and without the common secret takes its URL, which holds its password.
    pub(crate) fn of(config: &DatabaseConfig, service: &str) -> Self {
        let secret = match (config.role_secret.as_str(), config.service_urls.get(service)) {
            ("", Some(url)) => url,
            (secret, _) => secret,
        };
        let mut mac = mac(secret.as_bytes());
        mac.update(b"changke audit ");
        mac.update(service.as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    pub(crate) fn entry(&self, id: Uuid, leaf: &Hash) -> Hash {
        let mut mac = mac(&self.0);
        mac.update(b"entry");
        mac.update(id.as_bytes());
        mac.update(leaf);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn ends(&self, ends: &Ends) -> Hash {
        let mut mac = mac(&self.0);
        mac.update(b"chain");
        for (sequence, digest) in [ends.start, ends.end] {
            mac.update(&sequence.to_le_bytes());
            mac.update(&digest);
        }
        mac.finalize().into_bytes().into()
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The digest of a link.
pub(super) fn link(before: &Hash, sequence: i64, entry_id: Uuid, leaf: &Hash, flaw: i16) -> Hash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(sequence.to_le_bytes());
    hash.update(entry_id.as_bytes());
    hash.update(leaf);
    hash.update(flaw.to_le_bytes());
    hash.finalize().into()
}
