//! Password hashes (Argon2id, PHC strings). Hashing costs tens of milliseconds of a core on purpose, so it has threads of
//! its own, fewer than there are cores, and a queue of limited length: a flood is turned away instead of starving other
//! calls or waiting without end.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use platform::error::{Error, Result};
use rand::Rng;
use tokio::sync::oneshot;
use tonic::Code;

use super::NO_PASSWORD;
use crate::config::HashingConfig;
use crate::error;

/// Calls that may wait for their turn, for each thread.
const WAITING: usize = 100;

type Work = Box<dyn FnOnce(&Argon2<'static>) + Send>;

pub struct Passwords {
    argon2: Argon2<'static>,
    queue: SyncSender<Work>,
    /// What hashes in use were made with. After a change of the parameters there are several until everybody has signed
    /// in, and a sign-in works through all of them whoever it is for: the time tells nobody from somebody, nor who has
    /// been here since.
    makes: RwLock<BTreeSet<String>>,
}

impl Passwords {
    pub fn new(config: &HashingConfig) -> anyhow::Result<Self> {
        let params = config.params().map_err(|error| anyhow::anyhow!("identity.hashing: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let make = make(&hash(&argon2, &random())?).to_owned();
        let threads = config.threads();
        let (queue, works) = sync_channel(threads * WAITING);
        let works = Arc::new(Mutex::new(works));
        for number in 0..threads {
            let (works, argon2) = (works.clone(), argon2.clone());
            std::thread::Builder::new().name(format!("passwords-{number}")).spawn(move || serve(&works, &argon2))?;
        }
        Ok(Self { argon2, queue, makes: RwLock::new(BTreeSet::from([make])) })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move |argon2| hash(argon2, &password)).await?.map_err(Error::internal)
    }

    /// Takes note of what hashes in use were made with. What can't be read is none.
    pub fn note_makes(&self, hashes: &[String]) {
        let good = hashes.iter().filter(|hash| is_hash(hash)).map(|hash| make(hash));
        let known = self.makes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let new: Vec<String> = good.filter(|make| !known.contains(*make)).map(str::to_owned).collect();
        if !new.is_empty() {
            self.makes.write().unwrap_or_else(PoisonError::into_inner).extend(new);
        }
    }

    /// Whether the password belongs to the hash of whoever signs in; false after the same work when there is none.
    pub async fn verify(&self, password: String, known: Option<String>) -> Result<bool> {
        let known = known.filter(|hash| hash != NO_PASSWORD);
        // Another instance may have been given other parameters.
        self.note_makes(known.as_slice());
        let makes = self.makes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let own = known.as_deref().map(make);
        let others: Vec<String> = makes.iter().filter(|make| own != Some(make)).map(|make| stand_in(make)).collect();
        let matches = self.run(move |argon2| {
            let matches = known.map_or(Ok(false), |hash| belongs(argon2, &password, &hash))?;
            others.iter().try_for_each(|other| belongs(argon2, &password, other).map(drop))?;
            Ok(matches)
        });
        matches.await?.map_err(unreadable)
    }

    /// Whether the password belongs to a hash, where the caller may know that there is one.
    pub async fn matches(&self, password: String, hash: String) -> Result<bool> {
        if hash == NO_PASSWORD {
            return Ok(false);
        }
        self.run(move |argon2| belongs(argon2, &password, &hash)).await?.map_err(unreadable)
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
    let hash = argon2
        .hash_password(password.as_bytes(), &SaltString::generate(&mut OsRng))
        .map(|hash| hash.to_string())
        .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
    count(&hash);
    Ok(hash)
}

/// At the cost that the hash was made with.
fn belongs(argon2: &Argon2<'static>, password: &str, hash: &str) -> argon2::password_hash::Result<bool> {
    let parsed = PasswordHash::new(hash)?;
    count(hash);
    Ok(argon2.verify_password(password.as_bytes(), &parsed).is_ok())
}

fn count(hash: &str) {
    let parameters = make(hash).rsplit('$').next().unwrap_or_default().to_owned();
    metrics::counter!("changke_password_hashes_total", "parameters" => parameters).increment(1);
}

/// What a hash was made with, `$argon2id$v=19$m=19456,t=2,p=1`: all but the salt and what came out.
fn make(hash: &str) -> &str {
    hash.rsplitn(3, '$').nth(2).unwrap_or_default()
}

/// A hash of this make that no password belongs to.
fn stand_in(make: &str) -> String {
    let (salt, output) = (rand::random::<[u8; 16]>(), rand::random::<[u8; 32]>());
    format!("{make}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output))
}

fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|parsed| parsed.hash.is_some() && Params::try_from(&parsed).is_ok())
}

fn unreadable(error: argon2::password_hash::Error) -> Error {
    Error::internal(anyhow::anyhow!("stored hash: {error}"))
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
        assert!(!passwords.verify(NO_PASSWORD.into(), Some(NO_PASSWORD.into())).await.unwrap());
        assert!(!passwords.matches(NO_PASSWORD.into(), NO_PASSWORD.into()).await.unwrap());
        assert_ne!(hash, passwords.hash("正确的密码 9".into()).await.unwrap());
    }

    #[tokio::test]
    async fn changed_parameters_make_a_hash_outdated_but_still_good() {
        let earlier = cheap().hash("long-ago-1".into()).await.unwrap();
        let config = HashingConfig { memory_kib: 128, iterations: 1, parallelism: 1, concurrency: 1 };
        let now = Passwords::new(&config).unwrap();
        assert!(now.is_outdated(&earlier) && !cheap().is_outdated(&earlier));
        assert!(now.verify("long-ago-1".into(), Some(earlier.clone())).await.unwrap());
        assert!(now.matches("long-ago-1".into(), earlier.clone()).await.unwrap());
        assert!(!now.verify("long-ago-2".into(), Some(earlier)).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_no_hash_costs_nobody_anything() {
        let passwords = cheap();
        let makes = |passwords: &Passwords| passwords.makes.read().unwrap().len();
        let broken = ["", "x", "$argon2id$v=19$m=64,t=1,p=1", "$$$", "$argon2id$v=19$m=1,t=0,p=9$c2FsdHNhbHQ$aGFzaA"];
        passwords.note_makes(&broken.map(String::from));
        assert_eq!(makes(&passwords), 1);
        assert!(passwords.verify("x".into(), Some("broken".into())).await.is_err());
        assert!(!passwords.verify("x".into(), None).await.unwrap());
        let config = HashingConfig { memory_kib: 128, iterations: 1, parallelism: 1, concurrency: 1 };
        let another = Passwords::new(&config).unwrap().hash("x".into()).await.unwrap();
        passwords.note_makes(&[another]);
        assert_eq!(makes(&passwords), 2);
        assert!(!passwords.verify("x".into(), None).await.unwrap());
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
