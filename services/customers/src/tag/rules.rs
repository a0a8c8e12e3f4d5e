//! Which codes are tags, and what a rule may ask about.

use platform::error::{Reason, Violation};

use crate::dictionary::cache::Dictionaries;
use crate::error::reason;

pub const DICTIONARY: &str = "tag";
pub const MUTABLE: [&str; 1] = ["filter"];

/// Why a code can't be put on anything, if so; `held` ones that are retired can still be taken off.
pub fn fault(dictionaries: &Dictionaries, tag: &str, held: bool) -> Option<&'static Reason> {
    match dictionaries.contains(DICTIONARY, tag) {
        None => Some(&reason::TAG_UNKNOWN),
        Some(entry) if entry.retired && !held => Some(&reason::TAG_RETIRED),
        Some(_) if dictionaries.has_children(DICTIONARY, tag) => Some(&reason::TAG_IS_GROUP),
        Some(_) => None,
    }
}

/// What is wrong with tags to be put on and to be taken off; `ruled` are those that rules give.
pub fn check(dictionaries: &Dictionaries, add: &[String], remove: &[String], ruled: &[String]) -> Vec<Violation> {
    let mut faults = Vec::new();
    for (place, tags, held) in [("add_tags", add, false), ("remove_tags", remove, true)] {
        for (index, tag) in tags.iter().enumerate() {
            let found = match () {
                () if ruled.contains(tag) => Some(&reason::TAG_BY_RULE),
                () if !held && remove.contains(tag) => Some(&reason::TAG_TWICE),
                // What has gone from the dictionary can be taken off all the same.
                () if held => None,
                () => fault(dictionaries, tag, held),
            };
            let args = || vec![("tag", tag.clone())];
            faults.extend(found.map(|reason| Violation { field: format!("{place}[{index}]"), reason, args: args() }));
        }
    }
    faults
}

/// Fields that a rule must not ask about: it changes them, and the answer would never settle.
pub fn is_barred(field: &str) -> bool {
    ["tags", "update_time", "update_user_id"].contains(&field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::cache::Entry;

    #[test]
    fn tags_are_the_leaves_in_use_that_no_rule_gives() {
        let entry = |code: &str, parent: &str, retired| Entry {
            code: code.into(),
            name_zh: code.into(),
            name_en: String::new(),
            parent_code: parent.into(),
            retired,
        };
        let entries = vec![entry("hobby", "", false), entry("golf", "hobby", false), entry("fax", "", true)];
        let dictionaries = Dictionaries::new([(DICTIONARY.to_owned(), true, entries)]);
        let texts = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let add = texts(&["golf", "hobby", "fax", "none", "quiet", "both"]);
        let faults = check(&dictionaries, &add, &texts(&["fax", "quiet", "both"]), &texts(&["quiet"]));
        let found: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.reason.id)).collect();
        let expected = [
            ("add_tags[1]", "TAG_IS_GROUP"),
            ("add_tags[2]", "TAG_TWICE"),
            ("add_tags[3]", "TAG_UNKNOWN"),
            ("add_tags[4]", "TAG_BY_RULE"),
            ("add_tags[5]", "TAG_TWICE"),
            ("remove_tags[1]", "TAG_BY_RULE"),
        ];
        assert_eq!(found, expected);
        assert_eq!(fault(&dictionaries, "fax", false).map(|reason| reason.id), Some("TAG_RETIRED"));
        assert!(fault(&dictionaries, "fax", true).is_none() && fault(&dictionaries, "golf", false).is_none());
    }
}
