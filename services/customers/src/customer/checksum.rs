//! The numbers by which the state knows persons and organisations, as far as they can be checked by themselves.

use unicode_normalization::UnicodeNormalization;

/// Half-width, upper case, without spaces.
pub fn normalize(number: &str) -> String {
    number.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Resident identity card, GB 11643: seventeen digits and a check digit by ISO 7064 MOD 11-2.
pub fn resident_identity(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    CHECK[(sum % 11) as usize] == bytes[17]
}

/// Unified social credit code, GB 32100: eighteen of 31 characters, the last a check character modulo 31.
pub fn unified_social_credit(number: &str) -> bool {
    const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Vec<usize> =
        number.bytes().filter_map(|byte| CHARACTERS.iter().position(|known| *known == byte)).collect();
    if number.len() != 18 || values.len() != 18 {
        return false;
    }
    // Weights are the powers of 3 modulo 31.
    let (sum, _) = values[..17].iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
    (31 - sum % 31) % 31 == values[17]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_cards_are_told_from_typing_errors() {
        assert!(resident_identity("11010519491231002X"));
        assert!(resident_identity(&normalize(" 11010519491231002ｘ ")));
        assert!(!resident_identity("110105194912310021"));
        assert!(!resident_identity("1101051949123100X2"));
        assert!(!resident_identity("11010519491231002"));
    }

    #[test]
    fn credit_codes_are_told_from_typing_errors() {
        // Of well-known companies, published in the national register.
        assert!(unified_social_credit("914403001922038216"));
        assert!(unified_social_credit("9144030071526726XG"));
        assert!(!unified_social_credit("914403001922038217"));
        assert!(!unified_social_credit("91440300I922038216"));
        assert!(!unified_social_credit("9144030019220382"));
    }
}
