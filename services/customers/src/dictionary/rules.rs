//! What a dictionary and its entries must be.

use contracts::customers::{Dictionary, DictionaryEntry};
use platform::error::{Error, Result, reason};

use crate::error::reason as own;

/// Asks for the children of no entry, that is, for those at the top.
pub const TOP: &str = "-";

pub fn check_dictionary(dictionary: &Dictionary) -> Result<()> {
    if dictionary.name_zh.is_empty() {
        return Err(Error::invalid("dictionary.name_zh", &reason::VALUE_REQUIRED));
    }
    Ok(())
}

/// `parent_exists` tells of the entry that `parent_code` names.
pub fn check_entry(entry: &DictionaryEntry, tree: bool, parent_exists: bool) -> Result<()> {
    if entry.name_zh.is_empty() {
        return Err(Error::invalid("entry.name_zh", &reason::VALUE_REQUIRED));
    }
    // The sign for the top can't be the name of an entry.
    if entry.code == TOP {
        return Err(Error::invalid("entry.code", &reason::VALUE_INVALID));
    }
    if entry.parent_code.is_empty() {
        return Ok(());
    }
    if !tree {
        return Err(Error::invalid("entry.parent_code", &own::DICTIONARY_NOT_A_TREE));
    }
    if !parent_exists {
        return Err(Error::invalid("entry.parent_code", &own::PARENT_UNKNOWN));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_entry(code: &str, parent_code: &str) -> DictionaryEntry {
        DictionaryEntry {
            code: code.into(),
            name_zh: "浙江省".into(),
            parent_code: parent_code.into(),
            ..Default::default()
        }
    }

    fn fault(entry: &DictionaryEntry, tree: bool, parent_exists: bool) -> Option<(String, &'static str)> {
        let error = check_entry(entry, tree, parent_exists).err()?;
        let violation = &error.violations()[0];
        Some((violation.field.clone(), violation.reason.id))
    }

    #[test]
    fn a_parent_exists_and_only_in_a_tree() {
        assert_eq!(fault(&an_entry("33", ""), false, false), None);
        assert_eq!(fault(&an_entry("3301", "33"), true, true), None);
        let parent = |reason| Some(("entry.parent_code".to_owned(), reason));
        assert_eq!(fault(&an_entry("3301", "33"), true, false), parent("PARENT_UNKNOWN"));
        assert_eq!(fault(&an_entry("3301", "33"), false, true), parent("DICTIONARY_NOT_A_TREE"));
        assert_eq!(fault(&an_entry("-", ""), true, false), Some(("entry.code".into(), "VALUE_INVALID")));
        let nameless = DictionaryEntry { name_zh: String::new(), ..an_entry("33", "") };
        assert_eq!(fault(&nameless, true, false), Some(("entry.name_zh".into(), "VALUE_REQUIRED")));
    }
}
