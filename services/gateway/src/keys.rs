//! API keys in the place of access tokens: exchanged for one by the method that the contract marks for it, and the token
//! kept for a minute, so that services only ever see tokens. A token that a service refuses is forgotten.

use std::time::Duration;

use contracts::options::SessionEffect;
use http::header::HeaderValue;
use http::{HeaderMap, StatusCode};
use moka::sync::Cache;
use platform::contract::wire::{Reader, put_bytes};
use platform::contract::{Access, Contract, Message, Method};
use sha2::{Digest, Sha256};
use tonic::{Code, Status};

use crate::call::metadata;
use crate::fault::API_KEY_INVALID;
use crate::gateway::Gateway;
use crate::grpc;
use crate::problem::Problem;
use crate::routes::Route;
use crate::session::Credentials;
use crate::visit::Visit;

const PREFIX: &str = "ck_";
const MOST_KEYS: u64 = 10_000;
/// Long against a call, short against the life of a token; how often at most the last use is written.
const KEPT: Duration = Duration::from_secs(60);
/// How long a key that was good once is not taken for a guess.
const PROVEN: Duration = Duration::from_secs(24 * 60 * 60);
const PATIENCE: Duration = Duration::from_secs(5);

/// SHA-256 of a key: no key itself stays in memory.
pub type KeyDigest = [u8; 32];

pub struct Keys {
    exchange: Option<&'static Method>,
    /// The `Authorization` that a key stands for; nothing for one that is not valid.
    known: Cache<KeyDigest, Option<HeaderValue>>,
    proven: Cache<KeyDigest, ()>,
}

impl Keys {
    pub fn new(contract: &'static Contract) -> Keys {
        let exchange = contract.methods().iter().find(|method| method.session_effect == SessionEffect::Exchange);
        let known = Cache::builder().max_capacity(MOST_KEYS).time_to_live(KEPT).build();
        let proven = Cache::builder().max_capacity(MOST_KEYS).time_to_live(PROVEN).build();
        Keys { exchange, known, proven }
    }

    pub fn forget(&self, key: &KeyDigest) {
        self.known.invalidate(key);
    }
}

/// Puts the token into the place of a key that the caller sent; answers the key's digest where there was one.
pub async fn take(
    gateway: &Gateway,
    visit: &Visit,
    route: &Route,
    credentials: &mut Credentials,
) -> Result<Option<KeyDigest>, Problem> {
    let Some(key) = credentials.token().filter(|token| token.starts_with(PREFIX)) else { return Ok(None) };
    if route.method.access == Access::Public {
        credentials.authorization = None;
        return Ok(None);
    }
    let digest: KeyDigest = Sha256::digest(key).into();
    let authorization = match gateway.keys.known.get(&digest) {
        Some(known) => known,
        None => {
            // Guessing keys is as slow as guessing passwords.
            if !gateway.keys.proven.contains_key(&digest) {
                gateway.limiter.check_sign_in(visit.address)?;
            }
            let found = exchange(gateway, visit, key).await?;
            if found.is_some() {
                gateway.keys.proven.insert(digest, ());
            }
            gateway.keys.known.insert(digest, found.clone());
            found
        }
    };
    if authorization.is_none() {
        gateway.limiter.check(visit.address, None)?;
        return Err(Problem::new(StatusCode::UNAUTHORIZED, &API_KEY_INVALID));
    }
    credentials.authorization = authorization;
    Ok(Some(digest))
}

async fn exchange(gateway: &Gateway, visit: &Visit, key: &str) -> Result<Option<HeaderValue>, Problem> {
    let Some(method) = gateway.keys.exchange else { return Ok(None) };
    let Some(upstream) = gateway.upstreams.get(&method.service) else { return Ok(None) };
    let (input, output) = (gateway.contract.message(method.input), gateway.contract.message(method.output));
    let mut message = grpc::buffer(key.len() + 8);
    put_bytes(&mut message, number(input, "key"), key.as_bytes());
    let message = grpc::seal(message, 0);
    let headers = metadata(visit, &HeaderMap::new(), &Credentials::default(), PATIENCE);
    let sent = async {
        match upstream.local() {
            Some(local) => local.call(method, &headers, message.slice(grpc::PREFIX..)).await,
            None => {
                let uri = method.path.parse().map_err(|_| Status::internal("no path"))?;
                Ok(grpc::call(upstream, &uri, headers, grpc::single(message)).await?.only().await?.1)
            }
        }
    };
    match sent.await {
        Ok(wire) => Ok(token(&wire, number(output, "access_token"))),
        Err(status) if matches!(status.code(), Code::Unauthenticated | Code::InvalidArgument) => Ok(None),
        Err(status) => Err(Problem::from_status(&status, None, None)),
    }
}

fn number(message: &Message, field: &str) -> u32 {
    message.field_named(field).map(|index| message.fields[index].number).unwrap_or_default()
}

fn token(wire: &[u8], field: u32) -> Option<HeaderValue> {
    let mut reader = Reader::new(wire);
    while let Some(Ok((number, value))) = reader.field() {
        if number == field {
            return HeaderValue::try_from(format!("Bearer {}", value.text().ok()?)).ok();
        }
    }
    None
}
