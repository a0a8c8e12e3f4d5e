//! The keys that access tokens are signed with. `store` keeps them; watchers of the policy get the public halves.

mod store;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity as proto;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use hmac::{Hmac, Mac};
use jsonwebtoken::EncodingKey;
use platform::access::AccessClaims;
use platform::db::{AuditEntry, Db, FieldChange};
use platform::service::Clients;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tokio::sync::RwLock;
use uuid::Uuid;

pub(crate) use store::{all_public, changed_since};

use crate::policy;
use crate::seal::Seal;

/// A new key is published this long before it signs, so that every watcher knows it by then.
const PUBLISHED_AHEAD: Duration = Duration::from_secs(60);

/// A private key ready to sign.
pub struct SigningKey {
    kid: String,
    x: String,
    der: Vec<u8>,
    encoding: EncodingKey,
}

impl SigningKey {
    fn generate() -> anyhow::Result<Self> {
        Self::of(&ed25519_dalek::SigningKey::from_bytes(&rand::random()))
    }

    pub fn from_pem(pem: &str) -> anyhow::Result<Self> {
        Self::of(&ed25519_dalek::SigningKey::from_pkcs8_pem(pem).context("no Ed25519 key in PKCS #8 and PEM")?)
    }

    fn from_der(der: &[u8]) -> anyhow::Result<Self> {
        Self::of(&ed25519_dalek::SigningKey::from_pkcs8_der(der)?)
    }

    fn of(key: &ed25519_dalek::SigningKey) -> anyhow::Result<Self> {
        let der = key.to_pkcs8_der()?.as_bytes().to_vec();
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        // RFC 7638: the required members, in alphabetical order, without spaces.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self { kid: URL_SAFE_NO_PAD.encode(thumbprint), x, encoding: EncodingKey::from_ed_der(&der), der })
    }

    pub fn sign(&self, claims: &AccessClaims) -> platform::error::Result<String> {
        platform::access::sign_access_token(&self.encoding, &self.kid, claims).map_err(platform::error::Error::internal)
    }

    /// Bytes that only the holder of the key can tell, for a purpose named by `parts`.
    pub fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.der) {
            Ok(mac) => mac,
            Err(error) => unreachable!("{error}"),
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn public(&self) -> proto::Key {
        public_key(&self.kid, &self.x)
    }
}

fn public_key(kid: &str, x: &str) -> proto::Key {
    proto::Key {
        kid: kid.to_owned(),
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
        x: x.to_owned(),
    }
}

/// The keys in force. One from the configuration stands alone; otherwise those of the database.
pub struct SigningKeys {
    configured: Option<Arc<SigningKey>>,
    seal: Seal,
    /// By the time from which each signs, newest first.
    stored: RwLock<Vec<(DateTime<Utc>, Arc<SigningKey>)>>,
}

impl SigningKeys {
    /// Reads the keys, making the first where there is none that opens.
    pub async fn open(db: &Db, configured: &str, seal: Seal) -> anyhow::Result<Self> {
        let configured = match configured {
            "" => None,
            pem => Some(Arc::new(SigningKey::from_pem(pem)?)),
        };
        let keys = Self { configured, seal, stored: RwLock::default() };
        if keys.configured.is_none() {
            let mut tx = db.begin().await?;
            let revision = policy::store::advance(tx.connection()).await?;
            let sealed = store::seal_all(tx.connection(), &keys.seal).await?;
            let missing = store::list(tx.connection(), &keys.seal).await?.is_empty();
            if missing {
                store::insert(tx.connection(), &keys.seal, &SigningKey::generate()?, Utc::now(), revision).await?;
            }
            if sealed || missing {
                tx.commit().await?;
            }
            keys.reload(db).await?;
        }
        Ok(keys)
    }

    /// Looks for keys that came or went, as the policy feed asks after a change.
    pub async fn reload(&self, db: &Db) -> anyhow::Result<()> {
        if self.configured.is_none() {
            *self.stored.write().await = store::list(db.pool(), &self.seal).await?;
        }
        Ok(())
    }

    /// The key that signs now.
    pub async fn current(&self, now: DateTime<Utc>) -> platform::error::Result<Arc<SigningKey>> {
        if let Some(key) = &self.configured {
            return Ok(key.clone());
        }
        let stored = self.stored.read().await;
        let key = stored.iter().find(|(signs_from, _)| *signs_from <= now).or(stored.last());
        key.map(|(_, key)| key.clone()).ok_or_else(|| platform::error::Error::unavailable(anyhow::anyhow!("no key")))
    }

    /// The public halves: of the configured key, or of all in the database.
    pub async fn key_set(&self, connection: &mut PgConnection) -> platform::error::Result<proto::KeySet> {
        let keys = match &self.configured {
            Some(key) => vec![key.public()],
            None => all_public(connection, &self.seal).await?,
        };
        Ok(proto::KeySet { keys })
    }
}

/// Puts a new key in the place of the present ones: it is published at once and signs a minute later, and what the old
/// ones have signed stays good for an access token's life. Run by an operator.
pub async fn rotate(db: &Db, secret: &str, access_token_life: Duration) -> anyhow::Result<String> {
    let seal = Seal::of(&Clients::new(secret));
    let key = SigningKey::generate()?;
    let signs_from = Utc::now() + TimeDelta::from_std(PUBLISHED_AHEAD)?;
    let mut tx = db.begin().await?;
    let revision = policy::store::advance(tx.connection()).await?;
    store::retire_all(tx.connection(), signs_from + TimeDelta::from_std(access_token_life)?).await?;
    store::insert(tx.connection(), &seal, &key, signs_from, revision).await?;
    tx.audit(AuditEntry {
        action: "signing_key.rotated",
        record_kind: "signing_key",
        record_id: Uuid::nil(),
        subject_id: Uuid::nil(),
        changes: vec![FieldChange::set("kid", key.kid.as_str())],
    });
    tx.commit().await?;
    Ok(key.kid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_under_its_own_key_alone() {
        let [ours, other] = std::array::from_fn(|_| SigningKey::generate().unwrap());
        let [employee, session] = std::array::from_fn(|_| Uuid::now_v7());
        let now = Utc::now().timestamp();
        let token = ours.sign(&AccessClaims::new(employee, session, now, now + 600, Some(now))).unwrap();
        let verify = |key: &SigningKey| {
            let x = key.x.clone();
            platform::access::verify_access_token(&token, |kid| {
                (kid == ours.kid).then(|| jsonwebtoken::DecodingKey::from_ed_components(&x).unwrap())
            })
        };
        let claims = verify(&ours).unwrap();
        assert_eq!((claims.sub, claims.sid), (employee, session));
        assert!(verify(&other).is_err());
    }

    #[test]
    fn a_key_survives_being_stored_and_derives_the_same() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_der(&key.der).unwrap();
        assert_eq!((&key.kid, &key.x), (&again.kid, &again.x));
        assert_eq!(key.derive(&[b"a", b"b"]), again.derive(&[b"a", b"b"]));
        assert_ne!(key.derive(&[b"a", b"b"]), key.derive(&[b"ab", b""]));
        // The example of RFC 8037, appendix A.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::of(&ed25519_dalek::SigningKey::from_bytes(&seed.try_into().unwrap())).unwrap();
        assert_eq!(key.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
