//! Password hashes (Argon2id, PHC strings). Hashing costs tens of milliseconds of a core on purpose, so only so many run
//! at once, off the threads that serve calls, and a flood is turned away instead of queued without end.

use std::sync::Arc;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use platform::error::{Error, Result};
use rand::Rng;
use tokio::sync::Semaphore;
use tonic::Code;

use crate::config::HashingConfig;
use crate::error;

/// Calls that may wait for their turn, for each that runs.
const WAITING: usize = 100;

pub struct Passwords {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// Of a password that nobody knows; checked against when there is no employee, at the same cost.
    stand_in: String,
}

impl Passwords {
    pub fn new(config: &HashingConfig) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let running = if config.concurrency == 0 { cores } else { config.concurrency };
        let params = config.params().map_err(|error| anyhow::anyhow!("identity.hashing: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let stand_in = hash(&argon2, &random())?;
        let waiting = Semaphore::new(running * WAITING);
        Ok(Self { argon2, running: Arc::new(Semaphore::new(running)), waiting, stand_in })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move |argon2| hash(argon2, &password)).await?.map_err(Error::internal)
    }

    /// Whether the password belongs to the hash; false after the same work when there is none.
    pub async fn verify(&self, password: String, known: Option<String>) -> Result<bool> {
        let (hash, is_known) = match known {
            Some(hash) => (hash, true),
            None => (self.stand_in.clone(), false),
        };
        let matches = self
            .run(move |argon2| {
                let parsed = PasswordHash::new(&hash)?;
                Ok(argon2.verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await?
            .map_err(|error: argon2::password_hash::Error| Error::internal(anyhow::anyhow!("stored hash: {error}")))?;
        Ok(matches && is_known)
    }

    /// Whether a hash was made with other parameters than are asked for now.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|parsed| Params::try_from(&parsed).ok());
        params.is_none_or(|params| {
            let wanted = self.argon2.params();
            (params.m_cost(), params.t_cost(), params.p_cost()) != (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
        })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static) -> Result<T> {
        let busy = || Error::new(Code::ResourceExhausted, &error::SIGN_IN_BUSY);
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = self.running.clone().acquire_owned().await.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            // Given back by the thread: a caller who hangs up doesn't end the work.
            let _permit = permit;
            work(&argon2)
        })
        .await
        .map_err(Error::internal)
    }
}

fn hash(argon2: &Argon2<'static>, password: &str) -> anyhow::Result<String> {
    argon2
        .hash_password(password.as_bytes(), &SaltString::generate(&mut OsRng))
        .map(|hash| hash.to_string())
        .map_err(|error| anyhow::anyhow!("hashing: {error}"))
}

/// Letters and digits that can't be taken for each other when read out.
const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";

/// An initial password such as `kT4m-wQ7c-…`, of more than 80 random bits.
pub fn random() -> String {
    from_seed(rand::random())
}

/// The initial password that a seed stands for. Of all four kinds of characters and as long as the strictest policy
/// asks for.
pub fn from_seed(seed: [u8; 32]) -> String {
    use rand::SeedableRng;
    let mut random = rand::rngs::StdRng::from_seed(seed);
    let mut pick = |from: &[u8]| char::from(from[random.random_range(0..from.len())]);
    let groups =
        (0..PASSWORD_GROUPS).map(|_| [pick(LOWER), pick(UPPER), pick(DIGITS), pick(LOWER)].into_iter().collect());
    groups.collect::<Vec<String>>().join("-")
}

/// Each of four characters and a hyphen.
const PASSWORD_GROUPS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::rules;
    use crate::config::{MAX_MIN_LENGTH, PasswordConfig};

    fn cheap() -> Passwords {
        Passwords::new(&HashingConfig { memory_kib: 64, iterations: 1, parallelism: 1, concurrency: 2 }).unwrap()
    }

    #[tokio::test]
    async fn a_password_belongs_to_its_own_hash_alone() {
        let passwords = cheap();
        let hash = passwords.hash("正确的密码 9".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("正确的密码 9".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("正确的密码".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("anything".into(), None).await.unwrap());
        assert_ne!(hash, passwords.hash("正确的密码 9".into()).await.unwrap());
    }

    #[tokio::test]
    async fn changed_parameters_make_a_hash_outdated_but_still_good() {
        let earlier = cheap().hash("long-ago-1".into()).await.unwrap();
        let config = HashingConfig { memory_kib: 128, iterations: 1, parallelism: 1, concurrency: 1 };
        let now = Passwords::new(&config).unwrap();
        assert!(now.is_outdated(&earlier) && !cheap().is_outdated(&earlier));
        assert!(now.verify("long-ago-1".into(), Some(earlier)).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let passwords = cheap();
        // Nobody gets a turn while these are held.
        let _held = passwords.running.clone().acquire_many_owned(2).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..WAITING * 2 {
            let mut waiting = Box::pin(passwords.hash("x".into()));
            assert!(futures::poll!(&mut waiting).is_pending());
            flood.push(waiting);
        }
        let error = passwords.hash("x".into()).await.unwrap_err();
        assert_eq!(error.reason().id, "SIGN_IN_BUSY");
    }

    #[test]
    fn initial_passwords_differ_and_repeat_by_seed() {
        assert_ne!(random(), random());
        assert_eq!(from_seed([7; 32]), from_seed([7; 32]));
        let strictest = PasswordConfig { min_length: MAX_MIN_LENGTH, min_character_kinds: 4, refuse_common: true };
        assert_eq!(rules::password_violations(&strictest, "", "lilei", None, &random()).len(), 0);
    }
}
