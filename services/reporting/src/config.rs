//! Settings of the service: none yet beyond the platform's.

use platform::config::Validate;
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Validate for Config {
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}
