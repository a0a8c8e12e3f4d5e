//! What is looked for where a person is named without an id, and what stays of a region.

use contracts::customers::ErasureHold;

use crate::dictionary::cache::Dictionaries;

/// What an anonymous record is called.
pub const ANONYMOUS: &str = "***";

/// Shorter ones are found everywhere.
const DISTINCTIVE: usize = 5;
const NAME: usize = 2;

/// Texts that tell who it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Found as a whole: others have the same.
    pub names: Vec<String>,
    /// Found within other text: numbers, addresses of mail and the like.
    pub marks: Vec<String>,
}

impl Texts {
    pub fn new(names: impl IntoIterator<Item = String>, marks: impl IntoIterator<Item = String>) -> Self {
        Self { names: kept(names, NAME), marks: kept(marks, DISTINCTIVE) }
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.marks.is_empty()
    }

    /// Whether a cell of a sheet tells of the person.
    pub fn found_in(&self, cell: &str) -> bool {
        let cell = cell.trim();
        self.names.iter().any(|name| name == cell) || self.marks.iter().any(|mark| cell.contains(mark.as_str()))
    }

    /// The person's texts within a filter, where names stand in quotes.
    pub fn quoted(&self) -> Vec<String> {
        let names = self.names.iter().flat_map(|name| [format!("\"{name}\""), format!("'{name}'")]);
        names.chain(self.marks.iter().cloned()).collect()
    }

    /// All of them, to be looked for in answers that are kept.
    pub fn all(&self) -> Vec<String> {
        self.names.iter().chain(&self.marks).cloned().collect()
    }
}

fn kept(texts: impl IntoIterator<Item = String>, least: usize) -> Vec<String> {
    let texts = texts.into_iter().map(|text| text.trim().to_owned());
    let mut texts: Vec<String> = texts.filter(|text| text.chars().count() >= least && text != ANONYMOUS).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// The city that a region lies in, or itself where it is none below a city.
pub fn city(dictionaries: &Dictionaries, region: &str) -> String {
    let mut path = vec![region];
    while let Some(entry) = path.last().and_then(|code| dictionaries.contains("region", code)) {
        // A tree that somebody bent into a ring ends as well.
        if entry.parent_code.is_empty() || path.len() > 10 {
            break;
        }
        path.push(&entry.parent_code);
    }
    // From the top: province, city, district.
    path.reverse();
    match path.as_slice() {
        [_, city, _, ..] => (*city).to_owned(),
        // A district that lies in a municipality.
        [municipality, district] if !district.ends_with("00") => (*municipality).to_owned(),
        _ => region.to_owned(),
    }
}

/// Until when a hold holds, for people.
pub fn until(hold: &ErasureHold) -> String {
    match &hold.expire_time {
        None => "∞".to_owned(),
        time => crate::consent::text(time.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::cache::Entry;

    #[test]
    fn a_region_stays_down_to_its_city() {
        let entry = |code: &str, parent: &str| Entry {
            code: code.into(),
            name_zh: String::new(),
            name_en: String::new(),
            parent_code: parent.into(),
            retired: false,
        };
        let tree = [("330000", ""), ("330100", "330000"), ("330106", "330100"), ("110000", ""), ("110101", "110000")];
        let entries = tree.into_iter().map(|(code, parent)| entry(code, parent)).collect();
        let dictionaries = Dictionaries::new([("region".to_owned(), true, entries)]);
        for (region, stays) in [
            ("330106", "330100"),
            ("330100", "330100"),
            ("330000", "330000"),
            ("110101", "110000"),
            ("", ""),
            ("elsewhere", "elsewhere"),
        ] {
            assert_eq!(city(&dictionaries, region), stays);
        }
    }

    #[test]
    fn a_person_is_found_by_the_whole_name_or_any_number() {
        let texts = Texts::new(["张三".into(), "李".into(), "***".into()], ["13812345678".into(), "138".into()]);
        assert_eq!(texts, Texts { names: vec!["张三".into()], marks: vec!["13812345678".into()] });
        assert!(texts.found_in(" 张三 ") && texts.found_in("手机 13812345678"));
        assert!(!texts.found_in("张三丰") && !texts.found_in("138"));
        assert_eq!(texts.quoted(), ["\"张三\"", "'张三'", "13812345678"]);
    }
}
