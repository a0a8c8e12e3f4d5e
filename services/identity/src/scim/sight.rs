//! How a client sees what is personal of a user. The answers of SCIM name their attributes themselves, so that nothing but
//! this masks them.

use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::contract::masking::mask_text;
use platform::error::{Error, Result, reason};
use serde_json::Value;

use super::filter::{self, Filter};
use super::predicate::personal;
use super::resource::{User, WantedUser};
use crate::error;

#[derive(Clone, Copy)]
pub struct Sight {
    pub email: Visibility,
    pub phone: Visibility,
}

impl Sight {
    pub fn of(caller: &Caller) -> Self {
        Self { email: caller.visibility(PersonalData::Email), phone: caller.visibility(PersonalData::Phone) }
    }

    fn kinds(self) -> [(&'static str, PersonalData, Visibility); 2] {
        [("emails", PersonalData::Email, self.email), ("phoneNumbers", PersonalData::Phone, self.phone)]
    }

    /// The user as the client sees it; one that it sees already stays as it is.
    pub fn seen(self, mut user: Value) -> Value {
        let Some(members) = user.as_object_mut() else { return user };
        for (attribute, kind, visibility) in self.kinds() {
            match visibility {
                Visibility::Clear => {}
                Visibility::Masked => {
                    for element in members.get_mut(attribute).and_then(Value::as_array_mut).into_iter().flatten() {
                        let masked = element["value"].as_str().map(|value| mask_text(kind, value));
                        element["value"] = Value::from(masked.unwrap_or_default());
                    }
                }
                _ => drop(members.remove(attribute)),
            }
        }
        user
    }

    /// Refuses to find or to sort by what the client does not see in clear: the order and the count tell it.
    pub fn permit(self, filter: Option<&Filter>, sort_by: &str) -> Result<()> {
        let unclear = |attribute: &str| {
            let kind = personal(attribute)?;
            self.kinds().into_iter().find(|(_, of, visibility)| *of == kind && *visibility != Visibility::Clear)
        };
        let refused = |place: &str, (name, ..): (&'static str, PersonalData, Visibility)| {
            Error::invalid(place, &reason::FIELD_MASKED).arg("field", name)
        };
        let mut named = Vec::new();
        if let Some(filter) = filter {
            filter.attributes(None, &mut named);
        }
        if let Some(found) = named.iter().find_map(|attribute| unclear(attribute)) {
            return Err(refused("filter", found));
        }
        match unclear(&filter::attribute(sort_by)) {
            Some(found) => Err(refused("sort_by", found)),
            None => Ok(()),
        }
    }

    /// Keeps what a client gives back as it was shown, which is what it does not mean to change: masked text stands for
    /// what it masks, and nothing for what is hidden. Other text with asterisks would overwrite what they hide.
    pub fn keep(self, wanted: &mut WantedUser, before: Option<&User>) -> Result<()> {
        let employee = before.map(|user| &user.employee);
        let stored = [employee.map(|of| of.email.as_str()), employee.map(|of| of.phone.as_str())];
        let values = [&mut wanted.email, &mut wanted.phone];
        for (((attribute, kind, visibility), value), stored) in self.kinds().into_iter().zip(values).zip(stored) {
            let unchanged = stored.filter(|stored| match visibility {
                Visibility::Clear => false,
                Visibility::Masked => *value == mask_text(kind, stored),
                _ => value.is_empty(),
            });
            if let Some(stored) = unchanged {
                stored.clone_into(value);
            } else if visibility != Visibility::Clear && value.contains('*') {
                return Err(Error::invalid(attribute, &error::MASKED_VALUE));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contracts::identity::Employee;
    use serde_json::json;

    use super::*;

    const MASKED: Sight = Sight { email: Visibility::Masked, phone: Visibility::Masked };
    const HIDDEN: Sight = Sight { email: Visibility::Hidden, phone: Visibility::Hidden };
    const CLEAR: Sight = Sight { email: Visibility::Clear, phone: Visibility::Clear };

    fn user() -> User {
        let employee = Employee {
            login_name: "lilei".into(),
            email: "lilei@example.com".into(),
            phone: "13812345678".into(),
            ..Default::default()
        };
        User { employee, external_id: String::new() }
    }

    fn wanted(sight: Sight, email: &str, phone: &str) -> Result<(String, String), String> {
        let mut resource = json!({"userName": "lilei"});
        if !email.is_empty() {
            resource["emails"] = json!([{"value": email}]);
        }
        if !phone.is_empty() {
            resource["phoneNumbers"] = json!([{"value": phone}]);
        }
        let before = user();
        let mut wanted = WantedUser::read(resource.as_object().unwrap(), Some(&before)).unwrap();
        let kept = sight.keep(&mut wanted, Some(&before));
        kept.map(|()| (wanted.email, wanted.phone)).map_err(|error| error.violations()[0].field.clone())
    }

    #[test]
    fn a_user_shows_what_the_client_may_see() {
        let clear = user().show("", CLEAR);
        assert_eq!(clear["phoneNumbers"][0]["value"], "13812345678");
        let masked = user().show("", MASKED);
        assert_eq!(masked["phoneNumbers"][0]["value"], "138****5678");
        assert_eq!(masked["emails"][0]["value"], "l***@example.com");
        assert_eq!(MASKED.seen(masked.clone()), masked);
        let hidden = user().show("", HIDDEN);
        assert!(hidden.get("emails").is_none() && hidden.get("phoneNumbers").is_none());
        assert_ne!(clear["meta"]["version"], hidden["meta"]["version"]);
    }

    #[test]
    fn what_comes_back_as_it_was_shown_stays() {
        let stored = ("lilei@example.com".to_owned(), "13812345678".to_owned());
        assert_eq!(wanted(MASKED, "l***@example.com", "138****5678"), Ok(stored.clone()));
        assert_eq!(wanted(HIDDEN, "", ""), Ok(stored));
        // What was seen and is gone is taken away; what is new is written.
        assert_eq!(wanted(MASKED, "", "13900000000"), Ok((String::new(), "13900000000".into())));
        assert_eq!(wanted(HIDDEN, "new@example.com", "").unwrap().0, "new@example.com");
        assert_eq!(wanted(MASKED, "", "139****0000"), Err("phoneNumbers".into()));
        assert_eq!(wanted(HIDDEN, "l***@example.com", ""), Err("emails".into()));
        assert_eq!(wanted(CLEAR, "", "138****5678"), Ok((String::new(), "138****5678".into())));
    }

    #[test]
    fn nobody_finds_or_sorts_by_what_is_not_clear() {
        for text in [
            r#"phoneNumbers.value sw "138""#,
            "PHONENUMBERS pr",
            r#"phoneNumbers[type eq "work"]"#,
            r#"userName pr and not (userName sw "a" or emails co "li")"#,
        ] {
            let parsed = filter::parse(text).unwrap();
            let refused = MASKED.permit(Some(&parsed), "").unwrap_err();
            assert_eq!(refused.violations()[0].reason.id, "FIELD_MASKED", "{text}");
            assert!(HIDDEN.permit(Some(&parsed), "").is_err() && CLEAR.permit(Some(&parsed), "").is_ok(), "{text}");
        }
        for attribute in ["emails.value", "urn:ietf:params:scim:schemas:core:2.0:User:phoneNumbers"] {
            assert!(MASKED.permit(None, attribute).is_err() && CLEAR.permit(None, attribute).is_ok(), "{attribute}");
        }
        let harmless = filter::parse(r#"userName eq "lilei""#).unwrap();
        assert!(HIDDEN.permit(Some(&harmless), "displayName").is_ok());
    }
}
