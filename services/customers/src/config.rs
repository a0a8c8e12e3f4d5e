//! Settings of the service: `[customers]`.

use chrono::{FixedOffset, Offset, Utc};
use platform::config::Validate;
use serde::Deserialize;

use crate::attachment::AttachmentConfig;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where days begin, for filters by date, birthdays and quotas: minutes east of Greenwich. China is 480.
    pub utc_offset_minutes: i32,
    pub attachments: AttachmentConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self { utc_offset_minutes: 480, attachments: AttachmentConfig::default() }
    }
}

impl Config {
    pub fn zone(&self) -> FixedOffset {
        FixedOffset::east_opt(self.utc_offset_minutes.saturating_mul(60)).unwrap_or(Utc.fix())
    }
}

impl Validate for Config {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(-12 * 60..=14 * 60).contains(&self.utc_offset_minutes) {
            faults.push("customers.utc_offset_minutes: -720 to 840".into());
        }
        faults.extend(self.attachments.faults());
        faults
    }
}
