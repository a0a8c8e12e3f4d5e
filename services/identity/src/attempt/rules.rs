//! What attempts are counted by.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::Sha256;
use uuid::Uuid;

pub type Digest = [u8; 32];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Password,
    SecondFactor,
    /// Proving it again within a session.
    Session,
}

fn digest(parts: &[&[u8]]) -> Digest {
    use sha2::Digest as _;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Of the login name, whose case counts for nothing. People type passwords into the wrong field, so names are not kept.
pub fn account_digest(login_name: &str) -> Digest {
    use sha2::Digest as _;
    Sha256::digest(login_name.to_ascii_lowercase()).into()
}

/// An id for an account that nobody has, by which attempts at it can be told to belong together.
pub fn account_id(login_name: &str) -> Uuid {
    let digest = account_digest(login_name);
    uuid::Builder::from_custom_bytes(std::array::from_fn(|index| digest[index])).into_uuid()
}

pub fn device_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

pub fn device_digest(token: &str) -> Digest {
    digest(&[b"device", token.as_bytes()])
}

pub fn network_digest(network: &str) -> Digest {
    digest(&[b"network", network.as_bytes()])
}

/// The count of an account for passwords from places that it was never used from is the account's own.
pub fn key(account: &Digest, place: Option<&[u8]>, purpose: Purpose) -> Digest {
    match (place, purpose) {
        (None, Purpose::Password) => *account,
        (place, purpose) => digest(&[account, place.unwrap_or_default(), &[purpose as u8]]),
    }
}

/// The network that an address counts with: whoever has an IPv6 address has the 2^64 beside it.
pub fn network(address: &str) -> Option<String> {
    Some(match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
    })
}

/// The number of the present window of time, and the part of it that has passed.
pub fn period(now: DateTime<Utc>, seconds: u32) -> (i64, f64) {
    let (now, seconds) = (now.timestamp(), i64::from(seconds.max(1)));
    (now.div_euclid(seconds), now.rem_euclid(seconds) as f64 / seconds as f64)
}

/// The count of a window that slides: as much of the one before counts as still lies within.
pub fn weighed(before: i32, current: i32, passed: f64) -> f64 {
    f64::from(before) * (1.0 - passed) + f64::from(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_and_purpose_has_a_count_of_its_own() {
        let account = account_digest("LiLei");
        assert_eq!(account, account_digest("lilei"));
        let [office, device] = [network_digest("10.0.0.1"), device_digest("10.0.0.1")];
        let mut keys = Vec::new();
        for purpose in [Purpose::Password, Purpose::SecondFactor, Purpose::Session] {
            keys.extend([None, Some(&office[..]), Some(&device[..])].map(|place| key(&account, place, purpose)));
        }
        assert_eq!(keys[0], account);
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1").as_deref(), Some("10.0.0.1"));
        assert_eq!(network(""), None);
    }

    #[test]
    fn failures_of_the_window_before_fade_out() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        assert_eq!(period(at(900), 900), (1, 0.0));
        assert_eq!(period(at(1350), 900), (1, 0.5));
        assert!((weighed(10, 3, 0.0) - 13.0).abs() < 1e-9);
        assert!((weighed(10, 3, 0.5) - 8.0).abs() < 1e-9);
    }
}
