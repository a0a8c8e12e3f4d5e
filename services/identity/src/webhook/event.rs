//! The events of all services as messages of webhooks. Which there are, and what they hold, follows from the contracts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use contracts::identity::WebhookEventType;
use platform::error::{Error, Result};
use platform::events::Envelope;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, MessageDescriptor, SerializeOptions};
use serde_json::json;
use uuid::Uuid;

/// The type of messages that only try an endpoint.
pub const TEST: &str = "webhooks.test";

/// Number of `message_type` in a file's descriptor.
const MESSAGE: i32 = 4;

struct Known {
    message: MessageDescriptor,
    description: String,
}

/// By type.
static KNOWN: LazyLock<BTreeMap<String, Known>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(contracts::DESCRIPTOR_SET).expect("start-up has read the descriptors");
    let files =
        pool.files().filter(|file| file.name().starts_with("changke/") && file.name().ends_with("/events.proto"));
    files.flat_map(|file| file.messages().map(|message| known(&file, message)).collect::<Vec<_>>()).collect()
});

fn known(file: &FileDescriptor, message: MessageDescriptor) -> (String, Known) {
    let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
    let comment = locations
        .filter(|location| matches!(location.path[..], [MESSAGE, index] if index as usize == position(file, &message)))
        .map(|location| location.leading_comments().split_whitespace().collect::<Vec<_>>().join(" "))
        .next();
    let name = type_of(message.full_name()).unwrap_or_default();
    (name, Known { message, description: comment.unwrap_or_default() })
}

fn position(file: &FileDescriptor, message: &MessageDescriptor) -> usize {
    file.messages().position(|other| other == *message).unwrap_or(usize::MAX)
}

/// `changke.customers.v1.CustomerChanged` → `customers.customer_changed`.
fn type_of(full_name: &str) -> Option<String> {
    let mut segments = full_name.strip_prefix("changke.")?.split('.');
    let (service, name) = (segments.next()?, segments.next_back()?);
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    Some(format!("{service}.{snake}"))
}

/// The types of events behind one, in their order.
pub fn types(after: &str) -> impl Iterator<Item = WebhookEventType> {
    let behind = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
    KNOWN
        .range(behind)
        .map(|(name, known)| WebhookEventType { r#type: name.clone(), description: known.description.clone() })
}

/// Whether a pattern takes any event that there is.
pub fn is_known(pattern: &str) -> bool {
    KNOWN.keys().any(|name| matches(pattern, name))
}

/// Whether a pattern, `customers.customer_changed`, `customers.*` or `*`, takes a type.
pub fn matches(pattern: &str, event_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(service) => service.ends_with('.') && event_type.starts_with(service),
        None => pattern == event_type,
    }
}

/// An event as it is kept for sending.
pub struct Message {
    pub id: Uuid,
    pub event_type: String,
    pub record_id: Uuid,
    pub time: DateTime<Utc>,
    pub body: String,
}

/// The type of an event; nothing for one that no contract of this version knows.
pub fn known_type(event: &Envelope) -> Option<String> {
    type_of(&event.event_type).filter(|name| KNOWN.contains_key(name))
}

pub fn message(event: &Envelope, event_type: String) -> Result<Message> {
    let Some(known) = KNOWN.get(&event_type) else {
        return Err(Error::internal(anyhow::anyhow!("no contract knows {event_type}")));
    };
    let data = DynamicMessage::decode(known.message.clone(), event.payload.clone()).map_err(Error::internal)?;
    // As the gateway answers: fields that are empty are there.
    let options = SerializeOptions::new().skip_default_fields(false);
    let data = data.serialize_with_options(serde_json::value::Serializer, &options).map_err(Error::internal)?;
    let body = body(&event_type, event.time, &data);
    Ok(Message { id: event.id, event_type, record_id: event.aggregate_id, time: event.time, body })
}

/// A message that tries an endpoint, which is its record.
pub fn test_message(endpoint_id: Uuid, now: DateTime<Utc>) -> Message {
    Message {
        id: Uuid::now_v7(),
        event_type: TEST.to_owned(),
        record_id: endpoint_id,
        time: now,
        body: body(TEST, now, &json!({"endpointId": endpoint_id})),
    }
}

fn body(event_type: &str, time: DateTime<Utc>, data: &serde_json::Value) -> String {
    let timestamp = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({"type": event_type, "timestamp": timestamp, "data": data}).to_string()
}

#[cfg(test)]
mod tests {
    use contracts::identity::GroupChanged;
    use prost::{Message as _, Name};

    use super::*;

    #[test]
    fn every_event_of_the_contracts_has_a_type() {
        let types: Vec<WebhookEventType> = types("").collect();
        for expected in ["customers.customer_changed", "identity.employee_changed", "identity.webhook_endpoint_changed"]
        {
            let found = types.iter().find(|known| known.r#type == expected).unwrap();
            assert!(found.description.len() > 20, "{expected}: {}", found.description);
        }
        assert!(types.is_sorted_by(|one, other| one.r#type < other.r#type));
        assert_eq!(super::types(&types[0].r#type).count(), types.len() - 1);
    }

    #[test]
    fn patterns_take_a_type_a_service_or_all() {
        for (pattern, taken) in [
            ("*", true),
            ("customers.*", true),
            ("customers.customer_changed", true),
            ("customers.customer", false),
            ("customers*", false),
            ("custom.*", false),
            ("identity.*", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, "customers.customer_changed"), taken, "{pattern}");
        }
        assert!(is_known("identity.*") && !is_known("identity.nothing") && !is_known("sale.*"));
    }

    #[test]
    fn a_message_holds_the_event_as_the_gateway_writes_it() {
        let id = Uuid::now_v7();
        let event = GroupChanged { id: id.to_string(), revision: 7, ..Default::default() };
        let envelope = Envelope {
            id: Uuid::now_v7(),
            event_type: GroupChanged::full_name(),
            aggregate: "group".into(),
            aggregate_id: id,
            time: DateTime::UNIX_EPOCH,
            payload: event.encode_to_vec().into(),
            stream_sequence: 1,
            traceparent: None,
        };
        let event_type = known_type(&envelope).unwrap();
        let body = message(&envelope, event_type).unwrap().body;
        let expected = format!(
            r#"{{"type":"identity.group_changed","timestamp":"1970-01-01T00:00:00.000000Z","data":{{"id":"{id}","revision":"7","parentId":"","deleted":false}}}}"#
        );
        assert_eq!(body, expected);
    }
}
