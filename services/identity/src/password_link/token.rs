//! What a link carries: the id of the stored link and a secret of which only the digest is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub struct LinkToken {
    pub id: Uuid,
    secret: [u8; 32],
}

impl LinkToken {
    pub fn new(id: Uuid, secret: [u8; 32]) -> Self {
        Self { id, secret }
    }

    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (id, secret) = bytes.split_first_chunk()?;
        Some(Self { id: Uuid::from_bytes(*id), secret: secret.try_into().ok()? })
    }

    /// The link. What stands behind the `#` is sent to no server and kept in no log.
    pub fn link(&self, public_url: &str) -> String {
        let token = URL_SAFE_NO_PAD.encode([self.id.as_bytes(), &self.secret[..]].concat());
        format!("{}/set-password#{token}", public_url.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_reads_back() {
        let token = LinkToken::new(Uuid::now_v7(), [7; 32]);
        let link = token.link("https://crm.example.com/");
        let (address, text) = link.split_once('#').unwrap();
        assert_eq!(address, "https://crm.example.com/set-password");
        let read = LinkToken::parse(text).unwrap();
        assert_eq!((read.id, read.digest()), (token.id, token.digest()));
        for text in ["", "%", "AAAA", &text[1..]] {
            assert!(LinkToken::parse(text).is_none());
        }
    }
}
