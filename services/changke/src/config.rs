//! All settings of the product, from one file and the environment.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use platform::blob::BlobConfig;
use platform::config::{ClusterConfig, DatabaseConfig, NatsConfig, Validate};
use platform::telemetry::TelemetryConfig;
use serde::Deserialize;

use crate::Selection;

/// Names without a section that are no slip: the command line's own, and those of the scripts around us.
const FOREIGN: &[&str] = &["CHANGKE_CONFIG", "CHANGKE_DEMO_", "CHANGKE_TEST_"];

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub database: DatabaseConfig,
    pub nats: NatsConfig,
    pub cluster: ClusterConfig,
    pub blob: BlobConfig,
    pub telemetry: TelemetryConfig,
    pub gateway: gateway::Config,
    pub identity: identity::Config,
    pub customers: customers::Config,
    pub reporting: reporting::Config,
}

impl Config {
    /// From the file, if any, and `CHANGKE_…` variables; or everything that is wrong with what these parts need of them.
    pub fn load(file: Option<&Path>, parts: &Selection) -> Result<Self, Vec<String>> {
        let (environment, mut faults) = ours(std::env::vars_os());
        let loaded = platform::config::load(file, environment, |config: &Self| config.faults(parts));
        match loaded {
            Ok(config) if faults.is_empty() => Ok(config),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    fn faults(&self, parts: &Selection) -> Vec<String> {
        let mut faults = [self.cluster.faults(), self.telemetry.faults()].concat();
        if parts.gateway {
            faults.extend(self.gateway.faults());
        }
        if !parts.services.is_empty() {
            faults.extend(self.database.faults_of(&parts.services));
            faults.extend(self.nats.faults());
            faults.extend(self.blob.faults());
        }
        for service in &parts.services {
            faults.extend(match *service {
                identity::NAME => self.identity.faults(),
                customers::NAME => self.customers.faults(),
                _ => self.reporting.faults(),
            });
        }
        faults
    }
}

/// The settings among the variables, which lie in sections; and what looks like one but is none.
fn ours(variables: impl Iterator<Item = (OsString, OsString)>) -> (HashMap<String, String>, Vec<String>) {
    let (mut settings, mut faults) = (HashMap::new(), Vec::new());
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with("CHANGKE_") || is_foreign(&name) {
            continue;
        }
        match value.into_string() {
            _ if !name.contains("__") => {
                faults.push(format!("{name}: no setting; they are named CHANGKE_SECTION__KEY, with two underscores"));
            }
            Ok(value) => _ = settings.insert(name, value),
            Err(_) => faults.push(format!("{name}: is not UTF-8")),
        }
    }
    faults.sort();
    (settings, faults)
}

fn is_foreign(name: &str) -> bool {
    FOREIGN.iter().any(|known| if known.ends_with('_') { name.starts_with(known) } else { name == *known })
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_name_that_misses_its_section_is_a_fault() {
        let text = |text: &str| OsString::from(text);
        let (settings, faults) = ours(
            [
                (text("CHANGKE_NATS__URL"), text("nats://n")),
                (text("CHANGKE_DATABASE_URL"), text("postgres://d")),
                (text("CHANGKE_CLUSTER__SECRET"), OsString::from_vec(vec![0xff])),
                (text("CHANGKE_CONFIG"), text("file")),
                (text("CHANGKE_CONFIGURATION"), text("file")),
                (text("CHANGKE_TEST_NATS_URL"), text("nats://n")),
                (text("CHANGKE_DEMO_PORT"), text("8080")),
                (text("LANG"), text("C")),
            ]
            .into_iter(),
        );
        assert_eq!(settings.into_iter().collect::<Vec<_>>(), [("CHANGKE_NATS__URL".to_owned(), "nats://n".to_owned())]);
        let named: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
        assert_eq!(named, ["CHANGKE_CLUSTER__SECRET", "CHANGKE_CONFIGURATION", "CHANGKE_DATABASE_URL"]);
    }
}
