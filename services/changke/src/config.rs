//! All settings of the product, from one file and the environment.

use std::path::Path;

use platform::config::{ClusterConfig, DatabaseConfig, NatsConfig, Validate};
use platform::telemetry::TelemetryConfig;
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub database: DatabaseConfig,
    pub nats: NatsConfig,
    pub cluster: ClusterConfig,
    pub telemetry: TelemetryConfig,
    pub gateway: gateway::Config,
    pub identity: identity::Config,
    pub customers: customers::Config,
    pub reporting: reporting::Config,
}

impl Config {
    /// From the file, if any, and `CHANGKE_…` variables; or everything that is wrong with them.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<String>> {
        // Settings lie in sections; names without one belong to the command line and to scripts.
        let environment = std::env::vars().filter(|(name, _)| name.contains("__")).collect();
        platform::config::load(file, environment)
    }
}

impl Validate for Config {
    fn faults(&self) -> Vec<String> {
        [
            self.database.faults(),
            self.nats.faults(),
            self.cluster.faults(),
            self.telemetry.faults(),
            self.gateway.faults(),
            self.identity.faults(),
            self.customers.faults(),
            self.reporting.faults(),
        ]
        .concat()
    }
}
