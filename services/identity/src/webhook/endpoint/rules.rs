//! What may be written about an endpoint.

pub use contracts::identity::WebhookDisableReason as DisableReason;
use contracts::identity::WebhookEndpoint;
use platform::db::FieldChange;
use platform::error::{Error, Reason, Result, Violation, reason};
use url::{Host, Url};

use crate::config::WebhookConfig;
use crate::error;
use crate::webhook::{event, transport};

/// Endpoints of an installation: each sees every event.
pub const MOST: i64 = 50;

/// Trims texts, spells the URL one way, and refuses what no message could be sent to or would be sent for.
pub fn clean(endpoint: &mut WebhookEndpoint, config: &WebhookConfig) -> Result<()> {
    for text in [&mut endpoint.name, &mut endpoint.description, &mut endpoint.url] {
        *text = text.trim().to_owned();
    }
    let mut violations = Vec::new();
    let mut refuse = |field: String, reason: &'static Reason| {
        violations.push(Violation { field: format!("endpoint.{field}"), reason, args: Vec::new() });
    };
    if endpoint.name.is_empty() {
        refuse("name".to_owned(), &reason::VALUE_REQUIRED);
    }
    match url(&endpoint.url, config) {
        Ok(url) => endpoint.url = url.to_string(),
        Err(reason) => refuse("url".to_owned(), reason),
    }
    for (index, pattern) in endpoint.event_types.iter().enumerate() {
        if !event::is_known(pattern) {
            refuse(format!("event_types[{index}]"), &error::WEBHOOK_EVENT_TYPE_UNKNOWN);
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid_fields(violations)) }
}

/// Names are looked up when a message is sent, not here: the answer would tell what there is inside.
fn url(text: &str, config: &WebhookConfig) -> Result<Url, &'static Reason> {
    let url = Url::parse(text).map_err(|_| &error::WEBHOOK_URL_INVALID)?;
    match url.scheme() {
        "https" => {}
        "http" if config.allow_http => {}
        "http" => return Err(&error::WEBHOOK_URL_HTTPS),
        _ => return Err(&error::WEBHOOK_URL_INVALID),
    }
    let credentials = !url.username().is_empty() || url.password().is_some();
    if credentials || url.fragment().is_some() || url.port() == Some(0) {
        return Err(&error::WEBHOOK_URL_INVALID);
    }
    if !transport::permits_literal(&config.allow_private_networks, &url) {
        return Err(&error::WEBHOOK_ADDRESS_REFUSED);
    }
    let local = |name: &str| name == "localhost" || name.ends_with(".localhost");
    if matches!(url.host(), Some(Host::Domain(name)) if local(name.trim_end_matches('.')))
        && config.allow_private_networks.is_empty()
    {
        return Err(&error::WEBHOOK_ADDRESS_REFUSED);
    }
    Ok(url)
}

/// The endpoint with the fields that a mask names taken from another.
pub fn merged(before: &WebhookEndpoint, asked: &WebhookEndpoint, paths: &[&str]) -> WebhookEndpoint {
    let mut after = before.clone();
    for path in paths {
        match *path {
            "name" => after.name.clone_from(&asked.name),
            "url" => after.url.clone_from(&asked.url),
            "description" => after.description.clone_from(&asked.description),
            "event_types" => after.event_types.clone_from(&asked.event_types),
            // The only one left that an update may name.
            _ => after.enabled = asked.enabled,
        }
    }
    after
}

pub fn change(field: &str, before: &str, after: &str) -> FieldChange {
    FieldChange { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

/// Before and after of each field that differs. Receivers put keys of their own into paths and queries, so of the URL
/// the trail shows the origin alone.
pub fn changes(before: &WebhookEndpoint, after: &WebhookEndpoint) -> Vec<FieldChange> {
    let enabled = |endpoint: &WebhookEndpoint| if endpoint.enabled { "true" } else { "false" };
    let mut changes = vec![
        change("name", &before.name, &after.name),
        change("description", &before.description, &after.description),
        change("event_types", &before.event_types.join(", "), &after.event_types.join(", ")),
        change("enabled", enabled(before), enabled(after)),
    ];
    changes.retain(|change| change.before != change.after);
    if before.url != after.url {
        changes.push(change("url", &origin(&before.url), &origin(&after.url)));
    }
    changes
}

fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> WebhookEndpoint {
        WebhookEndpoint {
            name: " erp ".into(),
            url: url.into(),
            event_types: vec!["customers.*".into()],
            ..Default::default()
        }
    }

    fn refusal(url: &str, config: &WebhookConfig) -> &'static str {
        clean(&mut endpoint(url), config).map_or_else(|error| error.violations()[0].reason.id, |()| "")
    }

    #[test]
    fn a_url_leads_outside_and_nowhere_else() {
        let strict = WebhookConfig::default();
        for (url, expected) in [
            ("https://example.com/hook?key=1", ""),
            ("https://例子.测试:8443/", ""),
            ("http://example.com/", "WEBHOOK_URL_HTTPS"),
            ("ftp://example.com/", "WEBHOOK_URL_INVALID"),
            ("file:///etc/passwd", "WEBHOOK_URL_INVALID"),
            ("https://user:secret@example.com/", "WEBHOOK_URL_INVALID"),
            ("https://user@example.com/", "WEBHOOK_URL_INVALID"),
            ("https://example.com/#there", "WEBHOOK_URL_INVALID"),
            ("https://example.com:0/", "WEBHOOK_URL_INVALID"),
            ("example.com", "WEBHOOK_URL_INVALID"),
            ("https://", "WEBHOOK_URL_INVALID"),
            ("https://127.0.0.1/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://0x7f000001/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://[::ffff:10.0.0.1]/", "WEBHOOK_ADDRESS_REFUSED"),
            ("https://localhost./", "WEBHOOK_ADDRESS_REFUSED"),
        ] {
            assert_eq!(refusal(url, &strict), expected, "{url}");
        }
        let open = WebhookConfig {
            allow_http: true,
            allow_private_networks: vec!["10.0.0.0/8".parse().unwrap()],
            ..WebhookConfig::default()
        };
        assert_eq!(refusal("http://10.1.2.3:8080/", &open), "");
        assert_eq!(refusal("http://192.168.0.1/", &open), "WEBHOOK_ADDRESS_REFUSED");
    }

    #[test]
    fn the_trail_does_not_show_the_keys_of_receivers() {
        let (before, mut after) = (endpoint("https://a.example/x"), endpoint("https://b.example/hook/s3cret?k=s3cret"));
        after.enabled = true;
        let text = format!("{:?}", changes(&before, &after));
        assert!(!text.contains("s3cret") && text.contains("https://b.example"), "{text}");
        let mut unknown = endpoint("https://a.example/");
        unknown.event_types.push("customers.nothing".into());
        let refused = clean(&mut unknown, &WebhookConfig::default()).unwrap_err();
        assert_eq!(refused.violations()[0].field, "endpoint.event_types[1]");
    }
}
