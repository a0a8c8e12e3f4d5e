//! One row of the file made into a customer, with everything that is wrong with it.

use std::collections::HashMap;

use contracts::customers::field_value::Value as Kind;
use contracts::customers::{Address, Customer, FieldType, FieldValue, ImportKey, OptionCodes};
use contracts::options::PersonalData;
use platform::contract::Contract;
use platform::db::timestamp;
use platform::error::Violation;
use platform::sheet::{CellFault, Record};
use prost::Message;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codes::{self, RowFault, code_of};
use super::row::{Draft, Identity, Plan};
use super::target::Target;
use super::value::kind::likely_kind;
use super::value::names::Named;
use super::value::{self, plain};
use crate::customer::checksum;
use crate::customer::rules::{self, Circumstances};
use crate::field::{Checks, Mode, validate_custom};
use crate::search::text::phone_digits;

/// A row under way.
pub struct Reading<'a> {
    plan: &'a Plan,
    customer: Customer,
    filled: Vec<&'static str>,
    custom: HashMap<String, FieldValue>,
    owner: Option<(Uuid, Option<Uuid>)>,
    faults: Vec<RowFault>,
}

type Taken<T> = Result<T, (&'static platform::error::Reason, Vec<(&'static str, String)>)>;

fn wrong<T>(code: &'static platform::error::Reason) -> Taken<T> {
    Err((code, Vec::new()))
}

impl<'a> Reading<'a> {
    pub fn of(plan: &'a Plan) -> Self {
        Self {
            plan,
            customer: Customer::default(),
            filled: Vec::new(),
            custom: HashMap::new(),
            owner: None,
            faults: Vec::new(),
        }
    }

    pub fn refuse(&mut self, fault: RowFault) {
        self.faults.push(fault);
    }

    pub fn take(&mut self, column: usize, target: &Target, record: &Record) {
        let cell = record.cell(column);
        if cell.trim().is_empty() {
            return;
        }
        let taken = match record.fault(column) {
            Some(CellFault::Error) => wrong(&codes::CELL_ERROR),
            Some(CellFault::PrecisionLost) => wrong(&codes::PRECISION_LOST),
            None => match target {
                Target::BuiltIn(path) => self.built_in(path, cell),
                Target::Custom(key) => self.custom(key, cell),
            },
        };
        if let Err((code, args)) = taken {
            self.faults.push(RowFault { column: Some(column), field: target.path(), code, args });
        }
    }

    fn built_in(&mut self, path: &'static str, cell: &str) -> Taken<()> {
        let code = |reading: &Self| reading.code(path, cell);
        let number = |reading: &Self| reading.code(path, cell).map(|code| code.parse::<i32>().unwrap_or_default());
        match path {
            "kind" => self.customer.kind = number(self)?,
            "gender" => self.customer.gender = number(self)?,
            "satisfaction" => {
                self.customer.satisfaction = match self.code(path, cell) {
                    Ok(code) => code.parse().unwrap_or_default(),
                    Err(_) => match value::integer(cell) {
                        Some(number @ 0..=5) => number as i32,
                        _ => return wrong(&codes::INVALID_NUMBER),
                    },
                };
            }
            "region" => self.customer.region = code(self)?,
            "industry" => self.customer.industry = code(self)?,
            "source" => self.customer.source = code(self)?,
            "level" => self.customer.level = code(self)?,
            "grade" => self.customer.grade = code(self)?,
            "credit" => self.customer.credit = code(self)?,
            "status" => self.customer.status = code(self)?,
            "phone" => match value::phone(cell) {
                Some(phone) => self.customer.phone = phone,
                None if cell.contains('*') => return wrong(&codes::MASKED_VALUE),
                None => return wrong(&codes::INVALID_PHONE),
            },
            "birthday" => match value::date(cell) {
                Some(day) => self.customer.birthday = day.format("%Y-%m-%d").to_string(),
                None => return wrong(&codes::INVALID_DATE),
            },
            "number" => self.customer.number = plain(cell),
            "name" => self.customer.name = value::line(cell),
            "email" => self.customer.email = plain(cell),
            "website" => self.customer.website = plain(cell),
            "addresses.street" => self.address().street = value::line(cell),
            "addresses.postal_code" => self.address().postal_code = plain(cell),
            "id_number" => self.customer.id_number = checksum::normalize(cell),
            "legal_representative" => self.customer.legal_representative = value::line(cell),
            "bank_name" => self.customer.bank_name = value::line(cell),
            "bank_account" => self.customer.bank_account = plain(cell),
            "owner_id" => {
                self.owner = Some(self.employee(cell)?);
                return Ok(());
            }
            _ => self.customer.remark = cell.trim().to_owned(),
        }
        self.filled.push(path);
        Ok(())
    }

