//! An event with what is known about it: a CloudEvent in binary mode, its attributes in `ce-` headers.

use std::str::FromStr;

use anyhow::Context;
use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use prost::{Message, Name};
use uuid::Uuid;

use crate::error::{Error, Result};

const TRACEPARENT: &str = "traceparent";

/// When the event happened that a message with these headers carries.
pub(super) fn time(headers: &HeaderMap) -> anyhow::Result<DateTime<Utc>> {
    let time = headers.get("ce-time").context("ce-time")?;
    DateTime::from_str(time.as_str()).context("ce-time")
}

#[derive(Debug, Clone)]
pub struct Envelope {
    pub id: Uuid,
    /// Full name of the message, such as `changke.customers.v1.CustomerChanged`.
    pub event_type: String,
    pub aggregate: String,
    pub aggregate_id: Uuid,
    /// When the transaction that emitted it began.
    pub time: DateTime<Utc>,
    pub payload: Bytes,
    /// Position in the stream.
    pub stream_sequence: u64,
    pub traceparent: Option<String>,
}

impl Envelope {
    pub fn is<E: Name>(&self) -> bool {
        self.event_type == E::full_name()
    }

    pub fn decode<E: Message + Name + Default>(&self) -> Result<E> {
        if !self.is::<E>() {
            return Err(Error::internal(anyhow::anyhow!("{} is no {}", self.event_type, E::full_name())));
        }
        E::decode(self.payload.clone()).map_err(Error::internal)
    }

    pub(super) fn headers(&self, service: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, self.id.to_string());
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-id", self.id.to_string());
        headers.insert("ce-type", self.event_type.as_str());
        headers.insert("ce-source", format!("/changke/{service}"));
        headers.insert("ce-subject", format!("{}/{}", self.aggregate, self.aggregate_id));
        headers.insert("ce-time", self.time.to_rfc3339_opts(SecondsFormat::Micros, true));
        headers.insert("ce-datacontenttype", "application/protobuf");
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT, traceparent.as_str());
        }
        headers
    }

    pub(super) fn from_message(message: &async_nats::Message, stream_sequence: u64) -> anyhow::Result<Self> {
        let headers = message.headers.as_ref().context("no headers")?;
        let text = |name: &'static str| headers.get(name).map(HeaderValue::as_str).context(name);
        let (aggregate, aggregate_id) = text("ce-subject")?.rsplit_once('/').context("ce-subject")?;
        Ok(Self {
            id: text("ce-id")?.parse().context("ce-id")?,
            event_type: text("ce-type")?.to_owned(),
            aggregate: aggregate.to_owned(),
            aggregate_id: aggregate_id.parse().context("ce-subject")?,
            time: time(headers)?,
            payload: message.payload.clone(),
            stream_sequence,
            traceparent: headers.get(TRACEPARENT).map(|value| value.as_str().to_owned()),
        })
    }
}
