//! The contracts as a table that is compiled once at start, and what is derived from it for every request: validation
//! and masking straight on the wire bytes. The access layer and the gateway stand on it; nothing here knows a domain.

mod compile;
mod http_rule;
mod mask;
pub mod masking;
pub mod rules;
mod table;
mod validate;
pub mod violation;
pub mod wire;

use std::{collections::HashMap, sync::OnceLock};

use contracts::options::PersonalData;

pub use self::{
    compile::DescriptorPool,
    mask::Look,
    table::{
        Access, Body, Enum, EnumId, EnumValue, Field, HttpRule, Kind, Label, Message, MessageId, Method, Oneof,
        Segment, Service, Update, Verb, WellKnown,
    },
    validate::is_email,
};
pub use crate::error::Violation;

/// The kinds of personal data.
pub const ALL_KINDS: [PersonalData; 5] = [
    PersonalData::Phone,
    PersonalData::Email,
    PersonalData::IdNumber,
    PersonalData::Address,
    PersonalData::BankAccount,
];

/// Everything the contracts say. There is one of it in a process: [`Contract::get`].
#[derive(Debug)]
pub struct Contract {
    services: Vec<Service>,
    methods: Vec<Method>,
    messages: Vec<Message>,
    enums: Vec<Enum>,
    by_path: HashMap<String, usize>,
    by_name: HashMap<String, MessageId>,
}

static CONTRACT: OnceLock<Contract> = OnceLock::new();

impl Contract {
    /// Compiles the contracts of this build. Every fault is reported, not only the first.
    pub fn load() -> Result<Contract, Vec<String>> {
        compile::compile(contracts::DESCRIPTOR_SET)
    }

    /// The contracts of this process. A process whose contracts are faulty must not serve, so it ends here; `main` calls
    /// [`Contract::load`] first to report the faults properly.
    pub fn get() -> &'static Contract {
        CONTRACT.get_or_init(|| match Contract::load() {
            Ok(contract) => contract,
            Err(faults) => panic!("faulty contracts:\n{}", faults.join("\n")),
        })
    }

    pub fn services(&self) -> &[Service] {
        &self.services
    }

    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// By gRPC path: `/changke.customers.v1.CustomerService/GetCustomer`.
    #[inline]
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.by_path.get(path).map(|&index| &self.methods[index])
    }

    #[inline]
    pub fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0 as usize]
    }

    /// By full name: `changke.customers.v1.Customer`.
    pub fn message_named(&self, full_name: &str) -> Option<MessageId> {
        self.by_name.get(full_name).copied()
    }

    #[inline]
    pub fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0 as usize]
    }

    /// Whether messages of the type, or those below it, hold personal data.
    #[inline]
    pub fn holds_personal_data(&self, id: MessageId) -> bool {
        self.message(id).holds_personal_data
    }

    /// The deployable services that the contracts know, in alphabetical order.
    pub fn domains(&self) -> Vec<&str> {
        let mut domains: Vec<&str> = self.services.iter().map(|service| service.domain.as_str()).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod policy_tests;
