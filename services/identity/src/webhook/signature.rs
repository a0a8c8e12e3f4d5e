//! Secrets and signatures as Standard Webhooks has them: `whsec_` and Base64; `v1,` and the Base64 of HMAC-SHA256 over
//! id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const LENGTH: usize = 32;

pub fn generate() -> Vec<u8> {
    rand::random::<[u8; LENGTH]>().to_vec()
}

pub fn text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// One signature by each secret, with spaces between.
pub fn sign(secrets: &[Vec<u8>], webhook_id: &str, timestamp: i64, body: &str) -> String {
    let signature = |secret: &Vec<u8>| {
        // HMAC takes keys of any length.
        let mut mac = match Hmac::<Sha256>::new_from_slice(secret) {
            Ok(mac) => mac,
            Err(error) => unreachable!("{error}"),
        };
        mac.update(format!("{webhook_id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The example of the reference implementations.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sign = |secrets: &[Vec<u8>]| {
            sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#)
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(std::slice::from_ref(&secret)), expected);
        let both = sign(&[generate(), secret.clone()]);
        assert!(both.ends_with(expected) && both.len() == 2 * expected.len() + 1);
        assert_eq!(text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
