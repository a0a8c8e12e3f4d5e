//! What every contract must hold, so that a new operation can't forget it. Not checked at start: a running installation
//! has nothing to gain from failing over a missing comment.

use std::collections::{BTreeMap, BTreeSet};

use contracts::options::Dialect;

use super::rules::{DEFAULT_MAX_LEN, ValueRules};
use super::*;

fn contract() -> &'static Contract {
    Contract::get()
}

fn input(method: &Method) -> &'static Message {
    contract().message(method.input)
}

#[test]
fn the_contracts_compile_without_a_fault() {
    assert_eq!(Contract::load().err(), None);
    assert!(contract().methods().len() > 50);
    assert_eq!(contract().domains(), ["customers", "identity", "reporting"]);
}

#[test]
fn every_method_has_a_route_and_one_access_rule() {
    // A method that lacks either is a fault of `load`; here stands what may be public.
    let public: Vec<&str> = contract()
        .methods()
        .iter()
        .filter(|method| method.access == Access::Public)
        .map(|method| method.name.as_str())
        .collect();
    let expected = [
        "ExchangeApiKey",
        "SignIn",
        "CompleteSignIn",
        "StartPasskeySignIn",
        "RefreshSession",
        "GetPasswordPolicy",
        "GetInstallation",
        "RequestPasswordReset",
        "ResetPassword",
        "GetKeySet",
        "ListSignOnOptions",
        "StartSignOn",
        "CompleteSignOn",
    ];
    assert_eq!(public, expected);
    assert!(contract().methods().iter().all(|method| !method.http.is_empty()));
}

#[test]
fn answers_are_given_again_but_where_they_hold_secrets_or_end_what_the_call_rests_on() {
    let mut never: Vec<&str> =
        contract().methods().iter().filter(|method| !method.replayed).map(|method| &*method.name).collect();
    never.sort_unstable();
    let expected = [
        "ChangePassword",
        "CompleteSignIn",
        "CompleteSignOn",
        "CompleteSignOnLink",
        "ConfirmIdentity",
        "CreateRecoveryCodes",
        "DeleteSignOnLink",
        "FinishPasskey",
        "FinishTotp",
        "RefreshSession",
        "RequestPasswordReset",
        "ResetPassword",
        "RevealContact",
        "RevealCustomer",
        "RevealEmployee",
        "RevokeOtherSessions",
        "RevokeSession",
        "SignIn",
        "SignOut",
        "StartPasskey",
        "StartPasskeyConfirmation",
        "StartPasskeySignIn",
        "StartTotp",
    ];
    assert_eq!(never, expected);
}

#[test]
fn lists_are_read_in_pages() {
    let lists = |method: &&Method| {
        let mut fields = contract().message(method.output).fields.iter();
        let read = method.http.iter().any(|rule| rule.verb == Verb::Get);
        let nothing_else = fields.all(|field| field.label == Label::Repeated && field.message().is_some());
        // The permissions are what the contract names; keys are few.
        !["GetPermissionCatalog", "GetKeySet"].contains(&&*method.name)
            && (method.name.starts_with("List") || read && nothing_else)
    };
    for method in contract().methods().iter().filter(lists) {
        let request = input(method);
        let answer = contract().message(method.output);
        for name in ["page_size", "page_token"] {
            assert!(request.field_named(name).is_some(), "{} lacks {name}", request.full_name);
        }
        assert!(answer.field_named("next_page_token").is_some(), "{}", answer.full_name);
        let lists = answer.fields.iter().filter(|field| field.label == Label::Repeated).count();
        assert_eq!(lists, 1, "{} has not one list", answer.full_name);
    }
}

#[test]
fn updates_carry_a_mask_and_an_etag() {
    let mut updates = 0;
    for method in contract().methods() {
        if method.http.iter().all(|rule| rule.verb != Verb::Patch) {
            continue;
        }
        // The standard that prescribes the dialect has patches of its own.
        if method.dialect != Dialect::Unspecified {
            continue;
        }
        let request = input(method);
        let update = request.update.unwrap_or_else(|| panic!("{} has no mask and resource", request.full_name));
        let resource = contract().message(request.fields[update.resource].message().unwrap());
        assert!(resource.field_named("etag").is_some(), "{} has no etag", resource.full_name);
        assert!(method.http.iter().all(|rule| rule.body == Body::Field(update.resource)), "{}", method.path);
        updates += 1;
    }
    assert!(updates > 5);
}

