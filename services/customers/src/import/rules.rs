//! What a run may be asked to do.

use contracts::customers::{DuplicatePolicy, Import, ImportKey, ImportState, RunImportRequest};
use contracts::options::{PersonalData, Visibility};
use platform::error::{Error, Result, Violation, reason as common};

use super::store::Stored;
use super::target::{self, Target};
use crate::error::reason;
use crate::field::Fields;

/// Of what was taken back nothing runs again, however far that came.
pub fn check_state(import: &Import) -> Result<()> {
    match import.state() {
        ImportState::Running | ImportState::Undoing => Err(Error::failed_precondition(&reason::IMPORT_RUNNING)),
        ImportState::Completed => Err(Error::failed_precondition(&reason::IMPORT_COMPLETE)),
        _ if import.undo.is_some() => Err(Error::failed_precondition(&reason::IMPORT_UNDONE)),
        _ => Ok(()),
    }
}

/// Finding customers by what one sees masked would tell it, dry runs above all.
pub fn check_key(key: ImportKey, visibility: impl Fn(PersonalData) -> Visibility) -> Result<()> {
    let (kind, field) = match key {
        ImportKey::Phone => (PersonalData::Phone, "phone"),
        ImportKey::IdNumber => (PersonalData::IdNumber, "id_number"),
        _ => return Ok(()),
    };
    match visibility(kind) {
        Visibility::Clear => Ok(()),
        _ => Err(Error::invalid("key", &common::FIELD_MASKED).arg("field", field)),
    }
}

/// The paths of the fields that the columns fill: those asked for, or those guessed.
pub fn paths(request: &RunImportRequest, stored: &Stored, fields: &Fields) -> Result<Vec<String>> {
    let paths: Vec<String> = if request.columns.is_empty() {
        target::in_use(stored.fields.clone(), fields)
    } else if request.columns.len() == stored.headers.len() {
        request.columns.iter().map(|column| column.field.clone()).collect()
    } else {
        return Err(Error::invalid("columns", &reason::IMPORT_COLUMN_COUNT).arg("count", stored.headers.len()));
    };
    let violations = violations(&paths, request.key(), request.duplicate_policy(), fields);
    if violations.is_empty() { Ok(paths) } else { Err(Error::invalid_fields(violations)) }
}

fn violations(paths: &[String], key: ImportKey, policy: DuplicatePolicy, fields: &Fields) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let args = vec![("field", path.clone())];
        let field = format!("columns[{index}].field");
        if Target::of(path, fields).is_none() {
            violations.push(Violation { field, reason: &reason::IMPORT_FIELD_UNKNOWN, args });
        } else if paths[..index].contains(path) {
            violations.push(Violation { field, reason: &reason::IMPORT_FIELD_TWICE, args });
        }
    }
    let filled = |path: &str| paths.iter().any(|known| known == path);
    let key_path = match key {
        ImportKey::Number => "number",
        ImportKey::Phone => "phone",
        ImportKey::IdNumber => "id_number",
        ImportKey::Name | ImportKey::Unspecified => "name",
    };
    // Changing customers that exist takes no name.
    let updates = policy == DuplicatePolicy::Update && filled(key_path);
    if !filled("name") && !updates {
        violations.push(Violation { field: "columns".into(), reason: &reason::IMPORT_NAME_MISSING, args: Vec::new() });
    } else if !filled(key_path) {
        violations.push(Violation { field: "key".into(), reason: &reason::IMPORT_KEY_MISSING, args: Vec::new() });
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(paths: &[&str], key: ImportKey, policy: DuplicatePolicy) -> Vec<(String, &'static str)> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let violations = violations(&paths, key, policy, &Fields::default());
        violations.into_iter().map(|violation| (violation.field, violation.reason.id)).collect()
    }

    #[test]
    fn a_mapping_names_known_fields_once_and_the_name_and_the_key() {
        use DuplicatePolicy::{Skip, Update};
        assert_eq!(refused(&["name", "", "phone", ""], ImportKey::Phone, Skip), []);
        assert_eq!(refused(&["phone"], ImportKey::Phone, Update), []);
        assert_eq!(refused(&["phone"], ImportKey::Phone, Skip), [("columns".into(), "IMPORT_NAME_MISSING")]);
        assert_eq!(refused(&["name"], ImportKey::Phone, Update), [("key".into(), "IMPORT_KEY_MISSING")]);
        assert_eq!(
            refused(&["name", "name", "custom_fields.x", "id"], ImportKey::Name, Skip),
            [
                ("columns[1].field".into(), "IMPORT_FIELD_TWICE"),
                ("columns[2].field".into(), "IMPORT_FIELD_UNKNOWN"),
                ("columns[3].field".into(), "IMPORT_FIELD_UNKNOWN"),
            ]
        );
    }
}
