//! Keeps the policy snapshot in step with identity: the whole at first, then every change within moments. What is not
//! heard of for too long is not believed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use contracts::identity as proto;
use contracts::identity::policy_service_client::PolicyServiceClient;
use jsonwebtoken::DecodingKey;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Policy;
use super::token::sign_service_token;
use crate::service::Upstream;

/// A snapshot is believed for this long after the last word from identity.
const BELIEVED_SECONDS: i64 = 30;

pub type KeySource = HashMap<String, DecodingKey>;

/// The snapshot that decisions are made by.
pub struct PolicyCache {
    policy: ArcSwap<Policy>,
    keys: ArcSwap<KeySource>,
    last_heard: AtomicI64,
    revision: watch::Sender<i64>,
}

impl Default for PolicyCache {
    fn default() -> Self {
        Self {
            policy: ArcSwap::default(),
            keys: ArcSwap::default(),
            last_heard: AtomicI64::new(0),
            revision: watch::Sender::new(0),
        }
    }
}

impl PolicyCache {
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    pub(crate) fn key(&self, kid: &str) -> Option<DecodingKey> {
        self.keys.load().get(kid).cloned()
    }

    /// Whether identity was heard of recently enough for the snapshot to be believed.
    pub fn is_fresh(&self) -> bool {
        Utc::now().timestamp() - self.last_heard.load(Ordering::Relaxed) <= BELIEVED_SECONDS
    }

    /// Waits until the snapshot can be believed, as after a start.
    pub async fn known(&self) {
        while !self.is_fresh() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the snapshot has reached a revision, as a test does after a change.
    pub async fn reached(&self, revision: i64) {
        let mut changes = self.revision.subscribe();
        // The sender lives in self.
        let _ = changes.wait_for(|known| *known >= revision).await;
    }

    /// Tells whenever identity was heard of, whether or not anything has changed.
    pub fn heard(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }

    /// Takes in what identity told.
    pub fn apply(&self, update: proto::PolicyUpdate) {
        if let Some(keys) = &update.key_set {
            self.keys.store(Arc::new(decoding_keys(keys)));
        }
        let revision = update.revision;
        let changes = update.snapshot
            || update.parameters.is_some()
            || !(update.employees.is_empty()
                && update.groups.is_empty()
                && update.roles.is_empty()
                && update.revoked_sessions.is_empty());
        if changes {
            let next = self.policy.load().with(update, Utc::now().timestamp());
            self.policy.store(Arc::new(next));
        }
        self.last_heard.store(Utc::now().timestamp(), Ordering::Relaxed);
        self.revision.send_replace(revision);
    }
}

fn decoding_keys(keys: &proto::KeySet) -> KeySource {
    keys.keys
        .iter()
        .filter(|key| key.kty == "OKP" && key.crv == "Ed25519")
        .filter(|key| URL_SAFE_NO_PAD.decode(&key.x).is_ok_and(|bytes| bytes.len() == 32))
        .filter_map(|key| Some((key.kid.clone(), DecodingKey::from_ed_components(&key.x).ok()?)))
        .collect()
}

/// Follows identity until shutdown; tries again with growing pauses when the stream breaks.
pub async fn watch_policy(
    cache: Arc<PolicyCache>,
    identity: Upstream,
    secret: String,
    service: &'static str,
    shutdown: CancellationToken,
) {
    let mut pause = Duration::from_millis(50);
    loop {
        let watched = tokio::select! {
            () = shutdown.cancelled() => return,
            watched = follow(&cache, identity.clone(), &secret, service) => watched,
        };
        match watched {
            Ok(()) => pause = Duration::from_millis(50),
            Err(error) => tracing::warn!(service, "policy watch: {error:#}"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

async fn follow(cache: &PolicyCache, identity: Upstream, secret: &str, service: &str) -> anyhow::Result<()> {
    let mut request = tonic::Request::new(proto::WatchPolicyRequest {});
    let token = format!("Service {}", sign_service_token(secret, service)?);
    request.metadata_mut().insert("authorization", token.parse()?);
    let mut stream = PolicyServiceClient::new(identity).watch_policy(request).await?.into_inner();
    let mut parts: Option<proto::PolicyUpdate> = None;
    loop {
        let next = tokio::time::timeout(Duration::from_secs(15), stream.message()).await;
        let Some(update) = next.map_err(|_| anyhow::anyhow!("no heartbeat for 15 seconds"))?? else { return Ok(()) };
        let partial = update.partial;
        let whole = match parts.take() {
            None => update,
            Some(mut earlier) => {
                earlier.revision = update.revision;
                earlier.employees.extend(update.employees);
                earlier.groups.extend(update.groups);
                earlier.roles.extend(update.roles);
                earlier.revoked_sessions.extend(update.revoked_sessions);
                earlier.key_set = update.key_set.or(earlier.key_set);
                earlier.parameters = update.parameters.or(earlier.parameters);
                earlier
            }
        };
        if partial {
            parts = Some(whole);
        } else {
            cache.apply(whole);
        }
    }
}
