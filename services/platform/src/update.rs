//! Update masks and etags, the two things that every update carries.

use prost_types::FieldMask;

use crate::error::{Error, Result, reason};

/// The etag of a revision.
pub fn etag(revision: i64) -> String {
    format!("{revision:x}")
}

/// The revision that an etag stands for; a missing one is INVALID_ARGUMENT at `field`, a foreign one ABORTED.
pub fn revision(field: &str, etag: &str) -> Result<i64> {
    if etag.is_empty() {
        return Err(Error::invalid(field, &reason::ETAG_REQUIRED));
    }
    i64::from_str_radix(etag, 16).map_err(|_| Error::stale_etag())
}

/// The paths of a mask, each one of `known` or below one that ends in `.*`.
pub fn paths<'m>(mask: Option<&'m FieldMask>, known: &[&str]) -> Result<Vec<&'m str>> {
    let mut paths: Vec<&str> = mask.map(|mask| mask.paths.iter().map(String::as_str).collect()).unwrap_or_default();
    paths.sort_unstable();
    paths.dedup();
    if paths.is_empty() {
        return Err(Error::invalid("update_mask", &reason::MASK_EMPTY));
    }
    for path in &paths {
        let fits = known.iter().any(|known| match known.strip_suffix(".*") {
            Some(parent) => path.strip_prefix(parent).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')),
            None => known == path,
        });
        if !fits {
            return Err(Error::invalid("update_mask", &reason::MASK_PATH_UNKNOWN).arg("path", path));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_names_known_fields_once() {
        let mask = FieldMask { paths: ["name", "custom.a", "name"].map(String::from).to_vec() };
        assert_eq!(paths(Some(&mask), &["name", "custom.*"]).unwrap(), ["custom.a", "name"]);
        assert!(paths(Some(&mask), &["name"]).is_err());
        assert!(paths(None, &["name"]).is_err());
        assert_eq!(revision("etag", &etag(77)).unwrap(), 77);
    }
}
