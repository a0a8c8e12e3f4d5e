//! Proof that a call by cookie came from the console: a token that only a page of ours can read and send along. It is
//! bound to the session's tokens, so one that was planted from elsewhere is worth nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

/// Of a MAC; 128 bits are beyond guessing.
const LENGTH: usize = 16;

#[derive(Clone)]
pub struct Csrf {
    key: Vec<u8>,
}

impl Csrf {
    /// Without a secret of its own the key is one of the installation: tokens outlive a restart, and hold in every gateway.
    pub fn new(secret: &str, derived: [u8; 32]) -> Csrf {
        let key = if secret.is_empty() { derived.to_vec() } else { secret.as_bytes().to_vec() };
        Csrf { key }
    }

    /// A token for a session: `nonce.mac(access).mac(refresh)`, since the two tokens are never sent together.
    pub fn issue(&self, access: &str, refresh: &str) -> String {
        let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; LENGTH]>());
        let sign = |session: &str| URL_SAFE_NO_PAD.encode(&self.mac(&nonce, session).finalize().into_bytes()[..LENGTH]);
        format!("{nonce}.{}.{}", sign(access), sign(refresh))
    }

    pub fn holds_for_access(&self, token: &str, access: &str) -> bool {
        self.holds(token, 1, access)
    }

    pub fn holds_for_refresh(&self, token: &str, refresh: &str) -> bool {
        self.holds(token, 2, refresh)
    }

    fn holds(&self, token: &str, position: usize, session: &str) -> bool {
        let parts: Vec<&str> = token.split('.').collect();
        if parts.len() != 3 || session.is_empty() {
            return false;
        }
        let Ok(mac) = URL_SAFE_NO_PAD.decode(parts[position]) else { return false };
        mac.len() == LENGTH && self.mac(parts[0], session).verify_truncated_left(&mac).is_ok()
    }

    fn mac(&self, nonce: &str, session: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(nonce.as_bytes());
        mac.update(b".");
        mac.update(session.as_bytes());
        mac
    }
}

/// Whether the browser says that a page of this origin sent the request. Other clients say nothing.
pub fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_for_its_session_alone() {
        let csrf = Csrf::new(&"k".repeat(32), [0; 32]);
        let token = csrf.issue("access", "refresh");
        assert!(csrf.holds_for_access(&token, "access") && csrf.holds_for_refresh(&token, "refresh"));
        assert!(!csrf.holds_for_access(&token, "other") && !csrf.holds_for_refresh(&token, "access"));
        assert!(!Csrf::new("", [0; 32]).holds_for_access(&token, "access"));
        for forged in ["", ".", "..", "a.b.c", &token[1..], &format!("{token}.x")] {
            assert!(!csrf.holds_for_access(forged, "access"), "{forged}");
        }
        assert!(!csrf.holds_for_access(&csrf.issue("", ""), ""));
        assert_ne!(token, csrf.issue("access", "refresh"));
    }

    #[test]
    fn without_a_secret_tokens_hold_wherever_the_installation_is_the_same() {
        let token = Csrf::new("", [1; 32]).issue("access", "refresh");
        assert!(Csrf::new("", [1; 32]).holds_for_access(&token, "access"));
        assert!(!Csrf::new("", [2; 32]).holds_for_access(&token, "access"));
        assert!(!Csrf::new(&"k".repeat(32), [1; 32]).holds_for_access(&token, "access"));
    }

    #[test]
    fn the_browser_tells_where_a_request_comes_from() {
        let from = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
            same_origin(&headers.collect())
        };
        assert!(from(&[]));
        assert!(from(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!from(&[("sec-fetch-site", "same-site")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", "http://a:1"), ("host", "a:1")]));
        assert!(from(&[("origin", "http://crm.example:8080"), ("host", "crm.example:8080")]));
        assert!(!from(&[("origin", "http://evil.example"), ("host", "crm.example:8080")]));
        assert!(!from(&[("origin", "null"), ("host", "crm.example")]));
    }
}
