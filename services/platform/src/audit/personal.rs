//! Personal data in the before and after of audit entries look as the reader's role lets them.

use contracts::options::{PersonalData, Visibility};

use crate::contract::masking::mask_text;
use crate::contract::{ALL_KINDS, Contract};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    None,
    Of(PersonalData),
    /// Nobody can say what the field held.
    Unknown,
    /// Of a field that does not exist for the reader: the change is left out.
    Withheld,
}

impl Kind {
    /// A text of this kind as a reader sees it.
    pub fn seen(self, text: String, visibility: impl Fn(PersonalData) -> Visibility) -> String {
        match self {
            Self::None => text,
            Self::Unknown | Self::Withheld => String::new(),
            Self::Of(kind) => match visibility(kind) {
                Visibility::Clear => text,
                Visibility::Hidden => String::new(),
                _ => mask_text(kind, &text),
            },
        }
    }
}

/// The kind of a record's field, as the contract of the service says.
pub fn kind_of(service: &str, record_kind: &str, path: &str) -> Kind {
    let head = path.split(['.', '[']).next().unwrap_or(path);
    let contract = Contract::get();
    let message = contract.message_named(&format!("changke.{service}.v1.{}", camel(record_kind)));
    let field = message.and_then(|id| contract.message(id).fields.iter().find(|field| field.name == head));
    // Not a field of the record: a word of the audit trail's own, such as a reason.
    let Some(field) = field else { return Kind::None };
    let below = field.message().and_then(|id| {
        let kinds = contract.message(id).fields.iter().map(|field| field.personal_data);
        kinds.into_iter().find(|kind| *kind != PersonalData::Unspecified)
    });
    match (field.personal_data, below) {
        (PersonalData::Unspecified, None) => Kind::None,
        (PersonalData::Unspecified, Some(kind)) => Kind::Of(kind),
        (kind, _) => Kind::Of(kind),
    }
}

fn camel(name: &str) -> String {
    let words = name.split('_').filter_map(|word| word.split_at_checked(1));
    words.flat_map(|(first, rest)| [first.to_ascii_uppercase(), rest.to_owned()]).collect()
}

/// A filter that somebody used may quote what the reader sees masked: then its texts are left out.
pub fn seen_filter(filter: &str, visibility: impl Fn(PersonalData) -> Visibility) -> String {
    if ALL_KINDS.into_iter().all(|kind| visibility(kind) == Visibility::Clear) {
        return filter.to_owned();
    }
    let mut seen = String::with_capacity(filter.len());
    let mut characters = filter.chars();
    while let Some(character) = characters.next() {
        seen.push(character);
        if !matches!(character, '"' | '\'') {
            continue;
        }
        seen.push_str("***");
        while let Some(quoted) = characters.next() {
            match quoted {
                '\\' => drop(characters.next()),
                end if end == character => break,
                _ => {}
            }
        }
        seen.push(character);
    }
    // What stands without quotes can be a number as well.
    seen.split(' ').map(|word| if is_number(word) { "***" } else { word }).collect::<Vec<_>>().join(" ")
}

fn is_number(word: &str) -> bool {
    word.chars().filter(char::is_ascii_digit).count() > 4 && !word.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_says_what_is_personal() {
        assert_eq!(kind_of("customers", "customer", "phone"), Kind::Of(PersonalData::Phone));
        assert_eq!(kind_of("customers", "customer", "addresses[0].street"), Kind::Of(PersonalData::Address));
        assert_eq!(kind_of("customers", "customer", "name"), Kind::None);
        assert_eq!(kind_of("customers", "contact", "email"), Kind::Of(PersonalData::Email));
        assert_eq!(kind_of("identity", "employee", "phone"), Kind::Of(PersonalData::Phone));
        assert_eq!(kind_of("customers", "no_such_thing", "phone"), Kind::None);
        assert_eq!(camel("dictionary_entry"), "DictionaryEntry");
    }

    #[test]
    fn a_filter_quotes_nothing_to_who_sees_masked() {
        let filter = r#"phone = "138\"12345678" AND level = 'vip' AND phone : 13812345678 AND time > 2026-01-01"#;
        assert_eq!(
            seen_filter(filter, |_| Visibility::Masked),
            r#"phone = "***" AND level = '***' AND phone : *** AND time > 2026-01-01"#
        );
        assert_eq!(seen_filter(filter, |_| Visibility::Clear), filter);
        assert_eq!(seen_filter("phone = \"138", |_| Visibility::Hidden), "phone = \"***\"");
    }
}
