//! Codes by what people call them: by the code itself or by its name in either language; divisions by path or short name.

use std::collections::HashMap;

use crate::dictionary::cache::Dictionaries;
use crate::search::text::normalize;

use super::region;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Code(String),
    /// Several codes, by their full names.
    Several(Vec<String>),
    Nothing,
}

/// The names of one dictionary.
#[derive(Debug, Default)]
pub struct Names {
    codes: HashMap<String, String>,
    names: HashMap<String, Vec<String>>,
    tree: Option<region::Tree>,
}

impl Names {
    pub fn of(dictionaries: &Dictionaries, dictionary: &str) -> Self {
        let mut names = Self::default();
        for entry in dictionaries.entries(dictionary) {
            names.codes.insert(normalize(&entry.code), entry.code.clone());
            for name in [&entry.name_zh, &entry.name_en] {
                let name = normalize(name);
                let known = names.names.entry(name).or_default();
                if !known.contains(&entry.code) {
                    known.push(entry.code.clone());
                }
            }
        }
        names.names.remove("");
        if dictionaries.is_tree(dictionary) {
            names.tree = Some(region::Tree::of(dictionaries, dictionary));
        }
        names
    }

    /// Enum-like names: (code, names).
    pub fn fixed(entries: &[(&str, &[&str])]) -> Self {
        let mut names = Self::default();
        for (code, texts) in entries {
            for text in *texts {
                names.codes.insert(normalize(text), (*code).to_owned());
            }
        }
        names
    }

    pub fn find(&self, cell: &str) -> Named {
        let wanted = normalize(cell);
        if let Some(code) = self.codes.get(&wanted) {
            return Named::Code(code.clone());
        }
        if let Some(tree) = &self.tree {
            return tree.find(&wanted);
        }
        match self.names.get(&wanted).map(Vec::as_slice) {
            Some([code]) => Named::Code(code.clone()),
            Some(several) => Named::Several(several.to_vec()),
            None => Named::Nothing,
        }
    }
}
