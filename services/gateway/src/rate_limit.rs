//! How often a caller may call: a token bucket each for a signed-in caller, for an address, and for sign-ins from an
//! address. Kept as one number a bucket (the generic cell rate algorithm), and no more of them than fit.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use moka::sync::Cache;
use serde::Deserialize;

use crate::config::RateLimit;
use crate::fault::RATE_LIMITED;
use crate::problem::Problem;

const MOST_BUCKETS: u64 = 100_000;
const IDLE: Duration = Duration::from_secs(600);
/// An office shares one address, and a caller can claim to be anybody until the service has looked at the token.
const CALLERS_PER_ADDRESS: u64 = 20;

pub struct Limiter {
    buckets: Cache<u64, Arc<AtomicU64>>,
    hasher: RandomState,
    started: Instant,
    callers: Option<Rate>,
    addresses: Option<Rate>,
    sign_ins: Option<Rate>,
}

#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Nanoseconds between two calls in the long run.
    interval: u64,
    burst: u64,
}

impl Rate {
    fn new(calls: u64, period: Duration, burst: u64) -> Option<Rate> {
        (calls > 0).then(|| Rate { interval: (period.as_nanos() as u64 / calls).max(1), burst: burst.max(1) })
    }
}

#[derive(Deserialize)]
struct Claims<'a> {
    sub: &'a str,
}

impl Limiter {
    pub fn new(config: &RateLimit) -> Limiter {
        let (per_second, burst) = (u64::from(config.per_second), u64::from(config.burst));
        let second = Duration::from_secs(1);
        let minute = Duration::from_secs(60);
        Limiter {
            buckets: Cache::builder().max_capacity(MOST_BUCKETS).time_to_idle(IDLE).build(),
            hasher: RandomState::new(),
            started: Instant::now(),
            callers: Rate::new(per_second, second, burst),
            addresses: Rate::new(per_second * CALLERS_PER_ADDRESS, second, burst * CALLERS_PER_ADDRESS),
            sign_ins: Rate::new(u64::from(config.sign_ins_per_minute), minute, u64::from(config.sign_in_burst)),
        }
    }

    /// Takes a call of the caller into account, or says when it may come again.
    pub fn check(&self, address: Option<IpAddr>, token: Option<&str>) -> Result<(), Problem> {
        let Some(callers) = self.callers else { return Ok(()) };
        let address = network(address);
        match token.and_then(subject) {
            None => self.take(&("address", address), callers),
            // The subject is not proven yet: beside the address, a stranger can't use up another's calls.
            Some(subject) => {
                if let Some(addresses) = self.addresses {
                    self.take(&("network", address), addresses)?;
                }
                self.take(&("caller", address, subject), callers)
            }
        }
    }

    pub fn check_sign_in(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        match self.sign_ins {
            Some(rate) => self.take(&("sign-in", network(address)), rate),
            None => Ok(()),
        }
    }

    fn take(&self, key: &impl std::hash::Hash, rate: Rate) -> Result<(), Problem> {
        let bucket = self.buckets.get_with(self.hasher.hash_one(key), Arc::default);
        // Never zero, which is a bucket that nobody has used.
        let now = self.started.elapsed().as_nanos() as u64 + 1;
        let depth = rate.interval * rate.burst;
        let mut due = bucket.load(Ordering::Relaxed);
        loop {
            let next = due.max(now) + rate.interval;
            if next > now + depth {
                return Err(refusal(Duration::from_nanos(next - now - depth), rate));
            }
            match bucket.compare_exchange_weak(due, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => due = other,
            }
        }
    }
}

fn refusal(wait: Duration, rate: Rate) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, &RATE_LIMITED)
        .arg("seconds", &seconds)
        .retry_after(seconds)
        .header("ratelimit-limit", rate.burst)
        .header("ratelimit-remaining", 0)
        .header("ratelimit-reset", seconds)
}

/// Whoever has an IPv6 address has the 2^64 beside it.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let s = v6.segments();
                IpAddr::from([s[0], s[1], s[2], s[3], 0, 0, 0, 0])
            }
        },
    })
}

/// The subject that a JWT claims.
fn subject(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Claims<'_>>(&payload).ok().map(|claims| claims.sub.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_second: u32, burst: u32) -> Limiter {
        Limiter::new(&RateLimit { per_second, burst, sign_ins_per_minute: 1, sign_in_burst: 2 })
    }

    fn at(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn token(subject: &str) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{subject}\",\"exp\":1}}")))
    }

    #[test]
    fn a_caller_who_calls_too_often_is_told_to_wait_and_others_are_not() {
        // So slow that no test machine earns a call back meanwhile.
        let limiter = limiter(1, 3);
        let (li, wang) = (token("li"), token("wang"));
        for _ in 0..3 {
            assert!(limiter.check(at(1), Some(&li)).is_ok());
        }
        let problem = limiter.check(at(1), Some(&li)).unwrap_err();
        assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(limiter.check(at(1), Some(&wang)).is_ok());
        assert!(limiter.check(at(2), Some(&li)).is_ok());
        assert!(limiter.check(at(1), None).is_ok());
    }

    #[test]
    fn claiming_to_be_somebody_else_every_time_does_not_help() {
        let limiter = limiter(1, 2);
        let good = (0..100).filter(|n| limiter.check(at(1), Some(&token(&n.to_string()))).is_ok()).count();
        assert_eq!(good, 40);
    }

    #[test]
    fn sign_ins_have_a_limit_of_their_own() {
        let limiter = limiter(0, 0);
        assert!((0..2).all(|_| limiter.check_sign_in(at(1)).is_ok()));
        assert!(limiter.check_sign_in(at(1)).is_err());
        assert!(limiter.check_sign_in(at(2)).is_ok());
        assert!((0..1000).all(|_| limiter.check(at(1), None).is_ok()));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
