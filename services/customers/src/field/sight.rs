//! The custom fields of one kind of record as somebody knows them: what values are read, checked and told apart by.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use contracts::customers::FieldValue;
use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::error::{Error, Violation};
use serde_json::Value;

use super::fields::Fields;
use super::masked::Masked;
use super::validate::{Checks, Mode, validate_custom};
use super::value::{to_messages, to_text};
use crate::audit::Changes;

pub struct Sight {
    fields: Arc<Fields>,
    masked: Masked,
}

impl Sight {
    /// `fields` are the caller's view.
    pub fn of(fields: Arc<Fields>, caller: &Caller) -> Self {
        Self { masked: Masked::of(&fields, caller), fields }
    }

    /// For a caller to whom masked fields are revealed; hidden ones stay hidden.
    pub fn revealing(fields: Arc<Fields>, caller: &Caller) -> Self {
        Self { masked: Masked::revealed(&fields, |kind| caller.visibility(kind)), fields }
    }

    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    pub fn masked(&self) -> &Masked {
        &self.masked
    }

    /// Stored values as they are seen.
    pub fn values(&self, stored: &Value) -> HashMap<String, FieldValue> {
        let mut values = to_messages(&self.fields, stored);
        self.masked.apply(&mut values);
        values
    }

    /// Values of an answer that was given before, as they are seen now.
    pub fn again(&self, values: &mut HashMap<String, FieldValue>) {
        values.retain(|key, _| self.fields.by_key(key).is_some());
        self.masked.apply(values);
    }

    /// What a new record stores.
    pub fn created(&self, values: &mut HashMap<String, FieldValue>, today: NaiveDate) -> Result<Value, Vec<Violation>> {
        validate_custom(self.checks(today), values, Mode::Create)
    }

    /// What a record stores after an update that names `paths`.
    pub fn updated(
        &self,
        values: &mut HashMap<String, FieldValue>,
        before: &Value,
        paths: &[&str],
        today: NaiveDate,
    ) -> Result<Value, Vec<Violation>> {
        let keys: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix("custom_fields.")).collect();
        let mode = match () {
            () if paths.contains(&"custom_fields") => Mode::Replace { before },
            () if keys.is_empty() => return Ok(before.clone()),
            () => Mode::Patch { before, keys: &keys },
        };
        validate_custom(self.checks(today), values, mode)
    }

    /// The kinds of personal data among values.
    pub fn personal(&self, values: &HashMap<String, FieldValue>) -> Vec<PersonalData> {
        personal(&self.fields, values)
    }

    fn checks(&self, today: NaiveDate) -> Checks<'_> {
        Checks { fields: &self.fields, masked: &self.masked, today }
    }
}

/// The custom fields to store, or everything that is wrong with a record and them.
pub fn whole(mut faults: Vec<Violation>, custom_fields: Result<Value, Vec<Violation>>) -> Result<Value, Error> {
    match custom_fields {
        Ok(custom_fields) if faults.is_empty() => return Ok(custom_fields),
        Ok(_) => {}
        Err(more) => faults.extend(more),
    }
    Err(Error::invalid_fields(faults))
}

/// The kinds of personal data among values.
pub fn personal(fields: &Fields, values: &HashMap<String, FieldValue>) -> Vec<PersonalData> {
    let held = values.keys().filter_map(|key| fields.by_key(key));
    held.map(|field| field.personal_data()).filter(|kind| *kind != PersonalData::Unspecified).collect()
}

/// What one sees masked is seen in clear, what is hidden stays hidden.
pub fn revealed(visibility: Visibility) -> Visibility {
    if visibility == Visibility::Hidden { visibility } else { Visibility::Clear }
}

/// Notes the values in which two states of a record differ.
pub fn add_changes(changes: &mut Changes, old: &Value, new: &Value) {
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
    };
    let mut all = keys(old);
    all.extend(keys(new));
    all.sort_unstable();
    all.dedup();
    for key in all {
        let text = |value: &Value| value.get(&key).map(to_text).unwrap_or_default();
        changes.add(&format!("custom_fields.{key}"), text(old), text(new));
    }
}