/// Messages that a caller can send, found from the requests down.
fn sent() -> BTreeSet<MessageId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<MessageId> = contract().methods().iter().map(|method| method.input).collect();
    while let Some(id) = open.pop() {
        if contract().message(id).well_known == WellKnown::No && found.insert(id) {
            open.extend(contract().message(id).fields.iter().filter_map(Field::message));
        }
    }
    found
}

#[test]
fn every_text_and_list_that_is_sent_has_a_limit_of_its_own() {
    let mut unlimited = Vec::new();
    for message in sent().into_iter().map(|id| contract().message(id)).filter(|message| !message.map_entry) {
        for field in message.fields.iter().filter(|field| !field.output_only) {
            let limited = |rules: &rules::Rules| match &rules.value {
                ValueRules::Text(text) => {
                    text.max_len.is_some() || text.uuid || text.pattern.is_some() || !text.one_of.is_empty()
                }
                _ => false,
            };
            let good = match (&field.rules.value, field.label, field.kind) {
                (ValueRules::Repeated(list), Label::Repeated, kind) => {
                    list.max_items.is_some() && (kind != Kind::String || limited(&list.items))
                }
                (ValueRules::Map(map), Label::Map, _) => map.max_pairs.is_some() && limited(&map.keys),
                (_, Label::Single, Kind::String) => limited(&field.rules),
                (_, Label::Single, _) => true,
                _ => false,
            };
            if !good {
                unlimited.push(format!("{}.{}", message.name, field.name));
            }
        }
    }
    // Shown to the caller only, though their comments don't begin with it; held by the general limit.
    let known = [
        "Employee.group_name",
        "Employee.role_names",
        "Profile.group_id",
        "Profile.group_name",
        "Profile.role_names",
        "Profile.grants",
        "Customer.update_user_name",
    ];
    let new: Vec<&String> = unlimited.iter().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(new.is_empty(), "without a limit: {new:?}");
    assert_eq!(DEFAULT_MAX_LEN, 1000);
}

#[test]
fn no_two_routes_collide() {
    let mut routes: BTreeMap<String, &str> = BTreeMap::new();
    for method in contract().methods() {
        for rule in &method.http {
            let shape: Vec<&str> = rule
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(text) => text,
                    Segment::Variable(_) => "{}",
                })
                .collect();
            let verb = rule.custom_verb.as_deref().unwrap_or_default();
            let route = format!("{} /{}:{verb}", rule.verb.as_str(), shape.join("/"));
            let root = if method.dialect == Dialect::Scim { "/scim/v2/" } else { "/v1/" };
            assert!(rule.template.starts_with(root), "{}", rule.template);
            if let Some(other) = routes.insert(route.clone(), &method.path) {
                panic!("{route} leads to {other} and to {}", method.path);
            }
        }
    }
}

#[test]
fn services_say_what_they_are_for_and_methods_too_unless_their_name_does() {
    let plain = ["Get", "List", "Create", "Update", "Delete", "Enable", "Restore"];
    for service in contract().services() {
        assert!(!service.comment.is_empty(), "{} has no comment", service.full_name);
    }
    for method in contract().methods() {
        let spoken = plain.iter().any(|verb| method.name.starts_with(verb));
        assert!(spoken || !method.comment.is_empty(), "{} has no comment", method.path);
    }
}

#[test]
fn passwords_and_tokens_are_kept_out_of_logs() {
    for message in contract().messages().iter().filter(|message| message.full_name.starts_with("changke.")) {
        for field in message.fields.iter().filter(|field| field.kind == Kind::String) {
            let secret = field.name.ends_with("password")
                || matches!(
                    field.name.as_str(),
                    "access_token" | "refresh_token" | "device_token" | "challenge" | "totp_code" | "recovery_code"
                );
            assert!(!secret || field.debug_redact, "{}.{} shows in logs", message.full_name, field.name);
        }
    }
}

#[test]
fn lookups_find_what_is_there() {
    let method = contract().method("/changke.customers.v1.CustomerService/GetCustomer").unwrap();
    assert_eq!((method.service.as_str(), method.name.as_str()), ("customers", "GetCustomer"));
    assert_eq!(method.access, Access::Permission(contracts::options::Permission::CustomersRead));
    assert!(contract().method("/changke.customers.v1.CustomerService/Nothing").is_none());
    let customer = contract().message(contract().message_named("changke.customers.v1.Customer").unwrap());
    assert!(customer.holds_personal_data);
    assert_eq!(customer.field_named("customFields"), customer.field_named("custom_fields"));
    assert_eq!(customer.field_index(999), None);
}
