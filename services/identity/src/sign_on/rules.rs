//! What a provider's word amounts to here.

use std::collections::BTreeSet;

use contracts::identity::RoleMapping;
use platform::error::{Error, Result, reason};
use serde_json::{Map, Value};

/// Who stands at the other end, as the ID token says.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub subject: String,
    pub display_name: String,
    pub preferred_name: String,
    pub email: String,
    pub email_verified: bool,
    /// Nothing where the provider does not say.
    pub groups: Option<BTreeSet<String>>,
    /// The provider says that it has asked for a second factor.
    pub second_factor: bool,
}

/// Ways of proving who one is (RFC 8176) that are more than something one knows. Messages to a phone are left out:
/// a provider that counts them says `mfa` as well.
const SECOND_FACTORS: [&str; 9] = ["mfa", "otp", "hwk", "swk", "sc", "face", "fpt", "iris", "vbm"];

/// Names that classes of sign-in with several factors go by.
const CLASSES: [&str; 4] =
    ["http://schemas.openid.net/pape/policies/2007/06/multi-factor", "https://refeds.org/profile/mfa", "phr", "phrh"];

/// Whether a second factor was asked for, by the claims `amr` and `acr`.
pub fn second_factor<'a>(mut methods: impl Iterator<Item = &'a str>, class: Option<&str>) -> bool {
    methods.any(|method| SECOND_FACTORS.contains(&method)) || class.is_some_and(|class| CLASSES.contains(&class))
}

/// A page of the console, which an address of another site is not.
pub fn check_return(path: &str) -> Result<()> {
    let refused = path.chars().any(|character| character.is_control() || character == '\\');
    let local = path.starts_with('/') && !path.starts_with("//");
    if path.is_empty() || (local && !refused) {
        return Ok(());
    }
    Err(Error::invalid("return_to", &reason::VALUE_INVALID))
}

/// The groups that a claim lists: by its whole name, or one step down at each dot. Absent is none, unless the provider
/// says that the list is kept elsewhere because it is too long.
pub fn groups(claims: &Map<String, Value>, name: &str) -> Option<BTreeSet<String>> {
    if name.is_empty() || claims.get("_claim_names").is_some_and(|elsewhere| elsewhere.get(name).is_some()) {
        return None;
    }
    let found = claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, step| value.get(step))
    });
    Some(match found {
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(group)) => BTreeSet::from([group.clone()]),
        _ => BTreeSet::new(),
    })
}

/// The roles of an employee after a sign-on: those that no mapping names stay, of the others those whose group lists the
/// person.
pub fn synchronised(before: &[String], mappings: &[RoleMapping], groups: Option<&BTreeSet<String>>) -> Vec<String> {
    let Some(groups) = groups else { return before.to_vec() };
    let mapped: BTreeSet<&str> = mappings.iter().map(|mapping| mapping.role_id.as_str()).collect();
    let wanted = mappings.iter().filter(|mapping| groups.contains(&mapping.provider_group));
    let wanted: BTreeSet<&str> = wanted.map(|mapping| mapping.role_id.as_str()).collect();
    let kept = before.iter().map(String::as_str).filter(|role| !mapped.contains(role));
    kept.chain(wanted.iter().copied()).map(str::to_owned).collect()
}

/// Login names to try for a new employee, best first.
pub fn login_names(person: &Person) -> Vec<String> {
    let fits = |text: &str| {
        let name: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "._@-".contains(*c)).take(60).collect();
        let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        (name.len() >= 2).then_some(name)
    };
    let chosen = [&person.preferred_name, &person.email].into_iter().find_map(|text| fits(text));
    let chosen = chosen.unwrap_or_else(|| "employee".to_owned());
    let numbered = (2..=9).map(|number| format!("{chosen}-{number}"));
    let random = format!("{}-{:08x}", chosen.chars().take(50).collect::<String>(), rand::random::<u32>());
    [chosen.clone()].into_iter().chain(numbered).chain([random]).collect()
}

/// The name to show for a new employee.
pub fn display_name(person: &Person, login_name: &str) -> String {
    let name: String = person.display_name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    if name.is_empty() { login_name.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_returns_to_this_site_alone() {
        for path in ["", "/", "/customers?filter=a%20b#x"] {
            assert!(check_return(path).is_ok(), "{path}");
        }
        for path in
            ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "evil", "/a\nb", "javascript:x"]
        {
            assert!(check_return(path).is_err(), "{path}");
        }
    }

    #[test]
    fn groups_stand_where_the_claim_says() {
        let claims = json!({"groups": ["a", "b", 7], "one": "x", "realm_access": {"roles": ["r"]}, "a.b": ["c"],
                            "_claim_names": {"many": "src1"}});
        let read = |name: &str| {
            groups(claims.as_object().unwrap(), name).map(|groups| groups.into_iter().collect::<Vec<_>>().join(" "))
        };
        for (name, expected) in [
            ("groups", Some("a b")),
            ("one", Some("x")),
            ("realm_access.roles", Some("r")),
            ("a.b", Some("c")),
            ("nothing", Some("")),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(read(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_second_factor_is_what_the_claims_call_one() {
        for (methods, class, expected) in [
            (&["pwd", "mfa"][..], None, true),
            (&["otp"], None, true),
            (&["pwd", "sms"], None, false),
            (&["MFA", ""], Some("mfa"), false),
            (&[], Some("https://refeds.org/profile/mfa"), true),
            (&[], Some("0"), false),
            (&[], None, false),
        ] {
            assert_eq!(second_factor(methods.iter().copied(), class), expected, "{methods:?} {class:?}");
        }
    }

    #[test]
    fn only_roles_that_the_mapping_names_come_and_go() {
        let mapping = |group: &str, role: &str| RoleMapping { provider_group: group.into(), role_id: role.into() };
        let mappings = [mapping("sales", "s"), mapping("boss", "m"), mapping("crew", "s")];
        let after = |before: &[&str], groups: Option<&[&str]>| {
            let before: Vec<String> = before.iter().map(|role| (*role).to_owned()).collect();
            let groups = groups.map(|groups| groups.iter().map(|group| (*group).to_owned()).collect());
            synchronised(&before, &mappings, groups.as_ref()).join(" ")
        };
        assert_eq!(after(&["own", "m"], Some(&["sales"])), "own s");
        assert_eq!(after(&["own", "m"], Some(&[])), "own");
        assert_eq!(after(&["own", "m"], None), "own m");
        assert_eq!(after(&[], Some(&["crew", "sales", "boss", "other"])), "m s");
    }

    #[test]
    fn a_newcomer_gets_a_name_that_a_login_can_bear() {
        let person = |preferred: &str, email: &str| Person {
            preferred_name: preferred.into(),
            email: email.into(),
            ..Default::default()
        };
        for (preferred, email, expected) in [
            ("li.lei", "", "li.lei"),
            ("李雷", "li+x@example.com", "lix@example.com"),
            ("-_x", "", "employee"),
            ("", "", "employee"),
        ] {
            let names = login_names(&person(preferred, email));
            assert_eq!((names[0].as_str(), names.len()), (expected, 10));
            assert!(names.iter().all(|name| name.len() <= 64));
        }
        assert_eq!(display_name(&Person::default(), "li.lei"), "li.lei");
    }
}
