//! Codes for when app and passkey are lost. They hold 80 random bits, so a plain digest of them is enough.

use sha2::{Digest, Sha256};

use super::totp;

pub const CODES: usize = 10;

/// Ten codes such as `k3vq-7mzd-w2ta-xh5e`.
pub fn codes() -> Vec<String> {
    (0..CODES).map(|_| code(rand::random())).collect()
}

fn code(bits: [u8; 10]) -> String {
    let text = totp::encoded(&bits).to_lowercase();
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|start| &text[start..start + 4]).collect();
    groups.join("-")
}

/// Of the code as it is, whatever case and hyphens it is typed with.
pub fn digest(code: &str) -> [u8; 32] {
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Sha256::digest(bare).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_are_known_however_they_are_typed() {
        let mut codes = codes();
        assert!(codes.iter().all(|code| code.len() == 19));
        let first = codes[0].clone();
        assert_eq!(digest(&first), digest(&first.replace('-', " ").to_uppercase()));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CODES);
    }
}
