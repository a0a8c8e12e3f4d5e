//! The text of a key, `ck_<id>_<secret>`: the id finds the row, the secret proves the right to use it. The prefix is known
//! to whoever searches files for secrets that should not be there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const PREFIX: &str = "ck_";

pub struct Key {
    pub id: Uuid,
    secret: [u8; 32],
}

impl Key {
    pub fn new(id: Uuid, secret: [u8; 32]) -> Self {
        Self { id, secret }
    }

    /// Of the secret. It is random and long, so nothing slower than this is needed.
    pub fn digest(&self) -> Vec<u8> {
        Sha256::digest(self.secret).to_vec()
    }

    pub fn encode(&self) -> String {
        format!("{PREFIX}{}_{}", self.id.simple(), URL_SAFE_NO_PAD.encode(self.secret))
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { id: Uuid::try_parse(id).ok()?, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_nothing_else_is_one() {
        let key = Key::new(Uuid::now_v7(), rand::random());
        let text = key.encode();
        let again = Key::parse(&text).unwrap();
        assert!(text.starts_with("ck_") && again.id == key.id && again.digest() == key.digest());
        for text in ["", "ck_", "ck_a_b", "ck__", &text[1..], &text[..text.len() - 2], &text.replace("ck_", "sk_")] {
            assert!(Key::parse(text).is_none(), "{text}");
        }
    }
}
