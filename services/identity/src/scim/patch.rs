//! PATCH (RFC 7644, 3.5.2) on the JSON of a resource: add, replace and remove, with and without a path. Pure; what the
//! resource makes of the outcome is decided where it is read, as for a whole one.

use serde_json::{Map, Value, json};

use super::filter::{self, Filter};

#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a list of operations as the standard has it.
    Syntax,
    Path,
    /// Nothing matches the filter of the path.
    NoTarget,
}

const MAX_OPERATIONS: usize = 1000;

/// Applies the operations of a request in their order; all or none.
pub fn apply(resource: &Value, request: &Map<String, Value>) -> Result<Value, Fault> {
    let operations = request.iter().find(|(name, _)| name.eq_ignore_ascii_case("operations"));
    let operations = operations.and_then(|(_, list)| list.as_array()).ok_or(Fault::Syntax)?;
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(Fault::Syntax);
    }
    let mut patched = resource.clone();
    for operation in operations {
        let part = |name: &str| filter::member(operation, name);
        let verb = part("op").and_then(Value::as_str).map(str::to_ascii_lowercase).ok_or(Fault::Syntax)?;
        let verb = match verb.as_str() {
            "add" => Verb::Add,
            "replace" => Verb::Replace,
            "remove" => Verb::Remove,
            _ => return Err(Fault::Syntax),
        };
        let value = part("value");
        let path = part("path").and_then(Value::as_str).filter(|path| !path.is_empty());
        match (path, value) {
            (Some(path), value) => at(&mut patched, &Path::parse(path)?, verb, value)?,
            (None, Some(Value::Object(members))) if verb != Verb::Remove => {
                // Each member is a path of its own: Entra writes `"name.givenName": "Lei"`.
                for (name, value) in members {
                    if name.contains("extension:") || name.eq_ignore_ascii_case("schemas") {
                        continue;
                    }
                    at(&mut patched, &Path::parse(name)?, verb, Some(value))?;
                }
            }
            (None, _) if verb == Verb::Remove => return Err(Fault::NoTarget),
            _ => return Err(Fault::Syntax),
        }
    }
    Ok(patched)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// `attribute[filter].sub`
struct Path {
    attribute: String,
    filter: Option<Filter>,
    sub: Option<String>,
}

impl Path {
    fn parse(text: &str) -> Result<Self, Fault> {
        let (head, rest) = match text.split_once('[') {
            Some((head, rest)) => (head, Some(rest)),
            None => (text, None),
        };
        let head = filter::attribute(head.trim());
        let fits =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_$:".contains(c));
        if let Some(rest) = rest {
            let (inside, behind) = rest.rsplit_once(']').ok_or(Fault::Path)?;
            let sub = match behind {
                "" => None,
                behind => Some(behind.strip_prefix('.').filter(|sub| fits(sub)).ok_or(Fault::Path)?),
            };
            let inside = filter::parse(inside).map_err(|_| Fault::Path)?;
            let sub = sub.map(str::to_ascii_lowercase);
            return if fits(&head) {
                Ok(Self { attribute: head, filter: Some(inside), sub })
            } else {
                Err(Fault::Path)
            };
        }
        // Attributes of extensions have dots in their URN; nothing is kept of them.
        let (attribute, sub) = match head.split_once('.') {
            Some((attribute, sub)) if !head.starts_with("urn:") => (attribute.to_owned(), Some(sub.to_owned())),
            _ => (head.clone(), None),
        };
        let good = (head.starts_with("urn:") || fits(&attribute)) && sub.as_deref().is_none_or(fits);
        if good { Ok(Self { attribute, filter: None, sub }) } else { Err(Fault::Path) }
    }
}

/// The member of an object by its name without regard to case; a new one is called as the path has it.
fn slot<'v>(object: &'v mut Map<String, Value>, name: &str) -> &'v mut Value {
    let known = object.keys().find(|found| found.eq_ignore_ascii_case(name)).cloned();
    object.entry(known.unwrap_or_else(|| name.to_owned())).or_insert(Value::Null)
}

fn remove(object: &mut Map<String, Value>, name: &str) {
    object.retain(|found, _| !found.eq_ignore_ascii_case(name));
}

