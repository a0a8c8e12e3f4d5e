//! How a caller sees the custom fields that hold personal data. Built-in fields are masked by the guard from the
//! contract; these are rows, so the service does it.

use std::collections::HashMap;

use contracts::customers::FieldValue;
use contracts::customers::field_value::Value as Kind;
use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::contract::masking::mask_text;

use super::fields::Fields;
use super::sight::revealed;

/// The fields that the caller does not see in clear. Empty for most callers, and then it costs nothing.
#[derive(Debug, Default)]
pub struct Masked {
    fields: Vec<(String, PersonalData, Visibility)>,
}

impl Masked {
    /// Nothing is masked, as for work on nobody's behalf.
    pub fn nothing() -> Self {
        Self::default()
    }

    pub fn of(fields: &Fields, caller: &Caller) -> Self {
        Self::by(fields, |kind| caller.visibility(kind))
    }

    pub fn by(fields: &Fields, visibility: impl Fn(PersonalData) -> Visibility) -> Self {
        let personal = fields.active().filter(|field| field.personal_data() != PersonalData::Unspecified);
        let fields = personal
            .map(|field| (field.key.clone(), field.personal_data(), visibility(field.personal_data())))
            .filter(|(_, _, visibility)| *visibility != Visibility::Clear);
        Self { fields: fields.collect() }
    }

    /// For somebody to whom masked fields are revealed; hidden ones stay hidden.
    pub fn revealed(fields: &Fields, visibility: impl Fn(PersonalData) -> Visibility) -> Self {
        Self::by(fields, |kind| revealed(visibility(kind)))
    }

    /// Masks or takes out the values that the caller may not see.
    pub fn apply(&self, values: &mut HashMap<String, FieldValue>) {
        for (key, kind, visibility) in &self.fields {
            if *visibility == Visibility::Hidden {
                values.remove(key);
            } else if let Some(value) = values.get_mut(key) {
                match &mut value.value {
                    Some(Kind::StringValue(text)) => *text = mask_text(*kind, text),
                    _ => value.value = None,
                }
            }
        }
    }

    /// Not seen in clear: neither to be filtered nor to be sorted by.
    pub fn contains(&self, key: &str) -> bool {
        self.fields.iter().any(|(masked, _, _)| masked == key)
    }

    pub fn is_hidden(&self, key: &str) -> bool {
        self.fields.iter().any(|(masked, _, visibility)| masked == key && *visibility == Visibility::Hidden)
    }

    /// The value is what the caller was shown in place of the real one, come back.
    pub fn is_masked_text(&self, key: &str, value: &FieldValue) -> bool {
        matches!(&value.value, Some(Kind::StringValue(text)) if text.contains('*')) && self.contains(key)
    }
}
