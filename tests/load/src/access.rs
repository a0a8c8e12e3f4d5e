//! What stands before every call, measured on one core in a company of 500 groups and 20,000 employees: the check of a
//! token against the bare signature, a decision about a record, and a password against the bare hash.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use contracts::identity as proto;
use contracts::options::{Permission, Scope};
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::{Signer, SigningKey, Verifier};
use http::HeaderValue;
use jsonwebtoken::EncodingKey;
use platform::access::{Access, AccessClaims, PolicyCache, sign_access_token};
use rand::Rng;
use serde::Serialize;
use uuid::Uuid;

const GROUPS: u64 = 500;
const EMPLOYEES: u64 = 20_000;
const TOKENS: u64 = 2_000;
const DECISIONS: usize = 200_000;

#[derive(Serialize)]
pub struct Figures {
    /// Ed25519 signatures of the same length checked, by a key that is ready.
    signatures_per_second: f64,
    /// Tokens seen for the first time.
    tokens_per_second: f64,
    /// Tokens seen before.
    known_tokens_per_second: f64,
    decision_p50_us: f64,
    decision_p95_us: f64,
}

fn id(kind: u64, index: u64) -> Uuid {
    Uuid::from_u64_pair(kind, index)
}

/// Six levels of groups; everybody holds one of twenty roles, each with another scope.
fn policy(key: &SigningKey) -> proto::PolicyUpdate {
    let group = |index: u64| proto::PolicyGroup {
        id: id(1, index).to_string(),
        parent_id: if index == 0 { String::new() } else { id(1, (index - 1) / 3).to_string() },
        ..Default::default()
    };
    let scopes = [Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::ChosenGroups];
    let role = |index: u64| proto::PolicyRole {
        id: id(2, index).to_string(),
        grants: vec![proto::Grant {
            permission: Permission::CustomersRead.into(),
            scope: scopes[index as usize % scopes.len()].into(),
            group_ids: (1..4).map(|group| id(1, index * 3 + group).to_string()).collect(),
        }],
        ..Default::default()
    };
    let employee = |index: u64| proto::PolicyEmployee {
        id: id(3, index).to_string(),
        group_id: id(1, index % GROUPS).to_string(),
        role_ids: vec![id(2, index % 20).to_string(), id(2, index % 7).to_string()],
        active: true,
        ..Default::default()
    };
    let key = proto::Key {
        kid: "bench".into(),
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        ..Default::default()
    };
    proto::PolicyUpdate {
        revision: 1,
        snapshot: true,
        groups: (0..GROUPS).map(group).collect(),
        roles: (0..20).map(role).collect(),
        employees: (0..EMPLOYEES).map(employee).collect(),
        key_set: Some(proto::KeySet { keys: vec![key] }),
        ..Default::default()
    }
}

fn per_second(count: u64, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

pub fn measure() -> anyhow::Result<Figures> {
    let key = SigningKey::from_bytes(&rand::random());
    let cache = Arc::new(PolicyCache::default());
    cache.apply(policy(&key));
    let access = Access::new(cache, "bench".into());
    let encoding = EncodingKey::from_ed_der(key.to_pkcs8_der()?.as_bytes());
    let now = Utc::now().timestamp();
    let tokens: Vec<HeaderValue> = (0..TOKENS)
        .map(|index| {
            let claims = AccessClaims::new(id(3, index * 10), id(4, index), now, now + 600, Some(now));
            Ok(HeaderValue::try_from(format!("Bearer {}", sign_access_token(&encoding, "bench", &claims)?))?)
        })
        .collect::<anyhow::Result<_>>()?;

    let signed: Vec<_> = tokens
        .iter()
        .map(|token| {
            let text = token.as_bytes();
            let end = text.iter().rposition(|byte| *byte == b'.').context("a token")?;
            Ok((&text[7..end], key.sign(&text[7..end])))
        })
        .collect::<anyhow::Result<_>>()?;
    let verifying = key.verifying_key();
    let signatures_per_second =
        per_second(TOKENS, || signed.iter().try_for_each(|(text, signature)| Ok(verifying.verify(text, signature)?)))?;
    let check = || {
        per_second(TOKENS, || {
            tokens.iter().try_for_each(|token| {
                black_box(access.authenticate(Some(token)).map_err(|error| anyhow::anyhow!("{error:?}"))?);
                Ok(())
            })
        })
    };
    let tokens_per_second = check()?;
    let known_tokens_per_second = check()?;

    let callers = tokens
        .iter()
        .map(|token| access.authenticate(Some(token)).map_err(|error| anyhow::anyhow!("{error:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut random = rand::rng();
    let mut times: Vec<Duration> = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let caller = &callers[random.random_range(0..callers.len())];
        let owner = Some(id(3, random.random_range(0..EMPLOYEES)));
        let group = Some(id(1, random.random_range(0..GROUPS)));
        let started = Instant::now();
        black_box(caller.covers(Permission::CustomersRead, owner, group));
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(Figures {
        signatures_per_second,
        tokens_per_second,
        known_tokens_per_second,
        decision_p50_us: at(0.5),
        decision_p95_us: at(0.95),
    })
}

/// Argon2id hashes a second on so many threads, at the product's defaults.
pub fn hashes(threads: usize, seconds: f64) -> anyhow::Result<f64> {
    let config = identity::HashingConfig::default();
    let params = Params::new(config.memory_kib, config.iterations, config.parallelism, None);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|error| anyhow::anyhow!("{error}"))?);
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(seconds);
    let count = std::thread::scope(|scope| {
        let hashing = || {
            let (mut out, mut count) = ([0u8; 32], 0u32);
            while Instant::now() < end {
                // What is hashed takes the same time whatever it is.
                if argon2.hash_password_into(b"a password", b"a salt of sixteen", &mut out).is_ok() {
                    count += 1;
                }
            }
            count
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(hashing)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).sum::<u32>()
    });
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}
