//! Settings of the gateway.

use std::net::SocketAddr;
use std::path::PathBuf;

use platform::config::Validate;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// How many proxies stand in front and append to `X-Forwarded-For`; 0 takes the address of the connection.
    pub trusted_hops: usize,
    /// Largest JSON body in bytes.
    pub body_limit: usize,
    /// Largest uploaded file in bytes.
    pub upload_limit: u64,
    /// How long a call may take; a caller can ask for less by `Prefer: wait=SECONDS`.
    pub timeout_seconds: u64,
    /// How long a stream or an upload may take.
    pub stream_timeout_seconds: u64,
    /// Cookies for HTTPS only. Turned off where people try the product without a certificate.
    pub secure_cookies: bool,
    /// Key behind the CSRF tokens, the same in every gateway of an installation; derived from
    /// `cluster.secret` when empty.
    pub csrf_secret: String,
    /// The built console; without it there is an API and no console.
    pub console_dir: Option<PathBuf>,
    pub rate_limit: RateLimit,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Calls a second that a caller may make in the long run; 0 turns the limit off.
    pub per_second: u32,
    /// Calls that a caller may make at once.
    pub burst: u32,
    /// Sign-ins a minute from one address; 0 turns the limit off.
    pub sign_ins_per_minute: u32,
    pub sign_in_burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            trusted_hops: 0,
            body_limit: 1024 * 1024,
            upload_limit: 200 * 1024 * 1024,
            timeout_seconds: 30,
            stream_timeout_seconds: 3600,
            secure_cookies: true,
            csrf_secret: String::new(),
            console_dir: None,
            rate_limit: RateLimit::default(),
        }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { per_second: 100, burst: 400, sign_ins_per_minute: 20, sign_in_burst: 20 }
    }
}

impl Validate for Config {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1024..=64 * 1024 * 1024).contains(&self.body_limit) {
            faults.push("gateway.body_limit: 1 KiB to 64 MiB".to_owned());
        }
        if self.upload_limit == 0 {
            faults.push("gateway.upload_limit: at least 1".to_owned());
        }
        if self.timeout_seconds == 0 || self.stream_timeout_seconds == 0 {
            faults.push("gateway.timeout_seconds, gateway.stream_timeout_seconds: at least 1".to_owned());
        }
        if !self.csrf_secret.is_empty() && self.csrf_secret.len() < 32 {
            faults.push("gateway.csrf_secret: at least 32 characters".to_owned());
        }
        let limit = &self.rate_limit;
        if (limit.per_second > 0 && limit.burst == 0) || (limit.sign_ins_per_minute > 0 && limit.sign_in_burst == 0) {
            faults.push("gateway.rate_limit: a burst of at least 1".to_owned());
        }
        faults
    }
}
