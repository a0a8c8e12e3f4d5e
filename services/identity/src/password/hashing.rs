//! Password hashes (Argon2id, PHC strings). Hashing costs tens of milliseconds of a core on purpose, so it has threads of
//! its own, fewer than there are cores, and a queue of limited length: a flood is turned away instead of starving other
//! calls or waiting without end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use platform::error::{Error, Result};
use rand::Rng;
use tokio::sync::oneshot;
use tonic::Code;

use crate::config::HashingConfig;
use crate::error;

/// Calls that may wait for their turn, for each thread.
const WAITING: usize = 100;

type Work = Box<dyn FnOnce(&Argon2<'static>) + Send>;

pub struct Passwords {
    argon2: Argon2<'static>,
    queue: SyncSender<Work>,
    /// Of a password that nobody knows; checked against when there is no employee, at the same cost.
    stand_in: String,
}

impl Passwords {
    pub fn new(config: &HashingConfig) -> anyhow::Result<Self> {
        let params = config.params().map_err(|error| anyhow::anyhow!("identity.hashing: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let stand_in = hash(&argon2, &random())?;
        let threads = config.threads();
        let (queue, works) = sync_channel(threads * WAITING);
        let works = Arc::new(Mutex::new(works));
        for number in 0..threads {
            let (works, argon2) = (works.clone(), argon2.clone());
            std::thread::Builder::new().name(format!("passwords-{number}")).spawn(move || serve(&works, &argon2))?;
        }
        Ok(Self { argon2, queue, stand_in })
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
        let (sender, answer) = oneshot::channel();
        let work = move |argon2: &Argon2<'static>| {
            // Nobody waits for a caller who hung up.
            if !sender.is_closed() {
                metrics::counter!("changke_password_hashes_total").increment(1);
                let _ = sender.send(work(argon2));
            }
        };
        let busy = |_| Error::new(Code::ResourceExhausted, &error::SIGN_IN_BUSY);
        self.queue.try_send(Box::new(work)).map_err(busy)?;
        answer.await.map_err(Error::internal)
    }
}

/// Works until nobody can ask for anything any more.
fn serve(works: &Mutex<Receiver<Work>>, argon2: &Argon2<'static>) {
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // The asker of what broke off is told so by the dropped channel; the thread goes on.
        if catch_unwind(AssertUnwindSafe(|| work(argon2))).is_err() {
            tracing::error!("hashing broke off");
        }
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
    use crate::config::{MAX_MIN_LENGTH, PasswordConfig};
    use crate::password::rules;

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
        // Nobody gets a turn while these hold the threads.
        let gates: Vec<_> = (0..2).map(|_| std::sync::mpsc::channel::<()>()).collect();
        let (opened, waits): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
        let (arrived, arrivals) = std::sync::mpsc::channel();
        let mut flood: Vec<futures::future::BoxFuture<'_, Result<()>>> = Vec::new();
        for wait in waits {
            let arrived = arrived.clone();
            let held = passwords.run(move |_| {
                let _ = arrived.send(());
                let _ = wait.recv();
            });
            let mut held = Box::pin(held);
            assert!(futures::poll!(&mut held).is_pending());
            arrivals.recv().unwrap();
            flood.push(held);
        }
        for _ in 0..WAITING * 2 {
            let mut waiting = Box::pin(async { passwords.hash("x".into()).await.map(drop) });
            assert!(futures::poll!(&mut waiting).is_pending());
            flood.push(waiting);
        }
        let error = passwords.hash("x".into()).await.unwrap_err();
        assert_eq!(error.reason().id, "SIGN_IN_BUSY");
        drop(opened);
        assert!(futures::future::join_all(flood).await.iter().all(Result::is_ok));
    }

    #[test]
    fn initial_passwords_differ_and_repeat_by_seed() {
        assert_ne!(random(), random());
        assert_eq!(from_seed([7; 32]), from_seed([7; 32]));
        let strictest = PasswordConfig { min_length: MAX_MIN_LENGTH, min_character_kinds: 4, ..Default::default() };
        assert_eq!(rules::password_violations(&strictest, "", "lilei", None, &random()).len(), 0);
    }
}
