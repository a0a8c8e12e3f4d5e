//! Keyset pages: a token holds the order's values of the last row, bound to the request that it continues.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, reason};

/// How many rows a page holds.
pub fn size(asked: i32, default: i32) -> i64 {
    i64::from(if asked <= 0 { default } else { asked })
}

/// Six bytes that stand for the request without its page fields: a token only continues the request it came from.
fn binding(parts: &[&str]) -> [u8; 6] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    std::array::from_fn(|index| digest[index])
}

/// The token behind a row with these order values. `request` are the parts of the request that decide the order and the
/// selection.
pub fn encode<K: Serialize>(request: &[&str], key: &K) -> Result<String> {
    let mut bytes = binding(request).to_vec();
    serde_json::to_writer(&mut bytes, key).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The order values that a token holds; `None` for the first page.
pub fn decode<K: DeserializeOwned>(request: &[&str], token: &str) -> Result<Option<K>> {
    if token.is_empty() {
        return Ok(None);
    }
    let refused = || Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID);
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let Some((bound, key)) = bytes.split_at_checked(6) else { return Err(refused()) };
    if bound != binding(request) {
        return Err(refused());
    }
    serde_json::from_slice(key).map(Some).map_err(|_| refused())
}

/// A time of a token, which must be one that the database knows.
pub fn known_time(time: DateTime<Utc>) -> Result<()> {
    let known = DateTime::UNIX_EPOCH..=DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::UNIX_EPOCH);
    if known.contains(&time) { Ok(()) } else { Err(Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID)) }
}

/// Cuts the row that only tells that there are more, and makes the token of the next page.
pub fn cut<T, K: Serialize>(
    rows: &mut Vec<T>,
    size: i64,
    request: &[&str],
    key: impl FnOnce(&T) -> K,
) -> Result<String> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return Ok(String::new());
    }
    rows.truncate(size);
    match rows.last() {
        Some(last) => encode(request, &key(last)),
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_continues_its_own_request_alone() {
        let mut rows: Vec<u32> = (0..11).collect();
        let token = cut(&mut rows, 10, &["customers", "level = 1"], |row| *row).unwrap();
        assert_eq!(rows.len(), 10);
        assert_eq!(decode::<u32>(&["customers", "level = 1"], &token).unwrap(), Some(9));
        for request in [["customers", "level = 2"], ["customerslevel", " = 1"]] {
            assert!(decode::<u32>(&request, &token).is_err());
        }
        for token in ["%", "AAAA", "AAAAAAAAAA"] {
            assert!(decode::<u32>(&["customers", "level = 1"], token).is_err());
        }
        assert_eq!(cut(&mut rows, 10, &[], |row| *row).unwrap(), "");
    }
}
