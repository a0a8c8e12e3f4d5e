//! What a sheet of dictionary entries says, and what of it is new. Nothing here touches a database: the entries that are
//! there come in, those to write come out, or every fault of the sheet.

use std::collections::{HashMap, HashSet};

use contracts::customers::{DictionaryEntry, DictionarySheetFault};
use platform::error::{Reason, reason};
use platform::locale;

use super::rules::TOP;
use crate::error::reason as own;

pub const MAX_ROWS: usize = 100_000;
/// Faults that are told at once.
const MAX_FAULTS: usize = 200;
/// How deep a tree of entries may be.
const MAX_DEPTH: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Code,
    NameZh,
    NameEn,
    Parent,
    Position,
    Retired,
}

/// Headers as people write them.
const HEADERS: [(Column, &[&str]); 6] = [
    (Column::Code, &["code", "编码", "代码", "行政区划代码", "区划代码"]),
    (Column::NameZh, &["name_zh", "name", "名称", "中文名称", "单位名称", "地区"]),
    (Column::NameEn, &["name_en", "english", "英文名称", "英文"]),
    (Column::Parent, &["parent_code", "parent", "上级编码", "上级代码", "父级编码", "上级"]),
    (Column::Position, &["position", "order", "排序", "顺序"]),
    (Column::Retired, &["retired", "停用", "是否停用"]),
];

/// Which column holds what; a fault when there is no code or no name.
pub fn columns(header: &[String]) -> Result<Vec<Option<Column>>, DictionarySheetFault> {
    let known = |cell: &String| {
        let cell = cell.trim().to_lowercase().replace([' ', '-'], "_");
        HEADERS.iter().find(|(_, names)| names.contains(&cell.as_str())).map(|(column, _)| *column)
    };
    let mut columns: Vec<Option<Column>> = header.iter().map(known).collect();
    // Of two columns of one meaning the first counts.
    for index in 1..columns.len() {
        if columns[..index].contains(&columns[index]) {
            columns[index] = None;
        }
    }
    for needed in [Column::Code, Column::NameZh] {
        if !columns.contains(&Some(needed)) {
            let name = if needed == Column::Code { "code" } else { "name_zh" };
            return Err(fault(0, "", &own::SHEET_COLUMN_MISSING, name));
        }
    }
    Ok(columns)
}

/// One row as it stands.
#[derive(Debug, Default, Clone)]
pub struct Line {
    pub row: u32,
    pub code: String,
    name_zh: String,
    name_en: Option<String>,
    parent: Option<String>,
    position: Option<String>,
    retired: Option<String>,
}

impl Line {
    pub fn read<'c>(row: u32, columns: &[Option<Column>], cell: impl Fn(usize) -> &'c str) -> Self {
        let mut line = Self { row, ..Self::default() };
        for (index, column) in columns.iter().enumerate() {
            let text = cell(index).trim().to_owned();
            // An empty cell says nothing: the entry keeps what it has.
            let optional = (!text.is_empty()).then(|| text.clone());
            match column {
                Some(Column::Code) => line.code = text,
                Some(Column::NameZh) => line.name_zh = text,
                Some(Column::NameEn) => line.name_en = optional,
                // An empty parent puts the entry at the top.
                Some(Column::Parent) => line.parent = Some(if text == TOP { String::new() } else { text }),
                Some(Column::Position) => line.position = optional,
                Some(Column::Retired) => line.retired = optional,
                None => {}
            }
        }
        line
    }
}

/// What a sheet amounts to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub created: Vec<DictionaryEntry>,
    /// Before and after.
    pub updated: Vec<(DictionaryEntry, DictionaryEntry)>,
    pub unchanged: i32,
}

/// All that the sheet would change, or what is wrong with it. Entries that it does not name stay as they are.
pub fn compare(
    dictionary: &str,
    tree: bool,
    present: &HashMap<String, DictionaryEntry>,
    lines: &[Line],
) -> Result<Outcome, Vec<DictionarySheetFault>> {
    let mut faults = Vec::new();
    let mut outcome = Outcome::default();
    let mut seen = HashSet::new();
    let mut parents: HashMap<&str, &str> =
        present.iter().map(|(code, entry)| (code.as_str(), entry.parent_code.as_str())).collect();
    for line in lines {
        if let Some(parent) = &line.parent {
            parents.insert(&line.code, parent);
        } else {
            parents.entry(&line.code).or_default();
        }
    }
    for (place, line) in lines.iter().enumerate() {
        let before = present.get(&line.code);
        let mut after = before.cloned().unwrap_or_else(|| DictionaryEntry {
            dictionary: dictionary.to_owned(),
            code: line.code.clone(),
            position: i32::try_from(place + 1).unwrap_or(i32::MAX),
            ..DictionaryEntry::default()
        });
        let mut wrong =
            |column: &str, reason: &'static Reason| faults.push(fault(line.row, &line.code, reason, column));
        if !is_code(&line.code) {
            wrong("code", &reason::VALUE_INVALID);
            continue;
        }
        if !seen.insert(line.code.as_str()) {
            wrong("code", &own::ENTRY_CODE_TWICE);
            continue;
        }
        match line.name_zh.chars().count() {
            0 => wrong("name_zh", &reason::VALUE_REQUIRED),
            1..=64 => after.name_zh.clone_from(&line.name_zh),
            _ => wrong("name_zh", &reason::VALUE_INVALID),
        }
        match &line.name_en {
            Some(name) if name.chars().count() > 64 => wrong("name_en", &reason::VALUE_INVALID),
            Some(name) => after.name_en.clone_from(name),
            None => {}
        }
        if let Some(parent) = &line.parent {
            match parent.as_str() {
                "" => {}
                _ if !tree => wrong("parent_code", &own::DICTIONARY_NOT_A_TREE),
                parent if !parents.contains_key(parent) => wrong("parent_code", &own::PARENT_UNKNOWN),
                _ if !is_rooted(&line.code, &parents) => wrong("parent_code", &own::ENTRY_CYCLE),
                _ => {}
            }
            after.parent_code.clone_from(parent);
        }
        match line.position.as_deref().map(str::parse::<i32>) {
            Some(Ok(position)) if (0..=1_000_000).contains(&position) => after.position = position,
            Some(_) => wrong("position", &reason::VALUE_INVALID),
            None => {}
        }
        match line.retired.as_deref().map(str::to_lowercase).as_deref() {
            Some("1" | "true" | "yes" | "y" | "是") => after.retired = true,
            Some("0" | "false" | "no" | "n" | "否") => after.retired = false,
            Some(_) => wrong("retired", &reason::VALUE_INVALID),
            None => {}
        }
        match before {
            None => outcome.created.push(after),
            Some(before) if *before == after => outcome.unchanged += 1,
            Some(before) => outcome.updated.push((before.clone(), after)),
        }
    }
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() { Ok(outcome) } else { Err(faults) }
}

