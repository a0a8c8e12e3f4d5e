//! The one form in which names, numbers and phones are compared, whatever way they were typed.

use unicode_normalization::UnicodeNormalization;

/// NFKC (which makes full-width half-width), lower case, without white space.
pub fn normalize(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace() && !c.is_control()).collect()
}

/// The digits that a phone is dialled by within China: no +86 or 0086, no separators, no extension.
pub fn phone_digits(phone: &str) -> String {
    let phone: String = phone.nfkc().flat_map(char::to_lowercase).collect();
    let phone = phone.trim();
    // What follows is an extension or a second phone.
    let end = phone.find(['转', '分', 'x', 'e', '#', '/', ',', ';', '、']).unwrap_or(phone.len());
    let mut digits: String = phone[..end].chars().filter(char::is_ascii_digit).collect();
    let international = ["0086", "86"].into_iter().find_map(|prefix| {
        let rest = digits.strip_prefix(prefix)?;
        let marked = prefix == "0086" || phone.starts_with('+') || phone.starts_with("(+");
        (is_mobile(rest) || (marked && rest.len() >= 8)).then(|| rest.to_owned())
    });
    if let Some(national) = international {
        // Abroad the trunk prefix of a landline is left out.
        let landline = !is_mobile(&national) && !national.starts_with('0') && (10..=11).contains(&national.len());
        let service = national.starts_with("400") || national.starts_with("800");
        digits = if landline && !service { format!("0{national}") } else { national };
    }
    digits
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1') && matches!(digits.as_bytes()[1], b'3'..=b'9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_typed_differently_are_one() {
        assert_eq!(normalize("ＡＢＣ　公司 "), "abc公司");
        assert_eq!(normalize("Zhang San"), "zhangsan");
        assert_eq!(normalize("㈱"), "(株)");
        assert_eq!(normalize(" \t\u{3000}"), "");
    }

    #[test]
    fn phones_are_their_digits_within_china() {
        for typed in [
            "13800138000",
            "138-0013-8000",
            "+86 138 0013 8000",
            "(+86)13800138000",
            "0086-13800138000",
            "8613800138000",
            "１３８００１３８０００",
        ] {
            assert_eq!(phone_digits(typed), "13800138000", "{typed}");
        }
        for typed in [
            "0571-8888 6666",
            "+86 571 8888 6666",
            "+86 0571 88886666",
            "0571-88886666转801",
            "057188886666 ext. 12",
            "0571-88886666#3",
        ] {
            assert_eq!(phone_digits(typed), "057188886666", "{typed}");
        }
        assert_eq!(phone_digits("+86 400-812-3123"), "4008123123");
        assert_eq!(phone_digits("400-812-3123"), "4008123123");
        // Not a prefix but the number itself.
        assert_eq!(phone_digits("8612345"), "8612345");
        assert_eq!(phone_digits("+1 650 253 0000"), "16502530000");
        assert_eq!(phone_digits("电话"), "");
    }
}
