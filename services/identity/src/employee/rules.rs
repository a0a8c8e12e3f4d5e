//! What may be written about an employee, and who may not be taken away.

use chrono::{DateTime, Utc};
use contracts::identity::Employee;
use contracts::options::{PersonalData, Visibility};
use platform::db::FieldChange;
use platform::error::{Error, Reason, Result, Violation, reason};
use platform::filter::{Row, Value};
use uuid::Uuid;

use crate::error;

pub const DEFAULT_LOCALE: &str = "zh-CN";

/// Trims what people type and spells ids one way; refuses what is left empty, and masked text that would overwrite what it hides.
pub fn clean(employee: &mut Employee, visibility: impl Fn(PersonalData) -> Visibility) -> Result<()> {
    for text in [&mut employee.display_name, &mut employee.email, &mut employee.phone] {
        let trimmed = text.trim();
        if trimmed.len() != text.len() {
            *text = trimmed.to_owned();
        }
    }
    for id in employee.role_ids.iter_mut().chain([&mut employee.group_id]) {
        if let Ok(parsed) = id.parse::<Uuid>() {
            *id = parsed.to_string();
        }
    }
    if employee.locale.is_empty() {
        DEFAULT_LOCALE.clone_into(&mut employee.locale);
    }
    let mut violations = Vec::new();
    let mut refuse = |field: &str, reason: &'static Reason| {
        violations.push(Violation { field: format!("employee.{field}"), reason, args: Vec::new() });
    };
    if employee.display_name.is_empty() {
        refuse("display_name", &reason::VALUE_REQUIRED);
    }
    let personal = [("email", &employee.email, PersonalData::Email), ("phone", &employee.phone, PersonalData::Phone)];
    for (field, value, kind) in personal {
        if value.contains('*') && visibility(kind) != Visibility::Clear {
            refuse(field, &error::MASKED_VALUE);
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid_fields(violations)) }
}

/// The employee with the fields that a mask names taken from another.
pub fn merged(before: &Employee, asked: &Employee, paths: &[&str]) -> Employee {
    let mut after = before.clone();
    for path in paths {
        match *path {
            "login_name" => after.login_name.clone_from(&asked.login_name),
            "display_name" => after.display_name.clone_from(&asked.display_name),
            "email" => after.email.clone_from(&asked.email),
            "phone" => after.phone.clone_from(&asked.phone),
            "group_id" => after.group_id.clone_from(&asked.group_id),
            "locale" => after.locale.clone_from(&asked.locale),
            // The only one left that an update may name.
            _ => after.role_ids.clone_from(&asked.role_ids),
        }
    }
    after
}

/// Before and after of each field that differs, ids as names.
pub fn changes(before: &Employee, after: &Employee) -> Vec<FieldChange> {
    let fields = |employee: &Employee| {
        let mut roles = employee.role_names.clone();
        roles.sort_unstable();
        [
            ("login_name", employee.login_name.clone()),
            ("display_name", employee.display_name.clone()),
            ("email", employee.email.clone()),
            ("phone", employee.phone.clone()),
            ("group", employee.group_name.clone()),
            ("roles", roles.join(", ")),
            ("locale", employee.locale.clone()),
            ("state", employee.state().as_str_name().to_owned()),
        ]
    };
    FieldChange::between(fields(before), fields(after))
}

/// The ids that are new in the second list.
pub fn added<'a>(before: &[String], after: &'a [String]) -> Vec<&'a str> {
    after.iter().filter(|id| !before.contains(id)).map(String::as_str).collect()
}

/// Whether a change is as good as a way into the account, or gives or takes roles: a session left open must not be
/// enough for it.
pub fn needs_proof(before: &Employee, after: &Employee) -> bool {
    (&before.login_name, &before.email) != (&after.login_name, &after.email)
        || !added(&before.role_ids, &after.role_ids).is_empty()
        || !added(&after.role_ids, &before.role_ids).is_empty()
}

/// Nobody disables or deletes themselves.
pub fn not_self(caller: Option<Uuid>, employee: Uuid) -> Result<()> {
    if caller == Some(employee) { Err(Error::failed_precondition(&error::EMPLOYEE_IS_SELF)) } else { Ok(()) }
}

/// An employee of a list, with the value that stands for the name when the list is sorted.
pub struct Listed {
    pub employee: Employee,
    pub sort_name: String,
}

impl Row for Listed {
    fn value(&self, field: &str) -> Value {
        let time = |time: &Option<prost_types::Timestamp>| {
            let time = time.as_ref().and_then(|time| DateTime::<Utc>::from_timestamp(time.seconds, time.nanos as u32));
            time.map_or(Value::Null, Value::Timestamp)
        };
        match field {
            "id" => self.employee.id.parse().map_or(Value::Null, Value::Uuid),
            "login_name" => Value::Text(self.employee.login_name.clone()),
            "display_name" => Value::Text(self.sort_name.clone()),
            "create_time" => time(&self.employee.create_time),
            "last_sign_in_time" => time(&self.employee.last_sign_in_time),
            _ => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn li_lei() -> Employee {
        Employee {
            display_name: " 李雷 ".into(),
            phone: "138****5678".into(),
            role_ids: vec!["a".into(), "b".into()],
            role_names: vec!["销售".into(), "市场".into()],
            ..Default::default()
        }
    }

    #[test]
    fn masked_text_is_not_taken_for_a_phone() {
        let refused = clean(&mut li_lei(), |_| Visibility::Masked).unwrap_err();
        assert_eq!(refused.violations()[0].field, "employee.phone");
        let mut seen_clearly = li_lei();
        clean(&mut seen_clearly, |_| Visibility::Clear).unwrap();
        assert_eq!((seen_clearly.display_name.as_str(), seen_clearly.locale.as_str()), ("李雷", "zh-CN"));
        let blank = clean(&mut Employee { display_name: "　".into(), ..Default::default() }, |_| Visibility::Clear);
        assert_eq!(blank.unwrap_err().violations()[0].reason.id, "VALUE_REQUIRED");
    }

    #[test]
    fn an_update_touches_what_it_names_alone() {
        let asked = Employee { display_name: "韩梅梅".into(), phone: "1".into(), ..Default::default() };
        let after = merged(&li_lei(), &asked, &["display_name"]);
        assert_eq!((after.display_name.as_str(), after.phone.as_str()), ("韩梅梅", "138****5678"));
        let changes = changes(&li_lei(), &after);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].field.as_str(), changes[0].after.as_str()), ("display_name", "韩梅梅"));
    }

    #[test]
    fn only_new_roles_are_given() {
        let roles = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(added(&roles(&["a", "b"]), &roles(&["b", "c"])), ["c"]);
        let me = Uuid::now_v7();
        assert!(not_self(Some(me), me).is_err() && not_self(Some(me), Uuid::now_v7()).is_ok());
    }
}