    fn address(&mut self) -> &mut Address {
        if self.customer.addresses.is_empty() {
            self.customer.addresses.push(Address::default());
        }
        &mut self.customer.addresses[0]
    }

    fn code(&self, path: &str, cell: &str) -> Taken<String> {
        match self.plan.names.get(path).map_or(Named::Nothing, |names| names.find(cell)) {
            Named::Code(code) => Ok(code),
            Named::Several(candidates) => Err((&codes::AMBIGUOUS, vec![("candidates", candidates.join("; "))])),
            Named::Nothing => wrong(&codes::UNKNOWN_CODE),
        }
    }

    fn employee(&self, cell: &str) -> Taken<(Uuid, Option<Uuid>)> {
        match self.plan.employees.get(&plain(cell).to_lowercase()).map(Vec::as_slice) {
            Some([owner]) if self.plan.owners.covers(Some(owner.0), owner.1) => Ok(*owner),
            Some([_]) => wrong(&codes::FORBIDDEN_OWNER),
            Some([_, ..]) => Err((&codes::AMBIGUOUS, vec![("candidates", plain(cell))])),
            _ => wrong(&codes::UNKNOWN_EMPLOYEE),
        }
    }

    fn custom(&mut self, key: &str, cell: &str) -> Taken<()> {
        let Some(field) = self.plan.fields.by_key(key) else { return Ok(()) };
        let path = || format!("custom_fields.{key}");
        let value = match field.r#type() {
            FieldType::Text | FieldType::LongText | FieldType::Unspecified => Kind::StringValue(cell.trim().to_owned()),
            FieldType::Email | FieldType::Phone | FieldType::Url => Kind::StringValue(plain(cell)),
            FieldType::Integer => match value::integer(cell) {
                Some(number) => Kind::IntegerValue(number),
                None => return wrong(&codes::INVALID_NUMBER),
            },
            FieldType::Decimal => match value::decimal(cell) {
                Some(number) => Kind::DecimalValue(number),
                None => return wrong(&codes::INVALID_NUMBER),
            },
            FieldType::Boolean => match value::boolean(cell) {
                Some(value) => Kind::BooleanValue(value),
                None => return wrong(&codes::INVALID_BOOLEAN),
            },
            FieldType::Date => match value::date(cell) {
                Some(day) => Kind::DateValue(day.format("%Y-%m-%d").to_string()),
                None => return wrong(&codes::INVALID_DATE),
            },
            FieldType::Timestamp => match value::timestamp(cell, self.plan.zone) {
                Some(time) => Kind::TimestampValue(timestamp(time)),
                None => return wrong(&codes::INVALID_DATE),
            },
            FieldType::Option => Kind::StringValue(self.code(&path(), cell)?),
            FieldType::Options => {
                let cells = cell.split([',', '，', '、', ';', '；', '|', '\n']).filter(|cell| !cell.trim().is_empty());
                Kind::OptionsValue(OptionCodes {
                    codes: cells.map(|cell| self.code(&path(), cell)).collect::<Taken<_>>()?,
                })
            }
        };
        self.custom.insert(key.to_owned(), FieldValue { value: Some(value) });
        Ok(())
    }

    pub fn finish(mut self, record: &Record) -> Draft {
        // Rows that don't say the kind are recognised without it.
        let kind = self.customer.kind;
        if kind == 0 {
            self.customer.kind = likely_kind(&self.customer) as i32;
        }
        let plan = self.plan;
        self.check_contract();
        self.check_rules();
        let (custom_fields, new_custom_fields) = self.check_custom();
        let identity = self.identity(kind);
        if identity.is_none() && !self.filled.contains(&"name") && !self.has_fault("name") {
            self.faults.push(plan.fault("name", &codes::REQUIRED));
        }
        Draft {
            row: record.row,
            cells: (0..plan.width.max(record.len())).map(|index| record.cell(index).to_owned()).collect(),
            customer: self.customer,
            filled: self.filled,
            custom_fields,
            new_custom_fields,
            owner: self.owner.unwrap_or(plan.owner),
            identity,
            faults: self.faults,
        }
    }

    fn has_fault(&self, path: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == path)
    }

    /// The limits that every call is held to.
    fn check_contract(&mut self) {
        let wire = self.customer.encode_to_vec();
        let Err(violations) = Contract::get().validate(self.plan.message, &wire) else { return };
        for violation in violations {
            // A field that the row leaves alone is not its fault.
            let path = violation.field.replace("[0]", "");
            if self.filled.contains(&path.as_str()) {
                self.add(&path, &violation);
            }
        }
    }

    fn check_rules(&mut self) {
        let filled = |field: &str| {
            self.filled
                .iter()
                .any(|path| *path == field || path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.')))
        };
        let visibility = |kind: PersonalData| self.plan.caller.visibility(kind);
        let circumstances =
            Circumstances { dictionaries: self.plan.fields.dictionaries(), today: self.plan.today, visibility };
        for violation in rules::check(&self.customer, None, filled, &circumstances) {
            let path = violation.field.trim_start_matches("customer.").replace("[0]", "");
            self.add(&path, &violation);
        }
    }

    fn add(&mut self, path: &str, violation: &Violation) {
        if self.has_fault(path) {
            return;
        }
        let max = violation.args.iter().filter(|(name, _)| *name == "max").cloned();
        let args = max.collect();
        self.faults.push(RowFault { args, ..self.plan.fault(path, code_of(violation)) });
    }

    fn check_custom(&mut self) -> (Map<String, Value>, Result<Value, Vec<RowFault>>) {
        let plan = self.plan;
        let empty = Value::Object(Map::new());
        if plan.fields.all().next().is_none() {
            return (Map::new(), Ok(empty));
        }
        let fault = |violation: &Violation| {
            let path = violation.field.trim_start_matches("customer.");
            let args = violation.args.iter().filter(|(name, _)| codes::ARGS.contains(name)).cloned();
            RowFault { args: args.collect(), ..plan.fault(path, codes::code_of_custom(violation)) }
        };
        let checks = Checks { fields: &plan.fields, masked: &plan.masked, today: plan.today };
        let keys: Vec<&str> = self.custom.keys().map(String::as_str).collect();
        let mode = Mode::Patch { before: &empty, keys: &keys };
        let filled = match validate_custom(checks, &mut self.custom.clone(), mode) {
            Ok(Value::Object(filled)) => filled,
            Ok(_) => Map::new(),
            Err(violations) => {
                self.faults.extend(violations.iter().map(fault));
                return (Map::new(), Ok(empty));
            }
        };
        let faulty: Vec<&str> = self.faults.iter().map(|fault| fault.field.as_str()).collect();
        let new = validate_custom(checks, &mut self.custom, Mode::Create).map_err(|violations| {
            // A value that could not be read is no missing value.
            violations.iter().map(fault).filter(|fault| !faulty.contains(&fault.field.as_str())).collect()
        });
        (filled, new)
    }

    fn identity(&self, kind: i32) -> Option<Identity> {
        let customer = &self.customer;
        let name = || customer.name.to_ascii_lowercase();
        let sound = |path: &str| self.filled.contains(&path) && !self.has_fault(path);
        match self.plan.key {
            ImportKey::Number if sound("number") => Some(Identity::Number(customer.number.clone())),
            ImportKey::Phone if sound("phone") => Some(Identity::Phone(phone_digits(&customer.phone))),
            ImportKey::IdNumber if sound("id_number") => Some(Identity::IdNumber(customer.id_number.clone())),
            ImportKey::Name if sound("name") => Some(Identity::Name(kind, name())),
            _ if sound("name") => {
                Some(Identity::Whole(kind, name(), phone_digits(&customer.phone), customer.id_number.clone()))
            }
            _ => None,
        }
    }
}
