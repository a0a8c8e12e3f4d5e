//! The one form in which names, numbers and phones are compared, whatever way they were typed.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::pinyin::is_han;

/// NFKC (which makes full-width half-width), lower case, simplified, without white space.
pub fn normalize(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace() && !c.is_control()).map(simplified).collect()
}

/// The unified ideographs that have simplified forms.
const HAN: std::ops::Range<u32> = 0x3400..0xa000;

/// One by one, without a look at the neighbours: part of a name must be written as it is within the whole.
fn simplified(character: char) -> char {
    static FORMS: LazyLock<Box<[char]>> = LazyLock::new(|| {
        let simple = |c: char| fast2s::convert(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c);
        HAN.filter_map(char::from_u32).map(simple).collect()
    });
    match HAN.contains(&(character as u32)) {
        true => FORMS[(character as u32 - HAN.start) as usize],
        false => character,
    }
}

/// The words in letters of a name that are long enough to hold a typing error.
pub fn words(text: &str) -> Vec<String> {
    let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let spelt = |c: char| c.is_alphabetic() && !is_han(c);
    let long = |word: &&str| (4..=24).contains(&word.chars().count());
    text.split(|c| !spelt(c)).filter(long).take(WORDS).map(str::to_owned).collect()
}

/// More words of one name are not looked at for typing errors.
const WORDS: usize = 6;

/// The word, and what is left of it without one of its letters. Two words that share one of these differ by a letter that
/// is wrong, missing, too many or in its neighbour's place.
pub fn spellings(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let without =
        |place: usize| letters.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, letter)| letter).collect();
    let mut spellings: Vec<String> = std::iter::once(word.to_owned()).chain((0..letters.len()).map(without)).collect();
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

/// What companies of the same name may differ in, as it is written at the end; longer ones first.
const LEGAL_FORMS: [&str; 9] =
    ["股份有限公司", "有限责任公司", "集团有限公司", "控股有限公司", "有限公司", "集团公司", "总公司", "公司", "集团"];
const LEGAL_WORDS: [&str; 13] =
    ["co", "ltd", "limited", "inc", "corp", "corporation", "company", "llc", "plc", "gmbh", "ag", "sa", "group"];

/// The words that tell one company from another.
pub fn words_but_legal_forms(name: &str) -> Vec<String> {
    let mut words = words(name);
    words.retain(|word| !LEGAL_WORDS.contains(&word.as_str()));
    words
}

/// The name of a company without its legal form, normalised; `None` where there is none or too little is left.
pub fn without_legal_form(name: &str) -> Option<String> {
    let whole: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let mut rest = whole.trim();
    let mut found = false;
    loop {
        rest = rest.trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
        let word = rest.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let Some(before) = rest.strip_suffix(word).filter(|_| LEGAL_WORDS.contains(&word)) else { break };
        (rest, found) = (before, true);
    }
    let mut rest = normalize(rest);
    if let Some(form) = LEGAL_FORMS.iter().find(|form| rest.ends_with(*form)) {
        rest.truncate(rest.len() - form.len());
        found = true;
    }
    (found && rest.chars().count() >= 2).then_some(rest)
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
        assert_eq!(normalize("張三豐貿易"), "张三丰贸易");
        assert_eq!(normalize("臺灣"), normalize("台湾"));
    }

    #[test]
    fn a_part_of_a_name_is_written_as_within_the_whole() {
        let name = "乾隆著作覆蓋後裏麵瞭解計畫書畫徵信";
        let whole: Vec<char> = normalize(name).chars().collect();
        for (place, character) in name.chars().enumerate() {
            assert_eq!(normalize(&character.to_string()), whole[place].to_string());
        }
    }

    #[test]
    fn a_word_shares_a_spelling_with_what_is_one_slip_away() {
        let near = |one: &str, other: &str| spellings(one).iter().any(|spelling| spellings(other).contains(spelling));
        for typed in ["siemens", "seimens", "simens", "siemenss", "siemans", "iemens"] {
            assert!(near("siemens", typed), "{typed}");
        }
        for typed in ["simons", "nemesis", "seimen"] {
            assert!(!near("siemens", typed), "{typed}");
        }
        assert_eq!(words("Siemens (中国) Ltd. AG, Élan"), ["siemens", "élan"]);
    }

    #[test]
    fn a_company_is_known_without_its_legal_form() {
        for (name, rest) in [
            ("杭州华星有限公司", Some("杭州华星")),
            ("杭州華星股份有限公司", Some("杭州华星")),
            ("杭州华星有限责任公司", Some("杭州华星")),
            ("Acme Trading Co., Ltd.", Some("acmetrading")),
            ("Acme Trading Limited", Some("acmetrading")),
            ("Tesco", None),
            ("星公司", None),
            ("有限公司", None),
            ("Co., Ltd.", None),
            ("张三", None),
        ] {
            assert_eq!(without_legal_form(name).as_deref(), rest, "{name}");
        }
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