fn at(resource: &mut Value, path: &Path, verb: Verb, value: Option<&Value>) -> Result<(), Fault> {
    let Some(object) = resource.as_object_mut() else { return Err(Fault::Syntax) };
    if verb != Verb::Remove && value.is_none() {
        return Err(Fault::Syntax);
    }
    if let Some(filter) = &path.filter {
        return among(slot(object, &path.attribute), filter, path.sub.as_deref(), verb, value);
    }
    if let Some(sub) = &path.sub {
        return below(slot(object, &path.attribute), sub, verb, value);
    }
    match verb {
        Verb::Remove => {
            let present = slot(object, &path.attribute);
            match (present.as_array_mut(), value.and_then(Value::as_array)) {
                // Entra names the members to remove in the value.
                (Some(list), Some(gone)) => list.retain(|element| !gone.iter().any(|gone| same(element, gone))),
                _ => remove(object, &path.attribute),
            }
        }
        Verb::Replace => *slot(object, &path.attribute) = value.cloned().unwrap_or_default(),
        Verb::Add => add(slot(object, &path.attribute), value.cloned().unwrap_or_default()),
    }
    Ok(())
}

/// Elements of a list are the same when their values are.
fn same(left: &Value, right: &Value) -> bool {
    let value = |element: &Value| filter::member(element, "value").cloned();
    left == right || (value(left).is_some() && value(left) == value(right))
}

fn add(present: &mut Value, value: Value) {
    match (present, value) {
        (Value::Array(list), Value::Array(more)) => {
            for element in more {
                if !list.iter().any(|known| same(known, &element)) {
                    list.push(element);
                }
            }
        }
        (Value::Array(list), one) => {
            if !list.iter().any(|known| same(known, &one)) {
                list.push(one);
            }
        }
        (Value::Object(object), Value::Object(more)) => {
            for (name, value) in more {
                *slot(object, &name) = value;
            }
        }
        (present, value) => *present = value,
    }
}

/// A sub-attribute, of an object or of every element of a list.
fn below(present: &mut Value, sub: &str, verb: Verb, value: Option<&Value>) -> Result<(), Fault> {
    if present.is_null() {
        *present = json!({});
    }
    let set = |object: &mut Map<String, Value>| match verb {
        Verb::Remove => remove(object, sub),
        _ => *slot(object, sub) = value.cloned().unwrap_or_default(),
    };
    match present {
        Value::Object(object) => set(object),
        Value::Array(list) => list.iter_mut().filter_map(Value::as_object_mut).for_each(set),
        _ => return Err(Fault::Path),
    }
    Ok(())
}

/// The elements of a list for which a filter holds. What is set where none does comes into being, as the filter
/// describes it.
fn among(
    present: &mut Value,
    filter: &Filter,
    sub: Option<&str>,
    verb: Verb,
    value: Option<&Value>,
) -> Result<(), Fault> {
    if present.is_null() {
        *present = json!([]);
    }
    let list = present.as_array_mut().ok_or(Fault::Path)?;
    if verb == Verb::Remove && sub.is_none() {
        list.retain(|element| !filter.holds(element));
        return Ok(());
    }
    if !list.iter().any(|element| filter.holds(element)) {
        if verb == Verb::Remove {
            return Err(Fault::NoTarget);
        }
        let mut made = Map::new();
        describe(filter, &mut made)?;
        list.push(Value::Object(made));
    }
    for element in list.iter_mut().filter(|element| filter.holds(element)) {
        match (sub, value) {
            (Some(sub), value) => below(element, sub, verb, value)?,
            (None, Some(value)) => add(element, value.clone()),
            (None, None) => return Err(Fault::Syntax),
        }
    }
    Ok(())
}

/// The element that a filter of equalities describes.
fn describe(filter: &Filter, element: &mut Map<String, Value>) -> Result<(), Fault> {
    match filter {
        Filter::And(left, right) => {
            describe(left, element)?;
            describe(right, element)
        }
        Filter::Compare(name, filter::Op::Eq, value) => {
            element.insert(name.clone(), value.clone());
            Ok(())
        }
        _ => Err(Fault::NoTarget),
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "JSON stands at the call as it is")]
mod tests {
    use super::*;

