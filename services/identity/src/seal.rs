//! Secrets that have to be read again, such as those of clients, are kept sealed: AES-256-GCM with a key that follows from
//! the secret of the cluster, bound to the record they belong to.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use platform::error::{Error, Result};

const NONCE: usize = 12;

pub struct Seal(Aes256Gcm);

impl Seal {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Aes256Gcm::new(&key.into()))
    }

    /// The secret of a record; an empty one stays empty.
    pub fn seal(&self, record: &[u8], secret: &str) -> Result<Vec<u8>> {
        if secret.is_empty() {
            return Ok(Vec::new());
        }
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: secret.as_bytes(), aad: record };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| broken())?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub fn open(&self, record: &[u8], sealed: &[u8]) -> Result<String> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        let opened = self.0.decrypt(&Nonce::from(*nonce), Payload { msg, aad: record }).map_err(|_| broken())?;
        String::from_utf8(opened).map_err(Error::internal)
    }
}

fn broken() -> Error {
    Error::internal(anyhow::anyhow!("a sealed secret does not open: was cluster.secret replaced?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_record_and_key_alone() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.seal(b"a", "s3cret").unwrap();
        assert_eq!(seal.open(b"a", &sealed).unwrap(), "s3cret");
        assert_ne!(seal.seal(b"a", "s3cret").unwrap(), sealed);
        assert!(!sealed.windows(6).any(|part| part == b"s3cret"));
        assert!(seal.open(b"b", &sealed).is_err() && Seal::new([8; 32]).open(b"a", &sealed).is_err());
        assert!(seal.open(b"a", &sealed[1..]).is_err() && seal.open(b"a", b"short").is_err());
        assert_eq!(seal.open(b"a", &seal.seal(b"a", "").unwrap()).unwrap(), "");
    }
}
