//! What may be written about a provider.

use contracts::identity::{IdentityProvider, RoleMapping};
use platform::db::FieldChange;
use platform::error::{Error, Result, reason};
use uuid::Uuid;

use crate::error;

/// What an update may name.
pub const PATHS: [&str; 12] = [
    "name",
    "issuer",
    "client_id",
    "client_secret",
    "scopes",
    "group_claim",
    "role_mappings",
    "default_group_id",
    "create_employees",
    "trust_email",
    "trust_second_factor",
    "enabled",
];

/// Trims what people type and spells ids one way.
pub fn clean(provider: &mut IdentityProvider, insecure_permitted: bool) -> Result<()> {
    for text in [&mut provider.name, &mut provider.issuer, &mut provider.client_id, &mut provider.group_claim] {
        *text = text.trim().to_owned();
    }
    let ids = provider.role_mappings.iter_mut().map(|mapping| &mut mapping.role_id);
    for id in ids.chain([&mut provider.default_group_id]) {
        if let Ok(parsed) = id.parse::<Uuid>() {
            *id = parsed.to_string();
        }
    }
    for (field, value) in [("name", &provider.name), ("client_id", &provider.client_id)] {
        if value.is_empty() {
            return Err(Error::invalid(format!("identity_provider.{field}"), &reason::VALUE_REQUIRED));
        }
    }
    let issuer = |reason| Err(Error::invalid("identity_provider.issuer", reason));
    match openidconnect::IssuerUrl::new(provider.issuer.clone()) {
        Ok(url) if !url.url().username().is_empty() || url.url().password().is_some() => issuer(&reason::VALUE_INVALID),
        Ok(url) if url.url().scheme() == "https" || insecure_permitted => Ok(()),
        Ok(_) => issuer(&error::ISSUER_INSECURE),
        Err(_) => issuer(&reason::VALUE_INVALID),
    }
}

/// The provider with the fields that a mask names taken from another. Another issuer knows other people and another
/// secret, so the present one goes nowhere.
pub fn merged(before: &IdentityProvider, asked: &IdentityProvider, paths: &[&str]) -> IdentityProvider {
    let mut after = before.clone();
    for path in paths {
        match *path {
            "name" => after.name.clone_from(&asked.name),
            "issuer" => after.issuer.clone_from(&asked.issuer),
            "client_id" => after.client_id.clone_from(&asked.client_id),
            "scopes" => after.scopes.clone_from(&asked.scopes),
            "group_claim" => after.group_claim.clone_from(&asked.group_claim),
            "role_mappings" => after.role_mappings.clone_from(&asked.role_mappings),
            "default_group_id" => after.default_group_id.clone_from(&asked.default_group_id),
            "create_employees" => after.create_employees = asked.create_employees,
            "trust_email" => after.trust_email = asked.trust_email,
            "trust_second_factor" => after.trust_second_factor = asked.trust_second_factor,
            "enabled" => after.enabled = asked.enabled,
            _ => after.client_secret.clone_from(&asked.client_secret),
        }
    }
    after
}

/// The mappings by which a change gives roles to others than before: those that are new, and all of them where other
/// people come in, or the same by other groups.
pub fn given(before: &IdentityProvider, after: &IdentityProvider) -> Vec<RoleMapping> {
    fn people(provider: &IdentityProvider) -> impl PartialEq {
        (
            (provider.issuer.clone(), provider.client_id.clone(), provider.scopes.clone()),
            (provider.group_claim.clone(), provider.default_group_id.clone()),
            (provider.create_employees, provider.trust_email),
        )
    }
    let same = people(before) == people(after);
    after.role_mappings.iter().filter(|mapping| !same || !before.role_mappings.contains(mapping)).cloned().collect()
}

/// Before and after of each field that differs, without the secret itself.
pub fn changes(before: &IdentityProvider, after: &IdentityProvider, secret_replaced: bool) -> Vec<FieldChange> {
    let fields = |provider: &IdentityProvider| {
        let mappings =
            provider.role_mappings.iter().map(|mapping| format!("{} → {}", mapping.provider_group, mapping.role_id));
        let flag = |set: bool| if set { "true".to_owned() } else { String::new() };
        [
            ("name", provider.name.clone()),
            ("issuer", provider.issuer.clone()),
            ("client_id", provider.client_id.clone()),
            ("scopes", provider.scopes.join(" ")),
            ("group_claim", provider.group_claim.clone()),
            ("role_mappings", mappings.collect::<Vec<_>>().join(", ")),
            ("default_group_id", provider.default_group_id.clone()),
            ("create_employees", flag(provider.create_employees)),
            ("trust_email", flag(provider.trust_email)),
            ("trust_second_factor", flag(provider.trust_second_factor)),
            ("enabled", flag(provider.enabled)),
        ]
    };
    let mut changes = FieldChange::between(fields(before), fields(after));
    if secret_replaced {
        changes.push(FieldChange::set("client_secret", "***"));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_safely_or_not_at_all() {
        let with = |issuer: &str, insecure| {
            let mut provider = IdentityProvider {
                name: "x".into(),
                client_id: "x".into(),
                issuer: issuer.into(),
                ..Default::default()
            };
            let refused = clean(&mut provider, insecure).err();
            refused.map(|error| error.violations()[0].reason.id).unwrap_or_default()
        };
        assert_eq!(with("https://login.example.com/realms/a", false), "");
        assert_eq!(with("http://127.0.0.1:8080", false), "ISSUER_INSECURE");
        assert_eq!(with("http://127.0.0.1:8080", true), "");
        assert_eq!(with("https://user:secret@example.com", false), "VALUE_INVALID");
        assert_eq!(with("nonsense", true), "VALUE_INVALID");
    }
}
