//! What an employee and a group look like as resources of SCIM, and what is read from one. Attributes that we keep
//! nothing of are passed over, as the standard asks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::identity::{Employee, EmployeeState};
use platform::contract::Contract;
use platform::error::{Error, Result, Violation, reason};
use prost::{Message, Name};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::filter::member;
use super::sight::Sight;
use crate::employee::rules::DEFAULT_LOCALE;
use crate::error;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

fn time(time: Option<&prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| chrono::DateTime::from_timestamp(time.seconds, time.nanos as u32));
    time.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The resource with its version (RFC 7644, 3.14), which is of all that it shows: members come and go without a trace in
/// the group's row.
fn versioned(mut resource: Value) -> Value {
    let digest = Sha256::digest(resource.to_string());
    resource["meta"]["version"] = json!(format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12])));
    resource
}

/// A user with the id that the client knows it by.
pub struct User {
    pub employee: Employee,
    pub external_id: String,
}

pub struct Member {
    pub id: String,
    pub display_name: String,
}

pub struct Group {
    pub id: String,
    pub name: String,
    pub external_id: String,
    pub members: Vec<Member>,
    pub create_time: Option<prost_types::Timestamp>,
    pub update_time: Option<prost_types::Timestamp>,
}

impl User {
    pub fn active(&self) -> bool {
        self.employee.state() == EmployeeState::Active
    }

    pub fn show(&self, base: &str, sight: Sight) -> Value {
        let employee = &self.employee;
        let mut user = json!({
            "schemas": [USER],
            "id": employee.id,
            "userName": employee.login_name,
            "name": {"formatted": employee.display_name},
            "displayName": employee.display_name,
            "active": self.active(),
            "preferredLanguage": employee.locale,
            "meta": {
                "resourceType": "User",
                "created": time(employee.create_time.as_ref()),
                "lastModified": time(employee.update_time.as_ref()),
                "location": format!("{base}/scim/v2/Users/{}", employee.id),
            },
        });
        if !self.external_id.is_empty() {
            user["externalId"] = json!(self.external_id);
        }
        if !employee.email.is_empty() {
            user["emails"] = json!([{"value": employee.email, "type": "work", "primary": true}]);
        }
        if !employee.phone.is_empty() {
            user["phoneNumbers"] = json!([{"value": employee.phone, "type": "work", "primary": true}]);
        }
        if !employee.group_id.is_empty() {
            user["groups"] = json!([{
                "value": employee.group_id, "display": employee.group_name, "type": "direct",
                "$ref": format!("{base}/scim/v2/Groups/{}", employee.group_id),
            }]);
        }
        versioned(sight.seen(user))
    }
}

impl Group {
    pub fn show(&self, base: &str) -> Value {
        let members = self.members.iter().map(|member| {
            json!({
                "value": member.id, "display": member.display_name, "type": "User",
                "$ref": format!("{base}/scim/v2/Users/{}", member.id),
            })
        });
        let mut group = json!({
            "schemas": [GROUP],
            "id": self.id,
            "displayName": self.name,
            "members": members.collect::<Vec<_>>(),
            "meta": {
                "resourceType": "Group",
                "created": time(self.create_time.as_ref()),
                "lastModified": time(self.update_time.as_ref()),
                "location": format!("{base}/scim/v2/Groups/{}", self.id),
            },
        });
        if !self.external_id.is_empty() {
            group["externalId"] = json!(self.external_id);
        }
        versioned(group)
    }
}

/// What a client wants a user to be.
#[derive(Debug, PartialEq)]
pub struct WantedUser {
    pub login_name: String,
    pub display_name: String,
    pub email: String,
    pub phone: String,
    pub locale: String,
    pub active: bool,
    pub external_id: String,
}

fn find<'v>(resource: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let found = resource.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    found.filter(|value| !value.is_null())
}

fn text(resource: &Map<String, Value>, name: &str) -> Result<String> {
    match find(resource, name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(Error::invalid(name, &reason::VALUE_INVALID)),
    }
}

/// The first value that counts of a list of complex values: the primary one, the one for work, any.
fn chosen(resource: &Map<String, Value>, name: &str) -> Result<String> {
    let invalid = || Error::invalid(name, &reason::VALUE_INVALID);
    let list = match find(resource, name) {
        None => return Ok(String::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(invalid()),
    };
    let primary = |element: &&Value| matches!(member(element, "primary").map(truth), Some(Some(true)));
    let work = |element: &&Value| member(element, "type").and_then(Value::as_str).is_some_and(|t| t == "work");
    let found = list.iter().find(primary).or_else(|| list.iter().find(work)).or(list.first());
    match found.map(|element| member(element, "value").unwrap_or(element)) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(invalid()),
    }
}

