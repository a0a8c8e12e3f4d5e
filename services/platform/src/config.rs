//! Configuration from a file, then the environment (`CHANGKE_SECTION__KEY`), then secrets from files (`KEY_FILE`).
//! Every fault is found before any is reported.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;

use config::{Config, Environment, File, FileFormat, Map, Source, Value, ValueKind};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What a section can check beyond its types.
pub trait Validate {
    /// One sentence a fault, naming the key.
    fn faults(&self) -> Vec<String>;
}

/// Reads the settings, or lists everything that is wrong with them, what `check` finds included.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    environment: HashMap<String, String>,
    check: impl FnOnce(&T) -> Vec<String>,
) -> Result<T, Vec<String>> {
    let mut faults = Vec::new();
    let mut tree = match file {
        Some(file) => layer(File::from(file).format(FileFormat::Toml).required(true), &mut faults),
        None => Some(Value::new(None, Map::<String, Value>::new())),
    };
    let readable = tree.is_some();
    let source = Environment::with_prefix("CHANGKE").prefix_separator("_").separator("__").source(Some(environment));
    if let Some(upper) = layer(source, &mut faults) {
        lay_over(tree.get_or_insert_default(), upper);
    }
    let mut tree = tree.unwrap_or_default();
    // A fault hides those behind it: take the faulty key out and try again until all are known.
    let settings = loop {
        match serde_path_to_error::deserialize::<_, T>(tree.clone()) {
            Ok(settings) => break settings,
            Err(error) => {
                let path = error.path().to_string();
                let message = error.into_inner().to_string();
                if !remove(&mut tree, &path, &message) {
                    faults.push(format!("{path}: {message}"));
                    return Err(faults);
                }
                faults.push(format!("{path}: {message}"));
            }
        }
    };
    // Of a file that can't be read nobody knows what it leaves out.
    if readable {
        faults.extend(check(&settings));
    }
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// The settings of one source, its secrets among them. A later source overrides an earlier one however either names a secret.
fn layer(source: impl Source + Send + Sync + 'static, faults: &mut Vec<String>) -> Option<Value> {
    match Config::builder().add_source(source).build() {
        Ok(config) => {
            let mut tree = config.cache;
            read_secret_files(&mut tree, "", faults);
            Some(tree)
        }
        Err(error) => {
            faults.push(error.to_string());
            None
        }
    }
}

fn lay_over(lower: &mut Value, upper: Value) {
    match (&mut lower.kind, upper.kind) {
        (ValueKind::Table(lower), ValueKind::Table(upper)) => {
            for (key, value) in upper {
                match lower.get_mut(&key) {
                    Some(lower) => lay_over(lower, value),
                    None => {
                        lower.insert(key, value);
                    }
                }
            }
        }
        (lower, upper) => *lower = upper,
    }
}

fn read_secret_files(value: &mut Value, path: &str, faults: &mut Vec<String>) {
    let ValueKind::Table(table) = &mut value.kind else { return };
    let named: Vec<String> = table.keys().filter(|key| key.ends_with("_file")).cloned().collect();
    for key in named {
        let Some(file) = table.remove(&key) else { continue };
        let target = key.trim_end_matches("_file").to_owned();
        if table.contains_key(&target) {
            faults.push(format!("{path}{target}: given twice, by itself and by {key}"));
            continue;
        }
        match std::fs::read_to_string(file.to_string()) {
            Ok(secret) => {
                table.insert(target, Value::new(None, secret.trim_end_matches(['\r', '\n']).to_owned()));
            }
            Err(error) => faults.push(format!("{path}{key}: {file}: {error}")),
        }
    }
    for (key, value) in table.iter_mut() {
        read_secret_files(value, &format!("{path}{key}."), faults);
    }
}

/// Takes the key at a dotted path out of the tree, or the unknown key that the message names; tells whether it was there.
fn remove(tree: &mut Value, path: &str, message: &str) -> bool {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let mut names: Vec<&str> = path.split('.').filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = unknown.filter(|unknown| names.last() != Some(unknown)) {
        names.push(unknown);
    }
    let Some((last, parents)) = names.split_last() else { return false };
    let mut value = tree;
    for name in parents {
        let ValueKind::Table(table) = &mut value.kind else { return false };
        let Some(child) = table.get_mut(*name) else { return false };
        value = child;
    }
    let ValueKind::Table(table) = &mut value.kind else { return false };
    let table: &mut Map<String, Value> = table;
    table.remove(*last).is_some()
}

/// Reads a list, or a text whose parts are separated by commas: variables of the environment hold no lists.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr<Err: Display>,
{
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + FromStr<Err: Display>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list, or a text with commas")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| part.parse().map_err(|error| E::custom(format!("{part}: {error}")))).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Vec<T>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(parts))
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}

/// Where the database is and how services sign in to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Of an administrator who may create roles and schemas; used by `migrate` alone. Host, port and database of it are
    /// also the services'.
    pub url: String,
    /// From which the passwords of the services' roles are derived, and the keys that seal their audit trails: once it is
    /// changed, `changke admin audit verify` names the places where it was. Not needed where `service_urls` names every
    /// service of the process; the keys come from the URLs then.
    pub role_secret: String,
    /// Connections a service.
    pub max_connections: u32,
    /// Per service, when it has a database of its own: a complete URL of its role.
    pub service_urls: HashMap<String, String>,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: String::new(), role_secret: String::new(), max_connections: 8, service_urls: HashMap::new() }
    }
}

