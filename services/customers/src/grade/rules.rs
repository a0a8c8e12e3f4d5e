//! What a scheme is, where its grades are kept, and what its rules may say.

use contracts::customers::{GradeRule, GradeRules, GradeScheme};
use platform::error::{Error, Violation, reason as common};
use serde::{Deserialize, Serialize};

use crate::dictionary::cache::Dictionaries;
use crate::error::reason;

pub const MUTABLE: [&str; 3] = ["draft", "draft.rules", "draft.default_code"];

/// Takes over what a mask names of a draft.
pub fn apply(draft: &mut GradeRules, wanted: GradeRules, paths: &[&str]) {
    let named = |path: &str| paths.contains(&"draft") || paths.contains(&path);
    if named("draft.rules") {
        draft.rules = wanted.rules;
    }
    if named("draft.default_code") {
        draft.default_code = wanted.default_code;
    }
}

/// The column of `customer` that holds the grade, for schemes that have one.
pub fn column(scheme: &str) -> Option<&'static str> {
    ["level", "grade", "credit"].into_iter().find(|column| *column == scheme)
}

/// The name by which filters know the grade.
pub fn field(scheme: &str) -> String {
    column(scheme).map_or_else(|| format!("grades.{scheme}"), str::to_owned)
}

/// Rules as they are stored.
#[derive(Default, Serialize, Deserialize)]
pub struct StoredRules {
    rules: Vec<StoredRule>,
    default_code: String,
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    code: String,
    filter: String,
}

impl From<StoredRules> for GradeRules {
    fn from(stored: StoredRules) -> Self {
        let rules = stored.rules.into_iter().map(|StoredRule { code, filter }| GradeRule { code, filter });
        Self { rules: rules.collect(), default_code: stored.default_code }
    }
}

impl From<&GradeRules> for StoredRules {
    fn from(rules: &GradeRules) -> Self {
        let default_code = rules.default_code.clone();
        let rules = rules.rules.iter().map(|rule| StoredRule { code: rule.code.clone(), filter: rule.filter.clone() });
        Self { rules: rules.collect(), default_code }
    }
}

/// Whether all codes are grades of the scheme that are in use; `prefix` is where the request holds the rules.
pub fn check_codes(scheme: &str, rules: &GradeRules, prefix: &str, dictionaries: &Dictionaries) -> Vec<Violation> {
    let fault = |place: String, code: &str| {
        let args = || vec![("dictionary", scheme.to_owned()), ("code", code.to_owned())];
        match dictionaries.contains(scheme, code) {
            None => Some(Violation { field: place, reason: &reason::CODE_UNKNOWN, args: args() }),
            Some(entry) if entry.retired => {
                Some(Violation { field: place, reason: &reason::CODE_RETIRED, args: args() })
            }
            Some(_) => None,
        }
    };
    let mut faults: Vec<Violation> = rules
        .rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| fault(format!("{prefix}rules[{index}].code"), &rule.code))
        .collect();
    if !rules.default_code.is_empty() {
        faults.extend(fault(format!("{prefix}default_code"), &rules.default_code));
    }
    faults
}

/// Fields that the rules of a scheme must not ask about, since the rules change them: the answer would never settle. `ruled` are
/// the schemes that have rules in force.
pub fn is_barred(field: &str, scheme: &str, ruled: &[String]) -> bool {
    ["tags", "update_time", "update_user_id"].contains(&field)
        || field == self::field(scheme)
        || ruled.iter().any(|other| field == self::field(other))
}

/// The name, trimmed.
pub fn check_new(scheme: &mut GradeScheme) -> Result<(), Error> {
    scheme.name_zh = scheme.name_zh.trim().to_owned();
    scheme.name_en = scheme.name_en.trim().to_owned();
    if scheme.name_zh.is_empty() {
        return Err(Error::invalid("grade_scheme.name_zh", &common::VALUE_REQUIRED));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::cache::Entry;

    #[test]
    fn rules_do_not_ask_about_what_rules_change() {
        let ruled = ["credit".to_owned(), "service".to_owned()];
        for field in ["tags", "update_time", "level", "credit", "grades.service"] {
            assert!(is_barred(field, "level", &ruled), "{field}");
        }
        for field in ["name", "grade", "grades.other", "custom.level", "metrics.contact_count"] {
            assert!(!is_barred(field, "level", &ruled), "{field}");
        }
        assert!(is_barred("grades.service", "service", &[]));
    }

    #[test]
    fn codes_are_grades_in_use() {
        let entry = |code: &str, retired| Entry {
            code: code.into(),
            name_zh: code.into(),
            name_en: String::new(),
            parent_code: String::new(),
            retired,
        };
        let dictionaries =
            Dictionaries::new([("level".to_owned(), false, vec![entry("vip", false), entry("old", true)])]);
        let rule = |code: &str| GradeRule { code: code.into(), filter: "name : a".into() };
        let rules = GradeRules { rules: vec![rule("vip"), rule("old"), rule("none")], default_code: "gone".into() };
        let faults = check_codes("level", &rules, "draft.", &dictionaries);
        let found: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.reason.id)).collect();
        assert_eq!(
            found,
            [
                ("draft.rules[1].code", "CODE_RETIRED"),
                ("draft.rules[2].code", "CODE_UNKNOWN"),
                ("draft.default_code", "CODE_UNKNOWN")
            ]
        );
        assert!(check_codes("level", &GradeRules::default(), "", &dictionaries).is_empty());
    }

    #[test]
    fn rules_are_read_as_they_were_stored() {
        let rules = GradeRules {
            rules: vec![GradeRule { code: "vip".into(), filter: "level = \"a\"".into() }],
            default_code: "b".into(),
        };
        let stored = serde_json::to_value(StoredRules::from(&rules)).unwrap();
        assert_eq!(GradeRules::from(StoredRules::deserialize(stored).unwrap()), rules);
    }
}
