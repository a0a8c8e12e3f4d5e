//! Codes of authenticator apps (RFC 6238 over RFC 4226): SHA-1, six digits, steps of thirty seconds, which is what all
//! apps understand.

use hmac::{Hmac, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use uuid::Uuid;

const STEP_SECONDS: i64 = 30;
/// Steps before and after the present one that count: clocks differ, and people type slowly.
const TOLERANCE: i64 = 1;
const ISSUER: &str = "Changke";

/// Where the key of somebody's app is sealed.
pub fn place(employee_id: Uuid) -> Vec<u8> {
    [b"totp", &employee_id.as_bytes()[..]].concat()
}

/// A key of the length that RFC 4226 recommends.
pub fn secret() -> [u8; 20] {
    rand::random()
}

/// The step of time whose code this is, later than the last one that was used; nothing for any other code.
pub fn matching_step(secret: &[u8], code: &str, now: i64, last_used: i64) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let given: u32 = digits.parse().ok()?;
    let present = now.div_euclid(STEP_SECONDS);
    (present - TOLERANCE..=present + TOLERANCE).find(|step| *step > last_used && code_at(secret, *step) == given)
}

fn code_at(secret: &[u8], step: i64) -> u32 {
    // HMAC takes keys of any length.
    let mut mac = match Hmac::<Sha1>::new_from_slice(secret) {
        Ok(mac) => mac,
        Err(error) => unreachable!("{error}"),
    };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 0xf);
    let word = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    (word & 0x7fff_ffff) % 1_000_000
}

/// In base 32 (RFC 4648) without padding.
pub fn encoded(secret: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    let (mut bits, mut held) = (0u32, 0);
    for byte in secret {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
    }
    text
}

/// What apps read from a QR code.
pub fn uri(secret: &[u8], login_name: &str) -> String {
    let login_name = utf8_percent_encode(login_name, NON_ALPHANUMERIC);
    let secret = encoded(secret);
    format!("otpauth://totp/{ISSUER}:{login_name}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six digits.
        for (time, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(matching_step(KEY, code, time, 0), Some(time / 30), "{time}");
        }
        assert_eq!(encoded(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(encoded(b"f"), "MY");
        assert!(uri(KEY, "li@x").starts_with("otpauth://totp/Changke:li%40x?secret=GEZD"));
    }

    #[test]
    fn a_code_counts_within_a_step_of_its_time_and_once() {
        let step = 59 / 30;
        assert_eq!(matching_step(KEY, "287 082", 59 + 30, 0), Some(step));
        assert_eq!(matching_step(KEY, "287082", 59 - 30, 0), Some(step));
        assert_eq!(matching_step(KEY, "287082", 59 + 61, 0), None);
        assert_eq!(matching_step(KEY, "287082", 59, step), None);
        for code in ["", "28708", "2870822", "28708a", "+87082", "２８７０８２"] {
            assert_eq!(matching_step(KEY, code, 59, 0), None, "{code}");
        }
    }
}