/// As the contract has codes.
fn is_code(code: &str) -> bool {
    (1..=32).contains(&code.len())
        && code != TOP
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Whether the way up from an entry ends at the top.
fn is_rooted(code: &str, parents: &HashMap<&str, &str>) -> bool {
    let mut at = code;
    for _ in 0..=MAX_DEPTH {
        match parents.get(at) {
            Some(&"") | None => return true,
            Some(parent) => at = parent,
        }
    }
    false
}

pub fn fault(row: u32, code: &str, reason: &'static Reason, column: &str) -> DictionarySheetFault {
    DictionarySheetFault {
        row: i32::try_from(row).unwrap_or(i32::MAX),
        code: code.chars().take(64).collect(),
        column: column.to_owned(),
        reason: reason.id.to_owned(),
        message: reason.text(locale::current(), &[("column", column.to_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(row: u32, cells: &[&str]) -> Line {
        let header = ["code", "名称", "name_en", "上级编码"].map(String::from);
        let columns = columns(&header).unwrap();
        Line::read(row, &columns, |index| cells.get(index).copied().unwrap_or_default())
    }

    fn present(entries: &[(&str, &str, &str)]) -> HashMap<String, DictionaryEntry> {
        let entry = |(code, name, parent): &(&str, &str, &str)| {
            let entry = DictionaryEntry {
                dictionary: "region".into(),
                code: (*code).into(),
                name_zh: (*name).into(),
                name_en: "kept".into(),
                parent_code: (*parent).into(),
                ..Default::default()
            };
            ((*code).to_owned(), entry)
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn a_sheet_adds_and_changes_and_keeps_what_it_does_not_name() {
        let present = present(&[("33", "浙江", ""), ("3301", "杭州", "33"), ("34", "安徽", "")]);
        let lines = [
            line(2, &["33", "浙江", "", ""]),
            line(3, &["3301", "杭州市", "Hangzhou", "33"]),
            line(4, &["330101", "上城区", "", "3301"]),
        ];
        let outcome = compare("region", true, &present, &lines).unwrap();
        assert_eq!((outcome.created.len(), outcome.updated.len(), outcome.unchanged), (1, 1, 1));
        assert_eq!(outcome.created[0].parent_code, "3301");
        let (before, after) = &outcome.updated[0];
        assert_eq!(
            (before.name_zh.as_str(), after.name_zh.as_str(), after.name_en.as_str()),
            ("杭州", "杭州市", "Hangzhou")
        );
    }

    #[test]
    fn every_fault_has_its_row() {
        let present = present(&[("33", "浙江", "")]);
        let lines = [
            line(2, &["33", "", "", ""]),
            line(3, &["3 4", "安徽", "", ""]),
            line(4, &["35", "福建", "", "99"]),
            line(5, &["36", "江西", "", "37"]),
            line(6, &["37", "山东", "", "36"]),
            line(7, &["35", "福建", "", ""]),
        ];
        let faults = compare("region", true, &present, &lines).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.row, fault.reason.as_str())).collect();
        let expected = [
            (2, "VALUE_REQUIRED"),
            (3, "VALUE_INVALID"),
            (4, "PARENT_UNKNOWN"),
            (5, "ENTRY_CYCLE"),
            (6, "ENTRY_CYCLE"),
            (7, "ENTRY_CODE_TWICE"),
        ];
        assert_eq!(found, expected);
        let flat = compare("level", false, &HashMap::new(), &[line(2, &["a", "甲", "", "b"])]).unwrap_err();
        assert_eq!(flat[0].reason, "DICTIONARY_NOT_A_TREE");
    }

    #[test]
    fn a_sheet_without_codes_or_names_is_none() {
        assert_eq!(columns(&["名称".into()]).unwrap_err().reason, "SHEET_COLUMN_MISSING");
        assert_eq!(columns(&["code".into()]).unwrap_err().column, "name_zh");
        let twice = columns(&["code".into(), "name".into(), "编码".into()]).unwrap();
        assert_eq!(twice, [Some(Column::Code), Some(Column::NameZh), None]);
    }
}
