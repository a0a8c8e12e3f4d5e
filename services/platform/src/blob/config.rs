//! Settings: `[blob]`.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use crate::config::Validate;

/// Where files are kept. Neither: nothing can be attached.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobConfig {
    /// A directory on a local disk, or on one that all processes of the installation share.
    pub directory: Option<PathBuf>,
    pub s3: Option<S3Config>,
}

/// A bucket of Amazon S3 or of what speaks like it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// Such as `https://s3.cn-north-1.amazonaws.com.cn`.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    /// The bucket stands in the path rather than in the name of the host.
    pub path_style: bool,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl S3Config {
    pub(super) fn url(&self) -> Option<Url> {
        let url = Url::parse(&self.endpoint).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }
}

impl Validate for BlobConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.directory.as_ref().is_some_and(|directory| !directory.is_absolute()) {
            faults.push("blob.directory: an absolute path".to_owned());
        }
        let Some(s3) = &self.s3 else { return faults };
        if self.directory.is_some() {
            faults.push("blob.directory, blob.s3: one of the two".to_owned());
        }
        if s3.url().is_none() {
            faults.push("blob.s3.endpoint: a URL; for example https://s3.eu-central-1.amazonaws.com".to_owned());
        }
        for (name, value) in [
            ("region", &s3.region),
            ("bucket", &s3.bucket),
            ("access_key_id", &s3.access_key_id),
            ("secret_access_key", &s3.secret_access_key),
        ] {
            if value.is_empty() {
                faults.push(format!("blob.s3.{name}: missing"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Blobs;

    #[test]
    fn every_fault_is_told_at_once() {
        let both = BlobConfig { directory: Some("files".into()), s3: Some(S3Config::default()) };
        let faults = both.faults().join("\n");
        for part in ["absolute", "one of the two", "endpoint", "region", "bucket", "access_key_id", "secret_access_key"]
        {
            assert!(faults.contains(part), "{part} is missing in:\n{faults}");
        }
        assert_eq!(BlobConfig::default().faults(), Vec::<String>::new());
        let unwritable = BlobConfig { directory: Some("/proc/files".into()), s3: None };
        assert!(Blobs::new(&unwritable, "customers").is_err());
        let good = S3Config {
            endpoint: "https://s3.example.com".into(),
            region: "local".into(),
            bucket: "changke".into(),
            access_key_id: "id".into(),
            secret_access_key: "secret".into(),
            path_style: true,
        };
        assert_eq!(BlobConfig { directory: None, s3: Some(good) }.faults(), Vec::<String>::new());
    }
}
