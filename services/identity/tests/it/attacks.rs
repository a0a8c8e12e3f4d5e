//! What attackers try, and what becomes of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::identity as proto;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_json::{Value, json};

use crate::stage::{ADMIN, PASSWORD, Session, Stage, from, instance, refused, stage, stage_with};

fn with(access_token: &str) -> Session {
    Session { access_token: access_token.into(), refresh_token: String::new(), password_change_required: false }
}

async fn opens(stage: &Stage, access_token: &str) -> bool {
    stage.profiles().get_profile(with(access_token).call(proto::GetProfileRequest {})).await.is_ok()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn tokens_that_we_did_not_sign_like_this_open_nothing() {
    let own = ed25519_dalek::SigningKey::from_bytes(&rand::random());
    let stage = stage_with(&[], &[("admin", "", &[ADMIN]), ("lilei", "", &[])], |config| {
        config.signing_key = own.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    })
    .await;
    let good = stage.sign_in("admin").await.access_token;
    assert!(opens(&stage, &good).await);
    let (header, claims) = (part(&good, 0), part(&good, 1));
    let kid = header["kid"].as_str().unwrap().to_owned();
    let x = stage.policies().get_key_set(proto::GetKeySetRequest {}).await.unwrap().into_inner().keys[0].x.clone();
    let ours = EncodingKey::from_ed_der(own.to_pkcs8_der().unwrap().as_bytes());
    let head = |algorithm| Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
    let sign = |claims: &Value| encode(&head(Algorithm::EdDSA), claims, &ours).unwrap();
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    assert!(opens(&stage, &sign(&claims)).await, "the test signs as we do");

    let now = chrono::Utc::now().timestamp();
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let public = URL_SAFE_NO_PAD.decode(&x).unwrap();
    let hs256 = |secret: &[u8]| encode(&head(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap();
    // Ed25519 in PKCS #8 (RFC 8410) with a seed of the attacker's own.
    let der = [&hex("302e020100300506032b657004220420")[..], &rand::random::<[u8; 32]>()].concat();
    let another = encode(&head(Algorithm::EdDSA), &claims, &EncodingKey::from_ed_der(&der)).unwrap();
    let unknown = Header { kid: Some("another".into()), ..Header::new(Algorithm::EdDSA) };
    let signature = good.rsplit_once('.').unwrap().1;
    let attempts = [
        ("another key", another),
        ("a key that nobody knows", encode(&unknown, &claims, &ours).unwrap()),
        ("no key named", encode(&Header::new(Algorithm::EdDSA), &claims, &ours).unwrap()),
        ("no algorithm", format!("{}.{}.", text(&json!({"alg": "none", "kid": kid})), text(&claims))),
        (
            "no algorithm, our signature",
            format!("{}.{}.{signature}", text(&json!({"alg": "none", "kid": kid})), text(&claims)),
        ),
        ("HS256 by the public key", hs256(&public)),
        ("HS256 by the public key's text", hs256(x.as_bytes())),
        ("another's claims under our signature", {
            let other = changed("sub", json!(stage.id("lilei")));
            format!("{}.{}.{signature}", good.split('.').next().unwrap(), text(&other))
        }),
        ("expired", sign(&changed("exp", json!(now - 1)))),
        ("expiring this very second", sign(&changed("exp", json!(now)))),
        ("of another issuer", sign(&changed("iss", json!("somebody")))),
        ("of nobody", sign(&changed("sub", json!(uuid::Uuid::now_v7())))),
        ("without an end", {
            let mut claims = claims.clone();
            claims.as_object_mut().unwrap().remove("exp");
            sign(&claims)
        }),
        ("half", good[..good.len() / 2].to_owned()),
        ("nothing", String::new()),
    ];
    for (what, token) in attempts {
        assert!(!opens(&stage, &token).await, "{what}");
    }
    let mut as_service = tonic::Request::new(proto::GetProfileRequest {});
    as_service.metadata_mut().insert("authorization", format!("Service {good}").parse().unwrap());
    assert_eq!(refused(stage.profiles().get_profile(as_service).await), "TOKEN_INVALID");
    // Claims to more than the holder has are claims alone.
    let asking = sign(&changed("permissions", json!([100])));
    let list = with(&asking).call(proto::ListRolesRequest::default());
    assert_eq!(refused(stage.roles().list_roles(list).await), "PERMISSION_DENIED");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn a_session_that_was_ended_is_over_within_a_second() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let [mine, stolen] = [stage.sign_in("lilei").await, stage.sign_in("lilei").await];
    stage.authentication().revoke_other_sessions(mine.call(proto::RevokeOtherSessionsRequest {})).await.unwrap();
    assert!(!opens(&stage, &stolen.access_token).await && opens(&stage, &mine.access_token).await);
}

#[tokio::test]
async fn no_sign_in_goes_on_with_a_session_that_somebody_brings_along() {
    let stage = stage(&[], &[("lilei", "", &[]), ("mallory", "", &[])]).await;
    let planted = stage.sign_in("mallory").await;
    let request = proto::SignInRequest { login_name: "lilei".into(), password: PASSWORD.into(), ..Default::default() };
    let victim: Session = stage.authentication().sign_in(planted.call(request)).await.unwrap().into_inner().into();
    let session = |token: &str| part(token, 1)["sid"].clone();
    assert_ne!(session(&planted.access_token), session(&victim.access_token));
    assert_eq!(part(&planted.access_token, 1)["sub"], json!(stage.id("mallory")));
    // Nor does a change of the password go on with the session that it was made in.
    let change =
        proto::ChangePasswordRequest { current_password: PASSWORD.into(), new_password: "Quiet-River-9".into() };
    let changed = stage.authentication().change_password(victim.call(change)).await.unwrap().into_inner();
    assert_ne!(session(&victim.access_token), session(&changed.access_token));
    assert!(!opens(&stage, &victim.access_token).await && opens(&stage, &changed.access_token).await);
}

/// The parameters of the stage.
const FIRST: &str = "m=64,t=1,p=1";

/// Counts the passwords that this process hashes, by the parameters.
#[derive(Clone, Default)]
struct Hashes(Arc<Mutex<BTreeMap<String, Arc<Count>>>>);

impl Hashes {
    /// From now on; nextest gives each test a process of its own.
    fn counted() -> Self {
        let hashes = Self::default();
        metrics::set_global_recorder(hashes.clone()).unwrap();
        hashes
    }

    fn all(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap();
        counts.iter().map(|(parameters, count)| (parameters.clone(), count.0.load(Ordering::SeqCst))).collect()
    }

    fn since(&self, before: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
        let more = |(parameters, count): (String, u64)| {
            let count = count - before.get(&parameters).copied().unwrap_or_default();
            (count > 0).then_some((parameters, count))
        };
        self.all().into_iter().filter_map(more).collect()
    }
}

#[derive(Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl Recorder for Hashes {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match key.name() {
            "changke_password_hashes_total" => {
                let parameters = key.labels().find(|label| label.key() == "parameters").unwrap();
                Counter::from_arc(self.0.lock().unwrap().entry(parameters.value().to_owned()).or_default().clone())
            }
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn every_failed_sign_in_costs_the_same_whatever_is_wrong_with_it() {
    let people: [(&str, &str, &[&str]); 3] = [("lilei", "", &[]), ("gone", "", &[]), ("locked", "", &[])];
    let stage = stage_with(&[], &people, |config| config.lock_out_failures = 3).await;
    sqlx::query("UPDATE employee SET state = 2 WHERE login_name = 'gone'").execute(stage.db.pool()).await.unwrap();
    for _ in 0..3 {
        stage.try_sign_in("locked", "wrong").await.unwrap_err();
    }
    let hashes = Hashes::counted();
    let transactions = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM audit_entry").fetch_one(stage.db.pool()).await.unwrap()
    };
    for (login_name, password) in [("nobody", PASSWORD), ("lilei", "wrong"), ("gone", PASSWORD), ("locked", PASSWORD)] {
        let (before, written) = (hashes.all(), transactions().await);
        let status = stage.sign_in_from("203.0.113.7", login_name, password, "some-device").await.unwrap_err();
        assert_eq!(crate::stage::reason(&status), "SIGN_IN_FAILED");
        assert_eq!(hashes.since(&before), [(FIRST.to_owned(), 1)], "{login_name}");
        assert_eq!(transactions().await - written, 1, "{login_name}");
    }
    // A forgotten password costs none, for anybody.
    let before = hashes.all();
    for login_name in ["nobody", "lilei", "gone"] {
        let request = proto::RequestPasswordResetRequest { login_name: login_name.into() };
        stage.links().request_password_reset(from("203.0.113.7", request)).await.unwrap();
    }
    assert_eq!(hashes.since(&before), []);
}

#[tokio::test]
async fn after_a_change_of_the_parameters_nobody_is_told_from_somebody_either() {
    let people: [(&str, &str, &[&str]); 2] = [("since", "", &[]), ("before", "", &[])];
    let mut stage = stage(&[], &people).await;
    stage.config.hashing.memory_kib = 128;
    let changed = instance(&stage.db, &stage.config, HashMap::new()).await;
    // The other instance goes on with the parameters of before, and meets hashes of the new ones.
    let instances = [changed.identity.clone(), std::mem::replace(&mut stage.identity, changed.identity)];
    stage.sign_in("since").await;
    let hashes = Hashes::counted();
    for (instance, names) in instances.into_iter().zip([["nobody", "before", "since"], ["since", "nobody", "before"]]) {
        stage.identity = instance;
        for login_name in names {
            let before = hashes.all();
            assert_eq!(refused(stage.try_sign_in(login_name, "wrong").await), "SIGN_IN_FAILED");
            let once = [FIRST, "m=128,t=1,p=1"].map(|parameters| (parameters.to_owned(), 1));
            let mut found = hashes.since(&before);
            found.reverse();
            assert_eq!(found, once, "{login_name}");
        }
    }
}