impl DatabaseConfig {
    /// One sentence a fault, for a process of these services.
    pub fn faults_of(&self, services: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        for (service, url) in &self.service_urls {
            if let Err(error) = url.parse::<sqlx::postgres::PgConnectOptions>() {
                faults.push(format!("database.service_urls.{service}: {error}"));
            }
        }
        if services.iter().any(|service| !self.service_urls.contains_key(*service)) {
            if self.url.is_empty() {
                faults.push("database.url: missing; for example postgres://user:password@host:5432/changke".into());
            } else if let Err(error) = self.url.parse::<sqlx::postgres::PgConnectOptions>() {
                faults.push(format!("database.url: {error}"));
            }
            if self.role_secret.len() < 16 {
                faults.push("database.role_secret: at least 16 characters are needed".into());
            }
        }
        if self.max_connections == 0 {
            faults.push("database.max_connections: must be positive".into());
        }
        faults
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    pub url: String,
    /// File with the credentials of the account (`.creds`).
    pub credentials: Option<String>,
    /// Put before stream and consumer names, so that several installations can share a server.
    pub prefix: String,
    /// How many copies of the stream a cluster keeps.
    pub replicas: usize,
}

impl Default for NatsConfig {
    fn default() -> Self {
        Self { url: String::new(), credentials: None, prefix: "changke".into(), replicas: 1 }
    }
}

impl Validate for NatsConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url.is_empty() {
            faults.push("nats.url: missing; for example nats://host:4222".into());
        }
        if self.prefix.is_empty() || !self.prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            faults.push("nats.prefix: letters, digits and underscores only".into());
        }
        if !(1..=5).contains(&self.replicas) {
            faults.push("nats.replicas: 1 to 5".into());
        }
        faults
    }
}

/// How the parts of one installation know and reach each other.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// Shared by all services: proves that a call comes from one of them.
    pub secret: String,
    /// Services that run elsewhere, by name: `customers = "http://changke-customers:9000"`.
    pub upstreams: HashMap<String, String>,
    /// Address for gRPC between services when they run apart.
    pub listen: Option<std::net::SocketAddr>,
    /// Address for health and metrics.
    pub admin_listen: Option<std::net::SocketAddr>,
    /// How long a process that is told to stop still answers, so that whoever sends calls to it has time to notice.
    pub linger_seconds: u64,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self { secret: String::new(), upstreams: HashMap::new(), listen: None, admin_listen: None, linger_seconds: 2 }
    }
}

