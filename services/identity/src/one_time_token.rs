//! A token that is good for one use: the id of what it opens and a secret of which only the digest is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub struct OneTimeToken {
    pub id: Uuid,
    secret: [u8; 32],
}

impl OneTimeToken {
    pub fn new(id: Uuid, secret: [u8; 32]) -> Self {
        Self { id, secret }
    }

    pub fn random() -> Self {
        Self::new(Uuid::now_v7(), rand::random())
    }

    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.id.as_bytes(), &self.secret[..]].concat())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (id, secret) = bytes.split_first_chunk()?;
        Some(Self { id: Uuid::from_bytes(*id), secret: secret.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        let token = OneTimeToken::random();
        let text = token.encode();
        let read = OneTimeToken::parse(&text).unwrap();
        assert_eq!((read.id, read.digest()), (token.id, token.digest()));
        for text in ["", "%", "AAAA", &text[1..]] {
            assert!(OneTimeToken::parse(text).is_none());
        }
    }
}
