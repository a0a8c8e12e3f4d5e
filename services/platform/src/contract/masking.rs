//! How a value of each kind of personal data looks to a caller who may see that it is there, not what it is.
//! Pure, so that custom fields, timelines and exports mask alike.

use contracts::options::PersonalData;

/// Replaces the telling part of a value by asterisks. A value too short to keep any of it is replaced whole.
pub fn mask_text(kind: PersonalData, text: &str) -> String {
    match kind {
        PersonalData::Unspecified => text.to_owned(),
        PersonalData::Phone => keep(text, 3, 4, 11),
        PersonalData::IdNumber => keep(text, 3, 4, 11),
        PersonalData::BankAccount => keep(text, 0, 4, 8),
        PersonalData::Address => keep(text, 6, 0, 8),
        PersonalData::Email => email(text),
    }
}

/// Keeps so many characters at the head and at the tail when the text has at least `length`; of a shorter one,
/// proportionally fewer, so that more than half of it is always covered.
fn keep(text: &str, head: usize, tail: usize, length: usize) -> String {
    let count = text.chars().count();
    if count == 0 {
        return String::new();
    }
    let (head, tail) = match count {
        _ if count >= length => (head, tail),
        _ => (head.min(count / 4), tail.min(count / 4)),
    };
    let mut masked = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        masked.push(if index < head || index >= count - tail { character } else { '*' });
    }
    masked
}

/// `z***@example.com`: the host stays, the length of the name doesn't show.
fn email(text: &str) -> String {
    let Some((name, host)) = text.rsplit_once('@') else {
        return keep(text, 1, 0, 8);
    };
    let mut masked = String::with_capacity(host.len() + 6);
    if name.chars().count() > 1 {
        masked.extend(name.chars().next());
    }
    masked.push_str("***@");
    masked.push_str(host);
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_keeps_what_people_recognise_it_by() {
        let masked = |kind, text| mask_text(kind, text);
        assert_eq!(masked(PersonalData::Phone, "13812345678"), "138****5678");
        assert_eq!(masked(PersonalData::Phone, "+8613812345678"), "+86*******5678");
        assert_eq!(masked(PersonalData::Email, "zhangsan@example.com"), "z***@example.com");
        assert_eq!(masked(PersonalData::Email, "z@example.com"), "***@example.com");
        assert_eq!(masked(PersonalData::IdNumber, "11010519491231002X"), "110***********002X");
        assert_eq!(masked(PersonalData::Address, "杭州市西湖区文三路 100 号"), "杭州市西湖区*********");
        assert_eq!(masked(PersonalData::BankAccount, "6222020200112233445"), "***************3445");
        assert_eq!(masked(PersonalData::Phone, "110"), "***");
        assert_eq!(masked(PersonalData::Phone, ""), "");
        assert_eq!(masked(PersonalData::Unspecified, "13812345678"), "13812345678");
    }

    fn covered() -> impl Strategy<Value = PersonalData> {
        proptest::sample::select(vec![
            PersonalData::Phone,
            PersonalData::IdNumber,
            PersonalData::Address,
            PersonalData::BankAccount,
        ])
    }

    proptest! {
        #[test]
        fn a_good_part_is_always_covered(kind in covered(), text in "[0-9a-z张三李四 -]{1,60}") {
            let count = text.chars().count();
            let shown = mask_text(kind, &text).chars().filter(|character| *character != '*').count();
            prop_assert!(shown <= 7);
            prop_assert!(shown * 4 <= count * 3, "{shown} of {count} show");
        }

        #[test]
        fn of_an_email_name_at_most_one_character_shows(name in "[a-z.]{1,40}", host in "[a-z]{1,10}\\.com") {
            let masked = mask_text(PersonalData::Email, &format!("{name}@{host}"));
            let (shown, kept) = masked.split_once('@').unwrap();
            prop_assert!(shown.len() <= 4);
            prop_assert!(shown.ends_with("***"));
            prop_assert_eq!(kept, host);
        }
    }
}
