//! What a contact must be, and what an update makes of it.

use chrono::NaiveDate;
use contracts::customers::Contact;
use contracts::options::{PersonalData, Visibility};
use platform::db::FieldChange;
use platform::error::{Reason, Violation, reason};
use serde_json::Value;

use crate::audit::Changes;
use crate::error::reason as own;
use crate::field::sight::add_changes;

pub const MUTABLE: [&str; 13] = [
    "name",
    "post",
    "decision_role",
    "phone",
    "email",
    "wechat",
    "hobby",
    "birthday",
    "relationship_strength",
    "primary",
    "remark",
    "custom_fields",
    "custom_fields.*",
];

/// Takes the fields at `paths`, all of `MUTABLE`, from `wanted`, without the blanks around them.
pub fn apply(contact: &mut Contact, wanted: &Contact, paths: &[&str]) {
    for path in paths {
        match *path {
            "name" => contact.name = trimmed(&wanted.name),
            "post" => contact.post = trimmed(&wanted.post),
            "decision_role" => contact.decision_role = wanted.decision_role,
            "phone" => contact.phone = trimmed(&wanted.phone),
            "email" => contact.email = trimmed(&wanted.email),
            "wechat" => contact.wechat = trimmed(&wanted.wechat),
            "hobby" => contact.hobby = trimmed(&wanted.hobby),
            "birthday" => contact.birthday.clone_from(&wanted.birthday),
            "relationship_strength" => contact.relationship_strength = wanted.relationship_strength,
            "primary" => contact.primary = wanted.primary,
            "remark" => contact.remark.clone_from(&wanted.remark),
            // Custom fields are taken over as JSON.
            _ => {}
        }
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// The contact's birthday, and all that is wrong with what a call brings at `paths`. `visibility` is how the caller sees
/// personal data: what was shown masked must not come back as the value.
pub fn check(
    contact: &Contact,
    paths: &[&str],
    today: NaiveDate,
    visibility: impl Fn(PersonalData) -> Visibility,
) -> (Option<NaiveDate>, Vec<Violation>) {
    let mut violations = Vec::new();
    let mut refuse = |path: &str, reason: &'static Reason| {
        violations.push(Violation { field: format!("contact.{path}"), reason, args: Vec::new() });
    };
    if contact.name.is_empty() {
        refuse("name", &reason::VALUE_REQUIRED);
    }
    let personal = [
        ("phone", PersonalData::Phone, &contact.phone),
        ("email", PersonalData::Email, &contact.email),
        ("wechat", PersonalData::Phone, &contact.wechat),
    ];
    for (path, kind, text) in personal {
        if paths.contains(&path) && text.contains('*') && visibility(kind) != Visibility::Clear {
            refuse(path, &own::MASKED_VALUE);
        }
    }
    if paths.contains(&"phone") && !contact.phone.is_empty() && !contact.phone.chars().any(char::is_numeric) {
        refuse("phone", &own::PHONE_INVALID);
    }
    let birthday = contact.birthday.parse::<NaiveDate>().ok();
    match birthday {
        None if !contact.birthday.is_empty() => refuse("birthday", &own::DATE_INVALID),
        Some(date) if date > today && paths.contains(&"birthday") => refuse("birthday", &own::DATE_IN_FUTURE),
        _ => {}
    }
    (birthday, violations)
}

pub fn changes(
    (before, before_custom): (&Contact, &Value),
    (after, after_custom): (&Contact, &Value),
) -> Vec<FieldChange> {
    let mut changes = Changes::default();
    changes.add("name", &before.name, &after.name);
    changes.add("post", &before.post, &after.post);
    if before.decision_role != after.decision_role {
        changes.add("decision_role", before.decision_role().as_str_name(), after.decision_role().as_str_name());
    }
    changes.add("phone", &before.phone, &after.phone);
    changes.add("email", &before.email, &after.email);
    changes.add("wechat", &before.wechat, &after.wechat);
    changes.add("hobby", &before.hobby, &after.hobby);
    changes.add("birthday", &before.birthday, &after.birthday);
    changes.add("relationship_strength", before.relationship_strength, after.relationship_strength);
    changes.add("primary", before.primary, after.primary);
    changes.add("remark", &before.remark, &after.remark);
    changes.add("invalid", before.invalid, after.invalid);
    add_changes(&mut changes, before_custom, after_custom);
    changes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn li_si() -> Contact {
        Contact { name: "李四".into(), phone: "138 1234 5678".into(), ..Contact::default() }
    }

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()
    }

    fn faults(contact: &Contact, visibility: Visibility) -> Vec<(String, &'static str)> {
        let (_, violations) = check(contact, &MUTABLE, today(), |_| visibility);
        violations.into_iter().map(|violation| (violation.field, violation.reason.id)).collect()
    }

    #[test]
    fn a_birthday_is_a_day_that_has_come() {
        let born = |birthday: &str| faults(&Contact { birthday: birthday.into(), ..li_si() }, Visibility::Clear);
        assert!(born("").is_empty());
        assert!(born("2026-03-01").is_empty());
        assert_eq!(born("2026-03-02"), [("contact.birthday".into(), "DATE_IN_FUTURE")]);
        assert_eq!(born("2025-02-29"), [("contact.birthday".into(), "DATE_INVALID")]);
    }

    #[test]
    fn a_masked_phone_does_not_come_back_as_the_phone() {
        let masked = Contact { phone: "138****5678".into(), ..li_si() };
        assert_eq!(faults(&masked, Visibility::Masked), [("contact.phone".into(), "MASKED_VALUE")]);
        assert!(faults(&masked, Visibility::Clear).is_empty());
        assert!(check(&masked, &["name"], today(), |_| Visibility::Masked).1.is_empty());
    }

    #[test]
    fn an_update_touches_the_named_fields_alone() {
        let mut contact = li_si();
        let wanted =
            Contact { name: " 王五 ".into(), phone: "1".into(), hobby: "钓鱼".into(), ..Contact::default() };
        apply(&mut contact, &wanted, &["hobby", "name"]);
        assert_eq!((contact.name.as_str(), contact.phone.as_str()), ("王五", "138 1234 5678"));
        let changed: Vec<String> = changes((&li_si(), &Value::Null), (&contact, &Value::Null))
            .into_iter()
            .map(|change| change.field)
            .collect();
        assert_eq!(changed, ["name", "hobby"]);
    }

    #[test]
    fn blank_names_and_phones_without_digits_are_refused() {
        let mut contact = Contact::default();
        apply(
            &mut contact,
            &Contact { name: " \u{3000}".into(), phone: "none".into(), ..Contact::default() },
            &MUTABLE,
        );
        let expected = [("contact.name".into(), "VALUE_REQUIRED"), ("contact.phone".into(), "PHONE_INVALID")];
        assert_eq!(faults(&contact, Visibility::Clear), expected);
    }
}
