//! Refresh tokens: 64 bytes that name a session and prove two things by secrets, that the token belongs to the session's
//! family and that it is the newest of it. A used token still proves the first, which is how reuse is noticed without
//! keeping what was used; a made-up one proves neither and ends nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session_id: Uuid,
    family: [u8; 16],
    secret: [u8; 32],
}

pub type TokenDigest = [u8; 32];

impl RefreshToken {
    pub fn first(session_id: Uuid) -> Self {
        Self { session_id, family: rand::random(), secret: rand::random() }
    }

    /// The token that follows, always the same one for the same key, so that an answer that got lost can be repeated.
    #[must_use]
    pub fn successor(&self, rotation_key: &[u8]) -> Self {
        let mut secret = Sha256::new_with_prefix((rotation_key.len() as u64).to_be_bytes());
        secret.update(rotation_key);
        secret.update(self.secret);
        Self { secret: secret.finalize().into(), ..self.clone() }
    }

    pub fn family_digest(&self) -> TokenDigest {
        Sha256::digest(self.family).into()
    }

    pub fn digest(&self) -> TokenDigest {
        Sha256::digest(self.secret).into()
    }

    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.session_id.as_bytes(), &self.family[..], &self.secret].concat())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (session_id, rest) = bytes.split_first_chunk()?;
        let (family, rest) = rest.split_first_chunk()?;
        Some(Self { session_id: Uuid::from_bytes(*session_id), family: *family, secret: rest.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_its_successor_is_of_the_same_family() {
        let first = RefreshToken::first(Uuid::now_v7());
        assert!(RefreshToken::parse(&first.encode()) == Some(first.clone()));
        let next = first.successor(b"key");
        assert_eq!(next.family_digest(), first.family_digest());
        assert_ne!(next.digest(), first.digest());
        assert!(next == first.successor(b"key"));
        assert_ne!(next.digest(), first.successor(b"another").digest());
        for text in ["", "%", "AAAA", &first.encode()[1..]] {
            assert!(RefreshToken::parse(text).is_none());
        }
    }
}
