//! Secrets that have to be read again, such as those that sign webhooks and those of clients: kept encrypted under a key
//! that the database doesn't hold.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use platform::error::{Error, Result};
use platform::service::Clients;

const NONCE: usize = 12;

/// AES-256-GCM; what it seals is nonce and ciphertext.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

impl Seal {
    /// Under the key of the installation.
    pub fn of(clients: &Clients) -> Self {
        Self::new(clients.derive("identity secrets"))
    }

    pub fn new(key: [u8; 32]) -> Self {
        Self(Aes256Gcm::new(&key.into()))
    }

    /// `place` names where the secret belongs: elsewhere it can't be opened.
    pub fn close(&self, place: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self.0.encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: place });
        let sealed = sealed.map_err(|_| Error::internal(anyhow::anyhow!("a secret is too long to be sealed")))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Nothing when it was sealed under another key or for another place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.0.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: place }).ok()
    }

    /// The same for a text; an empty one stays empty.
    pub fn close_text(&self, place: &[u8], secret: &str) -> Result<Vec<u8>> {
        if secret.is_empty() { Ok(Vec::new()) } else { self.close(place, secret.as_bytes()) }
    }

    pub fn open_text(&self, place: &[u8], sealed: &[u8]) -> Result<String> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let opened = self.open(place, sealed).and_then(|text| String::from_utf8(text).ok());
        opened.ok_or_else(|| {
            Error::internal(anyhow::anyhow!("a sealed secret does not open: was cluster.secret replaced?"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_key_and_at_its_place_alone() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.close(b"a", b"secret").unwrap();
        assert_eq!(seal.open(b"a", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(seal.open_text(b"a", &sealed).unwrap(), "secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, seal.close(b"a", b"secret").unwrap());
        assert_eq!(seal.open(b"b", &sealed), None);
        assert_eq!(Seal::new([8; 32]).open(b"a", &sealed), None);
        for end in 0..sealed.len() {
            assert_eq!(seal.open(b"a", &sealed[..end]), None);
        }
        assert_eq!(seal.open_text(b"a", &seal.close_text(b"a", "").unwrap()).unwrap(), "");
    }
}