/// Entra writes truth values as text.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The name to show: of several the one that differs from what it was, and of its parts what they make together.
fn display_name(resource: &Map<String, Value>, before: &str) -> Result<String> {
    let empty = Map::new();
    let name = find(resource, "name").and_then(Value::as_object).unwrap_or(&empty);
    let (given, family) = (text(name, "givenName")?, text(name, "familyName")?);
    let composed = match (given.is_ascii() && family.is_ascii(), given.is_empty() || family.is_empty()) {
        (_, true) | (false, _) => format!("{family}{given}"),
        (true, false) => format!("{given} {family}"),
    };
    let candidates = [text(resource, "displayName")?, text(name, "formatted")?, composed];
    let new = candidates.into_iter().find(|candidate| !candidate.is_empty() && candidate != before);
    Ok(new.unwrap_or_else(|| before.to_owned()))
}

impl WantedUser {
    pub fn read(resource: &Map<String, Value>, before: Option<&User>) -> Result<Self> {
        let login_name = text(resource, "userName")?;
        let was = before.map(|user| user.employee.display_name.as_str()).unwrap_or_default();
        let mut display_name = display_name(resource, was)?;
        if display_name.is_empty() {
            display_name.clone_from(&login_name);
        }
        let locale = match text(resource, "preferredLanguage")?.to_ascii_lowercase() {
            language if language.starts_with("en") => "en".to_owned(),
            language if language.starts_with("zh") => DEFAULT_LOCALE.to_owned(),
            _ => before.map_or(DEFAULT_LOCALE, |user| user.employee.locale.as_str()).to_owned(),
        };
        let active = match find(resource, "active") {
            None => true,
            Some(value) => truth(value).ok_or_else(|| Error::invalid("active", &reason::VALUE_INVALID))?,
        };
        let wanted = Self {
            login_name,
            display_name,
            email: chosen(resource, "emails")?,
            phone: chosen(resource, "phoneNumbers")?,
            locale,
            active,
            external_id: external_id(resource)?,
        };
        wanted.check()?;
        Ok(wanted)
    }

    pub fn employee(&self) -> Employee {
        Employee {
            login_name: self.login_name.clone(),
            display_name: self.display_name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            locale: self.locale.clone(),
            ..Default::default()
        }
    }

    /// Holds it to the rules of the contract, in the words of SCIM.
    fn check(&self) -> Result<()> {
        let contract = Contract::get();
        let Some(message) = contract.message_named(&Employee::full_name()) else { return Ok(()) };
        let Err(violations) = contract.validate(message, &self.employee().encode_to_vec()) else { return Ok(()) };
        let renamed = violations.into_iter().map(|violation| Violation {
            field: match violation.field.as_str() {
                "login_name" => "userName".to_owned(),
                "display_name" => "displayName".to_owned(),
                "email" => "emails".to_owned(),
                "phone" => "phoneNumbers".to_owned(),
                other => other.to_owned(),
            },
            ..violation
        });
        Err(Error::invalid_fields(renamed.collect()))
    }
}

pub fn external_id(resource: &Map<String, Value>) -> Result<String> {
    let id = text(resource, "externalId")?;
    if id.chars().count() > 200 {
        return Err(Error::invalid("externalId", &reason::VALUE_INVALID));
    }
    Ok(id)
}

/// What a client wants a group to be; the members as it names them.
pub struct WantedGroup {
    pub name: String,
    pub external_id: String,
    pub members: Vec<String>,
}

/// Longest name of a group.
const NAME: usize = 64;

impl WantedGroup {
    pub fn read(resource: &Map<String, Value>) -> Result<Self> {
        let name = text(resource, "displayName")?;
        if name.is_empty() {
            return Err(Error::invalid("displayName", &reason::VALUE_REQUIRED));
        }
        if name.chars().count() > NAME {
            return Err(Error::invalid("displayName", &reason::VALUE_INVALID));
        }
        let unknown = || Error::invalid("members", &error::EMPLOYEE_UNKNOWN);
        let members = match find(resource, "members") {
            None => &Vec::new(),
            Some(Value::Array(members)) => members,
            Some(_) => return Err(unknown()),
        };
        let members = members.iter().map(|element| {
            let value = member(element, "value").unwrap_or(element).as_str();
            value.map(str::to_owned).ok_or_else(unknown)
        });
        let mut members = members.collect::<Result<Vec<_>>>()?;
        members.sort_unstable();
        members.dedup();
        Ok(Self { name, external_id: external_id(resource)?, members })
    }
}

