//! Settings of the identity service: how long tokens live, what passwords must satisfy and what a guess costs.

use std::time::Duration;

use platform::config::Validate;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Ed25519 key of the access tokens (PKCS #8, PEM), usually by `signing_key_file`. Without it a key is made and kept
    /// in the database.
    pub signing_key: String,
    /// Where people reach the console, such as `https://crm.example.com`; links that leave the product begin with it.
    pub public_url: String,
    /// Lets providers of single sign-on be reached without TLS, as tests need it.
    pub allow_insecure_providers: bool,
    /// How soon a provider is asked for its keys again when a token bears one that is not known.
    pub provider_keys_seconds: u32,
    pub access_token_seconds: u32,
    /// How long a session lives without being used.
    pub refresh_token_seconds: u32,
    /// How long a session lives at most.
    pub session_seconds: u32,
    /// Wrong passwords in a row that lock a login name.
    pub lock_out_failures: u32,
    pub lock_out_seconds: u32,
    pub password: PasswordConfig,
    pub hashing: HashingConfig,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self {
            signing_key: String::new(),
            public_url: String::new(),
            allow_insecure_providers: false,
            provider_keys_seconds: 60,
            access_token_seconds: 10 * 60,
            refresh_token_seconds: 14 * DAY,
            session_seconds: 60 * DAY,
            lock_out_failures: 10,
            lock_out_seconds: 15 * 60,
            password: PasswordConfig::default(),
            hashing: HashingConfig::default(),
        }
    }
}

impl Config {
    /// The one address that providers send browsers back to.
    pub fn redirect_uri(&self) -> String {
        format!("{}/sign-on/callback", self.public_url)
    }

    pub fn access_token_life(&self) -> Duration {
        Duration::from_secs(self.access_token_seconds.into())
    }

    pub fn refresh_token_life(&self) -> Duration {
        Duration::from_secs(self.refresh_token_seconds.into())
    }

    pub fn session_life(&self) -> Duration {
        Duration::from_secs(self.session_seconds.into())
    }
}

/// Longest length that a policy may ask for: that of initial passwords.
pub const MAX_MIN_LENGTH: u32 = 24;

/// What a new password must satisfy.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordConfig {
    /// In characters.
    pub min_length: u32,
    /// Of the four kinds lower case, upper case, digit, other.
    pub min_character_kinds: u32,
    pub refuse_common: bool,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self { min_length: 8, min_character_kinds: 3, refuse_common: true }
    }
}

/// Parameters of Argon2id (RFC 9106); the defaults are OWASP's for servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HashingConfig {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// Passwords hashed at the same time; 0 stands for the number of cores.
    pub concurrency: usize,
}

impl Default for HashingConfig {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, concurrency: 0 }
    }
}

impl HashingConfig {
    pub fn params(&self) -> Result<argon2::Params, argon2::Error> {
        argon2::Params::new(self.memory_kib, self.iterations, self.parallelism, None)
    }
}

impl Validate for Config {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.signing_key.is_empty()
            && let Err(error) = crate::signing::SigningKey::from_pem(&self.signing_key)
        {
            faults.push(format!("identity.signing_key: {error:#}"));
        }
        let origin = self.public_url.strip_prefix("https://").or(self.public_url.strip_prefix("http://"));
        if !self.public_url.is_empty() && origin.is_none_or(|rest| rest.is_empty() || rest.contains(['/', '?', '#'])) {
            faults.push("identity.public_url: scheme and host, such as https://crm.example.com".into());
        }
        if !(60..=3600).contains(&self.access_token_seconds) {
            faults.push("identity.access_token_seconds: 60 to 3600".into());
        }
        if self.refresh_token_seconds <= self.access_token_seconds {
            faults.push("identity.refresh_token_seconds: must be longer than access_token_seconds".into());
        }
        if self.session_seconds < self.refresh_token_seconds {
            faults.push("identity.session_seconds: must not be shorter than refresh_token_seconds".into());
        }
        if self.lock_out_failures == 0 || self.lock_out_failures > 1000 {
            faults.push("identity.lock_out_failures: 1 to 1000".into());
        }
        if self.lock_out_seconds == 0 {
            faults.push("identity.lock_out_seconds: must be positive".into());
        }
        if !(6..=MAX_MIN_LENGTH).contains(&self.password.min_length) {
            faults.push(format!("identity.password.min_length: 6 to {MAX_MIN_LENGTH}"));
        }
        if !(1..=4).contains(&self.password.min_character_kinds) {
            faults.push("identity.password.min_character_kinds: 1 to 4".into());
        }
        if let Err(error) = self.hashing.params() {
            faults.push(format!("identity.hashing: {error}"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_every_fault_is_named() {
        assert_eq!(Config::default().faults(), Vec::<String>::new());
        let faulty = Config {
            signing_key: "-----BEGIN PRIVATE KEY-----".into(),
            public_url: "crm.example.com/".into(),
            allow_insecure_providers: false,
            provider_keys_seconds: 60,
            access_token_seconds: 5,
            refresh_token_seconds: 5,
            session_seconds: 1,
            lock_out_failures: 0,
            lock_out_seconds: 0,
            password: PasswordConfig { min_length: 3, min_character_kinds: 5, refuse_common: true },
            hashing: HashingConfig { memory_kib: 1, ..HashingConfig::default() },
        };
        let faults = faulty.faults();
        assert_eq!(faults.len(), 10, "{faults:#?}");
    }
}