    fn patched(operations: Value) -> Result<Value, Fault> {
        let user = json!({
            "userName": "lilei", "displayName": "李雷", "active": true, "name": {"formatted": "李雷"},
            "emails": [{"type": "work", "value": "a@example.com", "primary": true}],
            "members": [{"value": "1"}, {"value": "2"}],
        });
        apply(&user, json!({"Operations": operations}).as_object().unwrap())
    }

    fn one(op: &str, path: &str, value: Value) -> Value {
        patched(json!([{"op": op, "path": path, "value": value}])).unwrap()
    }

    #[test]
    fn values_are_set_where_the_path_leads() {
        assert_eq!(one("Replace", "active", json!("False"))["active"], "False");
        assert_eq!(one("replace", "USERNAME", json!("x"))["userName"], "x");
        assert_eq!(
            one("add", "name.givenName", json!("Lei"))["name"],
            json!({"formatted": "李雷", "givenname": "Lei"})
        );
        let changed = one("replace", r#"emails[type eq "work"].value"#, json!("b@example.com"));
        assert_eq!(changed["emails"], json!([{"type": "work", "value": "b@example.com", "primary": true}]));
        let made = one("add", r#"phoneNumbers[type eq "mobile"].value"#, json!("138"));
        assert_eq!(made["phonenumbers"], json!([{"type": "mobile", "value": "138"}]));
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User:displayName";
        assert_eq!(one("replace", urn, json!("x"))["displayName"], "x");
        let whole =
            patched(json!([{"op": "replace", "value": {"displayName": "x", "name.familyName": "Li"}}])).unwrap();
        assert_eq!((&whole["displayName"], &whole["name"]["familyname"]), (&json!("x"), &json!("Li")));
        let kept = patched(json!([{"op": "add", "value":
            {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "x"}}}]));
        assert!(kept.is_ok());
        let dotted = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert_eq!(one("add", dotted, json!("x"))["userName"], "lilei");
    }

    #[test]
    fn lists_grow_and_shrink_by_their_elements() {
        let values = |resource: Value| -> Vec<String> {
            let members = resource["members"].as_array().cloned().unwrap_or_default();
            members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(values(one("add", "members", json!([{"value": "2"}, {"value": "3"}]))), ["1", "2", "3"]);
        assert_eq!(values(one("add", "members", json!({"value": "3"}))), ["1", "2", "3"]);
        assert_eq!(values(one("replace", "members", json!([{"value": "9"}]))), ["9"]);
        assert_eq!(values(one("remove", r#"members[value eq "1"]"#, Value::Null)), ["2"]);
        assert_eq!(values(one("remove", "members", json!([{"value": "2"}]))), ["1"]);
        let all = patched(json!([{"op": "remove", "path": "members"}])).unwrap();
        assert!(all.get("members").is_none());
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        for (operations, fault) in [
            (json!([]), Fault::Syntax),
            (json!("x"), Fault::Syntax),
            (json!([{"op": "move", "path": "a"}]), Fault::Syntax),
            (json!([{"op": "add", "path": "a"}]), Fault::Syntax),
            (json!([{"op": "add", "value": "x"}]), Fault::Syntax),
            (json!([{"op": "remove"}]), Fault::NoTarget),
            (json!([{"op": "remove", "path": "emails[type eq \"home\"].value"}]), Fault::NoTarget),
            (json!([{"op": "replace", "path": "emails[type", "value": 1}]), Fault::Path),
            (json!([{"op": "replace", "path": "emails[type eq]", "value": 1}]), Fault::Path),
            (json!([{"op": "replace", "path": "a b", "value": 1}]), Fault::Path),
            (json!([{"op": "replace", "path": "active.x", "value": 1}]), Fault::Path),
            (json!([{"op": "replace", "path": "emails[value co \"zz\"].type", "value": 1}]), Fault::NoTarget),
        ] {
            assert_eq!(patched(operations.clone()), Err(fault), "{operations}");
        }
    }
}