/// Leaves in a resource what the client asks for (RFC 7644, 3.9).
pub fn projected(mut resource: Value, attributes: &str, excluded: &str) -> Value {
    let names = |list: &str| -> Vec<String> {
        list.split(',').map(|name| super::filter::attribute(name.trim())).filter(|name| !name.is_empty()).collect()
    };
    let (wanted, excluded) = (names(attributes), names(excluded));
    let Some(members) = resource.as_object_mut() else { return resource };
    let always = |name: &str| name == "id" || name == "schemas";
    if wanted.is_empty() {
        members.retain(|name, _| always(name) || !excluded.contains(&name.to_ascii_lowercase()));
        return resource;
    }
    members.retain(|name, value| {
        let name = name.to_ascii_lowercase();
        if always(&name) || wanted.contains(&name) {
            return true;
        }
        let below: Vec<&str> = wanted.iter().filter_map(|path| path.strip_prefix(&format!("{name}."))).collect();
        if below.is_empty() {
            return false;
        }
        let keep = |element: &mut Value| {
            if let Some(object) = element.as_object_mut() {
                object.retain(|sub, _| below.iter().any(|wanted| wanted.eq_ignore_ascii_case(sub)));
            }
        };
        match value {
            Value::Array(list) => list.iter_mut().for_each(keep),
            other => keep(other),
        }
        true
    });
    resource
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "JSON stands at the call as it is")]
mod tests {
    use super::*;

    fn read(resource: Value) -> Result<WantedUser, String> {
        WantedUser::read(resource.as_object().unwrap(), None)
            .map_err(|error| format!("{}: {}", error.violations()[0].field, error.violations()[0].reason.id))
    }

    #[test]
    fn a_user_is_read_as_okta_and_entra_write_one() {
        let okta = read(json!({
            "schemas": [USER], "userName": "li.lei@example.com", "externalId": "00u1", "displayName": "Lei Li",
            "name": {"givenName": "Lei", "familyName": "Li"}, "locale": "en-US", "password": "x",
            "emails": [{"value": "home@example.com", "type": "home"},
                       {"value": "work@example.com", "type": "work", "primary": true}],
            "groups": [], "active": true, "roles": [{"value": "administrator"}],
        }))
        .unwrap();
        assert_eq!((okta.display_name.as_str(), okta.email.as_str()), ("Lei Li", "work@example.com"));
        let entra = read(json!({
            "userName": "li.lei", "active": "False", "name": {"givenName": "雷", "familyName": "李"},
            "phoneNumbers": [{"type": "mobile", "value": "13800138000"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "x"},
        }))
        .unwrap();
        assert_eq!((entra.display_name.as_str(), entra.phone.as_str(), entra.active), ("李雷", "13800138000", false));
        assert_eq!(read(json!({"userName": "li.lei"})).unwrap().display_name, "li.lei");
    }

    #[test]
    fn what_does_not_fit_is_named_as_the_client_names_it() {
        for (resource, refusal) in [
            (json!({}), "userName: "),
            (json!({"userName": 7}), "userName: VALUE_INVALID"),
            (json!({"userName": "a b"}), "userName: "),
            (json!({"userName": "li.lei", "active": "maybe"}), "active: VALUE_INVALID"),
            (json!({"userName": "li.lei", "emails": "x"}), "emails: VALUE_INVALID"),
            (json!({"userName": "li.lei", "emails": [{"value": "no address"}]}), "emails: "),
            (json!({"userName": "li.lei", "displayName": "x".repeat(65)}), "displayName: "),
        ] {
            let refused = read(resource.clone()).expect_err(&resource.to_string());
            assert!(refused.starts_with(refusal), "{refused} for {resource}");
        }
    }

    #[test]
    fn a_client_gets_the_attributes_that_it_asks_for() {
        let user = json!({"schemas": [], "id": "1", "userName": "x", "name": {"formatted": "a", "givenName": "b"},
                          "emails": [{"value": "e", "type": "work"}]});
        let names = |attributes: &str, excluded: &str| {
            let shown = projected(user.clone(), attributes, excluded);
            shown.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("", ""), "schemas id userName name emails");
        assert_eq!(names("USERNAME", ""), "schemas id userName");
        assert_eq!(names("", "emails,id,name"), "schemas id userName");
        let shown = projected(user.clone(), "name.formatted, emails.value", "");
        assert_eq!((&shown["name"], &shown["emails"]), (&json!({"formatted": "a"}), &json!([{"value": "e"}])));
    }
}
