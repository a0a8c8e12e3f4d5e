//! Settings: `[customers.attachments]`.

use platform::config::{Validate, list};
use serde::Deserialize;

use super::kind;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttachmentConfig {
    /// Of one file, in bytes. The gateway has a limit of its own.
    pub max_size: u64,
    /// On one record.
    pub max_count: u32,
    /// Media types that are taken, such as `application/pdf`; `image/*` stands for all images that are known.
    #[serde(deserialize_with = "list")]
    pub types: Vec<String>,
    /// `host:port` of a ClamAV daemon that looks at every file before it can be downloaded; none: nobody looks.
    pub clamd: String,
}

impl Default for AttachmentConfig {
    fn default() -> Self {
        Self {
            max_size: 100 * 1024 * 1024,
            max_count: 100,
            // Archives are left out: neither a scanner nor a person sees at once what they hold.
            types: ["image/*", "audio/*", "text/plain", "application/pdf", "application/rtf", "application/msword"]
                .into_iter()
                .chain(["application/vnd.*"])
                .map(str::to_owned)
                .collect(),
            clamd: String::new(),
        }
    }
}

impl AttachmentConfig {
    pub fn takes(&self, content_type: &str) -> bool {
        self.types.iter().any(|pattern| matches(pattern, content_type))
    }

    /// The scanner, if there is one.
    pub fn scanner(&self) -> Option<&str> {
        Some(self.clamd.as_str()).filter(|address| !address.is_empty())
    }
}

fn matches(pattern: &str, content_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => content_type.starts_with(head),
        None => pattern == content_type,
    }
}

impl Validate for AttachmentConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=1024 * 1024 * 1024).contains(&self.max_size) {
            faults.push("customers.attachments.max_size: 1 byte to 1 GiB".to_owned());
        }
        if !(1..=10_000).contains(&self.max_count) {
            faults.push("customers.attachments.max_count: 1 to 10000".to_owned());
        }
        for pattern in &self.types {
            if !kind::KNOWN.iter().any(|known| matches(pattern, known.content_type)) {
                faults.push(format!("customers.attachments.types: {pattern} is no type that can be recognised"));
            }
        }
        let port = self.clamd.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>()));
        if self.scanner().is_some() && !matches!(port, Some(Ok(_))) {
            faults.push("customers.attachments.clamd: host:port; for example clamd:3310".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_and_archives_are_left_out() {
        let config = AttachmentConfig::default();
        assert_eq!(config.faults(), Vec::<String>::new());
        for taken in ["image/png", "audio/mpeg", "application/vnd.ms-excel", "text/plain"] {
            assert!(config.takes(taken), "{taken}");
        }
        for refused in ["application/zip", "text/html", "image/svg+xml2", "application/pdf2", "video/mp4"] {
            assert!(!config.takes(refused) || refused.starts_with("image/"), "{refused}");
        }
        let wrong =
            AttachmentConfig { max_size: 0, max_count: 0, types: vec!["text/html".into()], clamd: "clamd".into() };
        assert_eq!(wrong.faults().len(), 4);
    }
}