impl Validate for ClusterConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.secret.len() < 32 {
            faults.push("cluster.secret: at least 32 characters are needed".into());
        }
        for (name, url) in &self.upstreams {
            if url.parse::<http::Uri>().ok().and_then(|uri| uri.authority().cloned()).is_none() {
                faults.push(format!("cluster.upstreams.{name}: `{url}` is no URL"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        database: DatabaseConfig,
        cluster: ClusterConfig,
    }

    fn check(settings: &Settings) -> Vec<String> {
        [settings.database.faults_of(&["customers"]), settings.cluster.faults()].concat()
    }

    fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let faults = load(
            None,
            environment(&[
                ("CHANGKE_DATABASE__MAX_CONNECTIONS", "many"),
                ("CHANGKE_DATABASE__COLOUR", "red"),
                ("CHANGKE_DATABASE__ROLE_SECRET_FILE", "/nonexistent/secret"),
                ("CHANGKE_CLUSTER__LISTEN", "nowhere"),
            ]),
            check,
        )
        .map(|_: Settings| ())
        .unwrap_err()
        .join("\n");
        for part in
            ["max_connections", "colour", "role_secret_file", "cluster.listen", "database.url", "cluster.secret"]
        {
            assert!(faults.contains(part), "{part} is missing in:\n{faults}");
        }
    }

    #[test]
    fn a_secret_is_given_once_and_the_environment_wins() {
        let folder = std::env::temp_dir().join(format!("changke-layers-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let (file, secret) = (folder.join("changke.toml"), folder.join("secret"));
        std::fs::write(&secret, "of the file, long enough\n").unwrap();
        let named = format!("[database]\nurl = 'postgres://a:b@c/d'\nrole_secret_file = '{}'\n", secret.display());
        std::fs::write(&file, &named).unwrap();
        let own = "CHANGKE_DATABASE__ROLE_SECRET";
        let loaded = |pairs: &[(&str, &str)]| {
            let settings = load(Some(&file), environment(pairs), |_: &Settings| Vec::new());
            settings.map(|settings| settings.database.role_secret).map_err(|faults| faults.join("\n"))
        };
        assert_eq!(loaded(&[]), Ok("of the file, long enough".to_owned()));
        assert_eq!(loaded(&[(own, "of the environment")]), Ok("of the environment".to_owned()));
        let both = [(own, "of the environment"), ("CHANGKE_DATABASE__ROLE_SECRET_FILE", secret.to_str().unwrap())];
        assert!(loaded(&both).unwrap_err().contains("database.role_secret: given twice"), "{:?}", loaded(&both));

        // What is wrong with the file hides nothing of the environment, and nothing is said to be missing from it.
        std::fs::write(&file, "[database\n").unwrap();
        let faults = load(Some(&file), environment(&[("CHANGKE_DATABASE__MAX_CONNECTIONS", "many")]), check);
        let faults = faults.map(|_: Settings| ()).unwrap_err().join("\n");
        assert!(faults.contains("changke.toml") && faults.contains("max_connections"), "{faults}");
        assert!(!faults.contains("missing"), "{faults}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn lists_come_from_files_and_from_the_environment() {
        #[derive(Debug, Deserialize)]
        struct Networks {
            #[serde(deserialize_with = "list")]
            open: Vec<std::net::IpAddr>,
        }
        let loaded = |text: &str| {
            load(None, environment(&[("CHANGKE_OPEN", text)]), |_: &Networks| Vec::new()).map(|networks| networks.open)
        };
        let both: Vec<std::net::IpAddr> = vec!["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(loaded("10.0.0.1, ::1"), Ok(both.clone()));
        assert_eq!(loaded(""), Ok(Vec::new()));
        assert!(loaded("10.0.0.1,home").unwrap_err().join("\n").contains("open: home:"));

        let file = std::env::temp_dir().join(format!("changke-list-{}.toml", uuid::Uuid::now_v7()));
        std::fs::write(&file, "open = ['10.0.0.1', '::1']\n").unwrap();
        let settings: Networks = load(Some(&file), environment(&[]), |_| Vec::new()).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(settings.open, both);
    }

    #[test]
    fn a_service_with_a_database_of_its_own_needs_no_common_secret() {
        let config = DatabaseConfig {
            service_urls: [("customers".to_owned(), "postgres://a:b@c/d".to_owned())].into(),
            ..DatabaseConfig::default()
        };
        assert_eq!(config.faults_of(&["customers"]), Vec::<String>::new());
        assert_eq!(config.faults_of(&[]), Vec::<String>::new());
        assert_eq!(config.faults_of(&["customers", "reporting"]).len(), 2);
    }

    #[test]
    fn secrets_come_from_files_and_digits_can_be_text() {
        let file = std::env::temp_dir().join(format!("changke-secret-{}", uuid::Uuid::now_v7()));
        std::fs::write(&file, "12345678901234567890\n").unwrap();
        let settings: Settings = load(
            None,
            environment(&[
                ("CHANGKE_DATABASE__URL", "postgres://a:b@c/d"),
                ("CHANGKE_DATABASE__ROLE_SECRET_FILE", file.to_str().unwrap()),
                ("CHANGKE_CLUSTER__SECRET", "12345678901234567890123456789012"),
            ]),
            check,
        )
        .unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(settings.database.role_secret, "12345678901234567890");
    }
}
