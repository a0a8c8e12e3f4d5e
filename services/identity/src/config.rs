//! Settings of the identity service: how long tokens and links live, what passwords must satisfy and what a guess costs.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use platform::config::Validate;
use serde::Deserialize;
use webauthn_rs::prelude::Url;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Ed25519 key of the access tokens (PKCS #8, PEM), usually by `signing_key_file`. Without it a key is made and kept
    /// in the database.
    pub signing_key: String,
    /// Lets providers of single sign-on be reached without TLS, as tests need it.
    pub allow_insecure_providers: bool,
    /// How soon a provider is asked for its keys again when a token bears one that is not known.
    pub provider_keys_seconds: u32,
    pub access_token_seconds: u32,
    /// How long a session lives without being used.
    pub refresh_token_seconds: u32,
    /// How long a session lives at most.
    pub session_seconds: u32,
    /// Wrong passwords in a row that lock a login name, for places that it was never used from; each of the others has a
    /// count of its own.
    pub lock_out_failures: u32,
    pub lock_out_seconds: u32,
    /// Failed sign-ins from one network address, within the seconds, after which it is refused. 0 for no limit.
    pub network_failures: u32,
    pub network_seconds: u32,
    /// Where browsers reach the installation, for links in e-mails. Passkeys are bound to its host, so a change of the host
    /// makes them useless.
    pub public_url: String,
    /// How long a link to reset a password is good.
    pub reset_link_seconds: u32,
    /// How long an invitation is good.
    pub invitation_seconds: u32,
    /// A file in MaxMind's format, such as GeoLite2-City.mmdb, that tells where network addresses are.
    pub place_database: PathBuf,
    pub mail: MailConfig,
    pub password: PasswordConfig,
    pub hashing: HashingConfig,
    pub webhooks: WebhookConfig,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self {
            signing_key: String::new(),
            allow_insecure_providers: false,
            provider_keys_seconds: 60,
            access_token_seconds: 10 * 60,
            refresh_token_seconds: 14 * DAY,
            session_seconds: 60 * DAY,
            lock_out_failures: 10,
            lock_out_seconds: 15 * 60,
            network_failures: 100,
            network_seconds: 15 * 60,
            public_url: "http://localhost:8080".into(),
            reset_link_seconds: 30 * 60,
            invitation_seconds: 7 * DAY,
            place_database: PathBuf::new(),
            mail: MailConfig::default(),
            password: PasswordConfig::default(),
            hashing: HashingConfig::default(),
            webhooks: WebhookConfig::default(),
        }
    }
}

impl Config {
    /// The one address that providers send browsers back to.
    pub fn redirect_uri(&self) -> String {
        format!("{}/sign-on/callback", self.public_url.trim_end_matches('/'))
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

/// How e-mails leave. Without a URL none do: nobody can be invited, and requests for a new password come to nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://user:password@host`, `smtp://user:password@host:587?tls=required`; usually by `smtp_url_file`.
    pub smtp_url: String,
    /// `Changke <crm@example.com>`
    pub from: String,
}

impl MailConfig {
    fn faults(&self) -> Vec<String> {
        if self.smtp_url.is_empty() {
            return Vec::new();
        }
        let mut faults = Vec::new();
        // What the parser says may quote the password.
        if AsyncSmtpTransport::<Tokio1Executor>::from_url(&self.smtp_url).is_err() {
            faults.push("identity.mail.smtp_url: for example smtps://user:password@host".into());
        }
        if let Err(error) = self.from.parse::<Mailbox>() {
            faults.push(format!("identity.mail.from: {error}"));
        }
        faults
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
    /// The last passwords, the present one among them, that are refused.
    pub remembered: u32,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self { min_length: 8, min_character_kinds: 3, refuse_common: true, remembered: 5 }
    }
}

/// Parameters of Argon2id (RFC 9106); the defaults are OWASP's for servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HashingConfig {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// Passwords hashed at the same time; 0 stands for all cores but one, which is left to other calls.
    pub concurrency: usize,
}

impl Default for HashingConfig {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, concurrency: 0 }
    }
}

impl HashingConfig {
    pub fn threads(&self) -> usize {
        match self.concurrency {
            0 => std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1),
            concurrency => concurrency,
        }
    }

    pub fn params(&self) -> Result<argon2::Params, argon2::Error> {
        argon2::Params::new(self.memory_kib, self.iterations, self.parallelism, None)
    }
}

/// The origin of the console.
pub fn public_url(text: &str) -> Result<Url, &'static str> {
    const SHAPE: &str = "an address such as https://crm.example.com";
    let url = Url::parse(text).map_err(|_| SHAPE)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match matches!(url.scheme(), "http" | "https") && url.host().is_some() && bare {
        true => Ok(url),
        false => Err(SHAPE),
    }
}

/// Where webhooks may go.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Unencrypted as well.
    pub allow_http: bool,
    /// Inner networks that messages may go to, such as `10.20.0.0/16`; none by itself.
    #[serde(deserialize_with = "platform::config::list")]
    pub allow_private_networks: Vec<IpNet>,
    /// How long a receiver may take for its answer.
    pub timeout_seconds: u32,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { allow_http: false, allow_private_networks: Vec::new(), timeout_seconds: 10 }
    }
}

impl WebhookConfig {
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
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
        if self.network_failures > 1_000_000 {
            faults.push("identity.network_failures: at most 1000000".into());
        }
        if self.network_seconds == 0 {
            faults.push("identity.network_seconds: must be positive".into());
        }
        if let Err(fault) = public_url(&self.public_url) {
            faults.push(format!("identity.public_url: {fault}"));
        }
        if self.reset_link_seconds == 0 || self.invitation_seconds == 0 {
            faults.push("identity.reset_link_seconds, identity.invitation_seconds: must be positive".into());
        }
        faults.extend(self.mail.faults());
        if self.password.remembered > 24 {
            faults.push("identity.password.remembered: at most 24".into());
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
        if !(1..=30).contains(&self.webhooks.timeout_seconds) {
            faults.push("identity.webhooks.timeout_seconds: 1 to 30".into());
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
            allow_insecure_providers: false,
            provider_keys_seconds: 60,
            access_token_seconds: 5,
            refresh_token_seconds: 5,
            session_seconds: 1,
            lock_out_failures: 0,
            lock_out_seconds: 0,
            network_failures: 2_000_000,
            network_seconds: 0,
            public_url: "crm.example.com/changke".into(),
            reset_link_seconds: 0,
            mail: MailConfig { smtp_url: "http://user:secret@mail".into(), from: "nobody".into() },
            password: PasswordConfig { min_length: 3, min_character_kinds: 5, remembered: 25, ..Default::default() },
            hashing: HashingConfig { memory_kib: 1, ..HashingConfig::default() },
            webhooks: WebhookConfig { timeout_seconds: 0, ..WebhookConfig::default() },
            ..Config::default()
        };
        let faults = faulty.faults();
        assert_eq!(faults.len(), 17, "{faults:#?}");
        assert!(!faults.concat().contains("secret"));
    }
}
