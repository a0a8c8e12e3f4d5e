//! All settings of the product, from one file and the environment.

use std::path::Path;

use platform::blob::BlobConfig;
use platform::config::{ClusterConfig, DatabaseConfig, NatsConfig, Validate};
use platform::telemetry::TelemetryConfig;
use serde::Deserialize;

use crate::Selection;

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
        // Settings lie in sections; names without one belong to the command line and to scripts.
        let environment = std::env::vars().filter(|(name, _)| name.contains("__")).collect();
        platform::config::load(file, environment, |config: &Self| config.faults(parts))
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
