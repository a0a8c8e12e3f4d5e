//! Entries of a tree by path: `浙江省/杭州市/西湖区`, `浙江杭州西湖`, `杭州市西湖区`, `杭州`. Each level goes by its full or its
//! short name, upper levels may be left out, and so may levels that say nothing, such as 市辖区.

use std::collections::HashMap;

use super::names::Named;
use crate::dictionary::cache::{Dictionaries, Entry};
use crate::search::text::normalize;

/// Paths that are shown of what a name may stand for.
const SHOWN: usize = 4;
const DEPTH: usize = 6;

const ENDS: [&str; 12] = [
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "自治区",
    "特别行政区",
    "自治州",
    "自治县",
    "省",
    "市",
    "地区",
    "区",
    "县",
];
/// Levels that group others and are in nobody's address.
const SILENT: [&str; 5] = ["市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县级行政单位"];

#[derive(Debug, Default)]
pub struct Tree {
    codes: Vec<String>,
    /// Index of the parent; its own at the top.
    parents: Vec<usize>,
    full_names: Vec<String>,
    names: HashMap<String, Vec<usize>>,
}

impl Tree {
    pub fn of(dictionaries: &Dictionaries, dictionary: &str) -> Self {
        let mut entries: Vec<&Entry> = dictionaries.entries(dictionary).collect();
        entries.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        let places: HashMap<&str, usize> =
            entries.iter().enumerate().map(|(index, entry)| (entry.code.as_str(), index)).collect();
        let mut tree = Self {
            codes: entries.iter().map(|entry| entry.code.clone()).collect(),
            parents: (0..entries.len())
                .map(|index| places.get(entries[index].parent_code.as_str()).copied().unwrap_or(index))
                .collect(),
            ..Self::default()
        };
        for index in 0..entries.len() {
            let chain = tree.chain(index);
            let spoken: Vec<&Entry> = chain
                .iter()
                .map(|place| entries[*place])
                .filter(|entry| !SILENT.contains(&entry.name_zh.as_str()))
                .collect();
            tree.full_names.push(spoken.iter().map(|entry| entry.name_zh.as_str()).collect::<Vec<_>>().join("/"));
            if SILENT.contains(&entries[index].name_zh.as_str()) {
                continue;
            }
            for name in spellings(&spoken) {
                let known = tree.names.entry(name).or_default();
                if known.last() != Some(&index) {
                    known.push(index);
                }
            }
        }
        tree
    }

    /// From the top down to an entry.
    fn chain(&self, index: usize) -> Vec<usize> {
        let mut chain = vec![index];
        let mut place = index;
        while self.parents[place] != place && chain.len() < DEPTH {
            place = self.parents[place];
            chain.push(place);
        }
        chain.reverse();
        chain
    }

    /// `wanted` is normalised.
    pub fn find(&self, wanted: &str) -> Named {
        let wanted: String =
            wanted.chars().filter(|c| !matches!(c, '/' | '\\' | '-' | '>' | ',' | '、' | '·' | '|' | '_')).collect();
        let Some(found) = self.names.get(&wanted) else { return Named::Nothing };
        if let Some(index) = self.meant(found) {
            return Named::Code(self.codes[index].clone());
        }
        Named::Several(found.iter().take(SHOWN).map(|index| self.full_names[*index].clone()).collect())
    }

    /// The only one; the one that holds all others; or the only one at the top.
    fn meant(&self, found: &[usize]) -> Option<usize> {
        let holds_all = |candidate: &&usize| found.iter().all(|other| self.chain(*other).contains(candidate));
        if let Some(index) = found.iter().find(holds_all) {
            return Some(*index);
        }
        let mut tops = found.iter().filter(|index| self.parents[**index] == **index);
        match (tops.next(), tops.next()) {
            (Some(top), None) => Some(*top),
            _ => None,
        }
    }
}

/// All ways to write a path: each level in full, short, or, but for the last, not at all; in one language from end to end.
fn spellings(path: &[&Entry]) -> Vec<String> {
    let chinese = |entry: &Entry| {
        let full = normalize(&entry.name_zh);
        let short = short(&full).to_owned();
        if short == full { vec![full] } else { vec![full, short] }
    };
    let english = |entry: &Entry| Some(normalize(&entry.name_en)).filter(|name| !name.is_empty()).into_iter().collect();
    let mut spellings = written(path, &chinese);
    spellings.extend(written(path, &english));
    spellings
}

fn written(path: &[&Entry], names: &dyn Fn(&Entry) -> Vec<String>) -> Vec<String> {
    let mut written = vec![String::new()];
    for (level, entry) in path.iter().enumerate() {
        let mut ways = names(entry);
        if level + 1 < path.len() {
            ways.push(String::new());
        }
        written = written.iter().flat_map(|head| ways.iter().map(move |way| format!("{head}{way}"))).collect();
    }
    written
}

/// Without the word for the kind of division, as long as two characters are left.
fn short(name: &str) -> &str {
    ENDS.iter().filter_map(|end| name.strip_suffix(end)).find(|rest| rest.chars().count() >= 2).unwrap_or(name)
}
