//! What the contracts say, as plain tables: methods with their access and routes, messages with their fields and rules,
//! enums. `compile` fills them once at start; validation, masking, the gateway and OpenAPI read them.

use std::collections::HashMap;

use contracts::options::{Dialect, Permission, PersonalData, SessionEffect};

use super::rules::Rules;

/// Index of a message in [`super::Contract`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub(super) u32);

/// Index of an enum in [`super::Contract`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(pub(super) u32);

/// A service of the contracts, one per aggregate.
#[derive(Debug)]
pub struct Service {
    /// `changke.customers.v1.CustomerService`
    pub full_name: String,
    /// `CustomerService`
    pub name: String,
    /// The deployable service that holds it: `customers`.
    pub domain: String,
    pub comment: String,
}

#[derive(Debug)]
pub struct Method {
    /// `/changke.customers.v1.CustomerService/GetCustomer`
    pub path: String,
    /// `GetCustomer`
    pub name: String,
    /// `CustomerService`
    pub service_name: String,
    /// The deployable service: the second segment of the package, such as `customers`.
    pub service: String,
    pub input: MessageId,
    pub output: MessageId,
    pub access: Access,
    /// Open to an employee who has yet to replace an initial password.
    pub before_password_change: bool,
    /// The caller must have proven who they are a short while ago.
    pub step_up: bool,
    /// Masked data are answered in clear; hidden ones stay hidden.
    pub reveals: bool,
    /// A call with an idempotency key gets the answer that the same call got before.
    pub replayed: bool,
    pub dialect: Dialect,
    pub session_effect: SessionEffect,
    pub http: Vec<HttpRule>,
    pub client_streaming: bool,
    pub server_streaming: bool,
    pub comment: String,
}

impl Method {
    /// Whether nothing is changed by it.
    pub fn only_reads(&self) -> bool {
        self.http.iter().all(|rule| rule.verb == Verb::Get)
    }

    /// One message in, one out.
    pub fn is_unary(&self) -> bool {
        !self.client_streaming && !self.server_streaming
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Public,
    SignedIn,
    Permission(Permission),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}

/// One REST route of a method.
#[derive(Debug)]
pub struct HttpRule {
    pub verb: Verb,
    /// As the contract has it: `/v1/customers/{customer.id}:archive`.
    pub template: String,
    pub segments: Vec<Segment>,
    /// `archive` of `/v1/customers/{id}:archive`; a verb behind a literal belongs to the literal.
    pub custom_verb: Option<String>,
    pub body: Body,
}

impl HttpRule {
    /// The fields that the path binds, each as indexes from the request message down.
    pub fn variables(&self) -> impl Iterator<Item = &[usize]> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable(fields) => Some(fields.as_slice()),
            Segment::Literal(_) => None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    /// Field indexes from the request message down.
    Variable(Vec<usize>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    None,
    /// The body is the request message.
    Whole,
    /// The body is this field of the request message.
    Field(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

impl Kind {
    pub fn wire_type(self) -> u8 {
        match self {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
            Kind::String | Kind::Bytes | Kind::Message(_) => 2,
            _ => 0,
        }
    }

    /// Whether repeated values may stand packed in one length-delimited field.
    pub fn packable(self) -> bool {
        self.wire_type() != 2
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Single,
    Repeated,
    /// `kind` is the entry message: its field 1 is the key, its field 2 the value.
    Map,
}

#[derive(Debug)]
pub struct Field {
    pub number: u32,
    pub name: String,
    pub json_name: String,
    /// `"jsonName":`, ready to be written.
    pub json_key: String,
    pub kind: Kind,
    pub label: Label,
    /// Unset is told apart from the default: `optional`, members of a oneof, messages.
    pub presence: bool,
    /// Index of the oneof (of more than one member) in its message.
    pub oneof: Option<usize>,
    pub personal_data: PersonalData,
    pub rules: Rules,
    /// Set by the service; what a caller sends in it is not taken over.
    pub output_only: bool,
    pub debug_redact: bool,
    pub comment: String,
}

impl Field {
    pub fn message(&self) -> Option<MessageId> {
        match self.kind {
            Kind::Message(id) => Some(id),
            _ => None,
        }
    }
}

/// Messages with a form of their own in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WellKnown {
    No,
    Timestamp,
    FieldMask,
    HttpBody,
    /// Any JSON object.
    Struct,
    /// Any JSON value.
    Value,
    /// Any JSON array.
    List,
}

#[derive(Debug)]
pub struct Oneof {
    pub name: String,
    pub fields: Vec<usize>,
}

/// A request that changes the masked fields of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    pub mask: usize,
    pub resource: usize,
}

#[derive(Debug)]
pub struct Message {
    pub id: MessageId,
    pub full_name: String,
    /// `Customer`
    pub name: String,
    /// In the order of their numbers.
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
    pub well_known: WellKnown,
    pub map_entry: bool,
    /// It, or a message below it, holds a field of personal data.
    pub holds_personal_data: bool,
    pub update: Option<Update>,
    pub comment: String,
    pub(super) by_number: Vec<u16>,
    pub(super) by_name: HashMap<String, usize>,
    /// Fields that violate a rule when they are left out.
    pub(super) needed: Vec<usize>,
}

const NONE: u16 = u16::MAX;

impl Message {
    pub(super) fn index(&mut self) -> Result<(), String> {
        let highest = self.fields.last().map_or(0, |field| field.number);
        if highest > 1000 || self.fields.len() > 128 {
            return Err(format!("{}: more than 128 fields, or a field number beyond 1000", self.full_name));
        }
        self.by_number = vec![NONE; highest as usize + 1];
        for (index, field) in self.fields.iter().enumerate() {
            self.by_number[field.number as usize] = index as u16;
            self.by_name.insert(field.name.clone(), index);
            self.by_name.insert(field.json_name.clone(), index);
        }
        Ok(())
    }

    #[inline]
    pub fn field_index(&self, number: u32) -> Option<usize> {
        match self.by_number.get(number as usize) {
            Some(&index) if index != NONE => Some(usize::from(index)),
            _ => None,
        }
    }

    /// The fields that break a rule by being left out.
    pub fn needed(&self) -> &[usize] {
        &self.needed
    }

    /// By its name in the contract or in JSON.
    pub fn field_named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

#[derive(Debug)]
pub struct Enum {
    pub full_name: String,
    pub name: String,
    pub values: Vec<EnumValue>,
    pub comment: String,
    pub(super) by_name: HashMap<String, i32>,
}

#[derive(Debug)]
pub struct EnumValue {
    pub number: i32,
    pub name: String,
    pub comment: String,
}

impl Enum {
    pub fn number(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).copied()
    }

    pub fn value(&self, number: i32) -> Option<&EnumValue> {
        // Nearly all enums count up from zero without a gap.
        match usize::try_from(number).ok().and_then(|index| self.values.get(index)) {
            Some(value) if value.number == number => Some(value),
            _ => self.values.iter().find(|value| value.number == number),
        }
    }
}
