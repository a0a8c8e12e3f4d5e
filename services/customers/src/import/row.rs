//! What rows of a file are read by, and what becomes of one. Pure: what depends on customers that exist is decided in
//! `run`; the reading itself stands in `reading`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{FixedOffset, NaiveDate, Utc};
use contracts::customers::{Customer, ImportKey};
use contracts::options::Permission;
use platform::access::{Caller, RowPredicate};
use platform::contract::{Contract, MessageId};
use platform::sheet::Record;
use prost::Name;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codes::{self, RowFault};
use super::reading::Reading;
use super::target::Target;
use super::value::names::Names;
use super::value::plain;
use crate::field::{Fields, Masked};

/// By what a row is recognised, in the file and among the customers that exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    Number(String),
    Phone(String),
    IdNumber(String),
    Name(i32, String),
    /// Of a row whose key is empty: kind, name, digits of the phone, ID number.
    Whole(i32, String, String, String),
}

/// A row that was read.
#[derive(Debug)]
pub struct Draft {
    pub row: u32,
    /// As they stand in the file; kept only when there are faults or may be some.
    pub cells: Vec<String>,
    /// The values of the row and nothing else.
    pub customer: Customer,
    /// Paths of the fields of contract that the row fills.
    pub filled: Vec<&'static str>,
    /// Values of custom fields that the row fills.
    pub custom_fields: Map<String, Value>,
    /// All custom fields of a new customer, or what a new one lacks.
    pub new_custom_fields: Result<Value, Vec<RowFault>>,
    /// Owner and the owner's group, of a new customer.
    pub owner: (Uuid, Option<Uuid>),
    pub identity: Option<Identity>,
    pub faults: Vec<RowFault>,
}

/// Everything that rows of a run are read by.
pub struct Plan {
    pub targets: Vec<Option<Target>>,
    pub fields: Arc<Fields>,
    pub key: ImportKey,
    pub owner: (Uuid, Option<Uuid>),
    pub today: NaiveDate,
    pub zone: FixedOffset,
    pub caller: Caller,
    pub(super) width: usize,
    pub(super) masked: Masked,
    pub(super) owners: RowPredicate,
    pub(super) names: HashMap<String, Names>,
    pub(super) employees: HashMap<String, Vec<(Uuid, Option<Uuid>)>>,
    pub(super) message: MessageId,
}

impl Plan {
    pub fn new(
        paths: &[String],
        fields: Arc<Fields>,
        key: ImportKey,
        owner: (Uuid, Option<Uuid>),
        zone: FixedOffset,
        caller: Caller,
    ) -> Self {
        let targets: Vec<Option<Target>> = paths.iter().map(|path| Target::of(path, &fields)).collect();
        let names = targets.iter().flatten().filter_map(|target| target.names(&fields)).collect();
        let mut employees: HashMap<String, Vec<(Uuid, Option<Uuid>)>> = HashMap::new();
        for employee in
            caller.policy().into_iter().flat_map(|policy| policy.employees()).filter(|employee| employee.active)
        {
            for name in [plain(&employee.display_name).to_lowercase(), employee.id.to_string()] {
                employees.entry(name).or_default().push((employee.id, employee.group_id));
            }
        }
        Self {
            width: targets.len(),
            masked: Masked::of(&fields, &caller),
            owners: caller.rows(Permission::CustomersImport),
            message: Contract::get().message_named(&Customer::full_name()).expect("the contract has customers"),
            today: Utc::now().with_timezone(&zone).date_naive(),
            targets,
            names,
            fields,
            key,
            owner,
            zone,
            caller,
            employees,
        }
    }

    /// The column that fills a field.
    pub fn column(&self, path: &str) -> Option<usize> {
        self.targets.iter().position(|target| match target {
            Some(Target::BuiltIn(known)) => {
                *known == path || known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
            }
            Some(Target::Custom(key)) => path.strip_prefix("custom_fields.") == Some(key),
            None => false,
        })
    }

    pub fn fault(&self, path: &str, code: &'static platform::error::Reason) -> RowFault {
        RowFault { column: self.column(path), field: path.to_owned(), code, args: Vec::new() }
    }

    pub fn draft(&self, record: &Record) -> Draft {
        let mut reading = Reading::of(self);
        for (column, target) in self.targets.iter().enumerate() {
            if let Some(target) = target {
                reading.take(column, target, record);
            }
        }
        if (self.width..record.len()).any(|index| !record.cell(index).trim().is_empty()) {
            reading.refuse(RowFault::row(&codes::EXTRA_CELLS));
        }
        reading.finish(record)
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
