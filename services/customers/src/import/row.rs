//! A row of the file made into a customer, with everything that is wrong with it. Pure: what depends on customers that
//! exist is decided in `run`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{FixedOffset, NaiveDate, Utc};
use contracts::customers::field_value::Value as Kind;
use contracts::customers::{Address, Customer, CustomerKind, FieldType, FieldValue, ImportKey, OptionCodes};
use contracts::options::{Permission, PersonalData};
use platform::access::{Caller, RowPredicate};
use platform::contract::{Contract, MessageId};
use platform::db::timestamp;
use platform::error::Violation;
use prost::{Message, Name};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codes::{self, RowFault, code_of};
use super::file::{CellFault, Record};
use super::target::Target;
use super::value::names::{Named, Names};
use super::value::{self, plain};
use crate::customer::checksum;
use crate::customer::rules::{self, CODED, Circumstances};
use crate::field::{Fields, Masked, Mode, validate_custom};
use crate::search::text::phone_digits;

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
    width: usize,
    masked: Masked,
    owners: RowPredicate,
    names: HashMap<String, Names>,
    employees: HashMap<String, Vec<(Uuid, Option<Uuid>)>>,
    message: MessageId,
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
        let names = targets.iter().flatten().filter_map(|target| names_of(target, &fields)).collect();
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
        let mut reading = Reading {
            plan: self,
            customer: Customer::default(),
            filled: Vec::new(),
            custom: HashMap::new(),
            owner: None,
            faults: Vec::new(),
        };
        for (column, target) in self.targets.iter().enumerate() {
            if let Some(target) = target {
                reading.take(column, target, record);
            }
        }
        if (self.width..record.len()).any(|index| !record.cell(index).trim().is_empty()) {
            reading.faults.push(RowFault::row(&codes::EXTRA_CELLS));
        }
        reading.finish(record)
    }
}

/// The names by which a column's codes go.
fn names_of(target: &Target, fields: &Fields) -> Option<(String, Names)> {
    let path = target.path();
    let names = match target {
        Target::BuiltIn("kind") => Names::fixed(&[
            ("1", &["个人", "个人客户", "自然人", "person", "individual", "personal", "1", "CUSTOMER_KIND_PERSON"]),
            (
                "2",
                &[
                    "企业",
                    "企业客户",
                    "公司",
                    "单位",
                    "组织",
                    "机构",
                    "法人",
                    "organization",
                    "organisation",
                    "company",
                    "enterprise",
                    "business",
                    "2",
                    "CUSTOMER_KIND_ORGANIZATION",
                ],
            ),
        ]),
        Target::BuiltIn("gender") => Names::fixed(&[
            ("1", &["男", "男性", "先生", "male", "m", "1", "GENDER_MALE"]),
            ("2", &["女", "女性", "女士", "小姐", "female", "f", "2", "GENDER_FEMALE"]),
        ]),
        Target::BuiltIn("satisfaction") => Names::fixed(&[
            ("1", &["1", "非常不满意", "很不满意", "very dissatisfied"]),
            ("2", &["2", "不满意", "dissatisfied"]),
            ("3", &["3", "一般", "中等", "neutral"]),
            ("4", &["4", "满意", "satisfied"]),
            ("5", &["5", "非常满意", "很满意", "very satisfied"]),
        ]),
        Target::BuiltIn(path) => {
            let (_, dictionary) = CODED.iter().find(|(field, _)| field == path)?;
            Names::of(fields.dictionaries(), dictionary)
        }
        Target::Custom(key) => {
            let field = fields.by_key(key).filter(|field| !field.dictionary.is_empty())?;
            Names::of(fields.dictionaries(), &field.dictionary)
        }
    };
    Some((path, names))
}

/// A row under way.
struct Reading<'a> {
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

impl Reading<'_> {
    fn take(&mut self, column: usize, target: &Target, record: &Record) {
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
            FieldType::Text | FieldType::Unspecified => Kind::StringValue(cell.trim().to_owned()),
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

    fn finish(mut self, record: &Record) -> Draft {
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
        if plan.fields.active().next().is_none() {
            return (Map::new(), Ok(empty));
        }
        let fault = |violation: &Violation| {
            let path = violation.field.trim_start_matches("customer.");
            plan.fault(path, code_of(violation))
        };
        let keys: Vec<&str> = self.custom.keys().map(String::as_str).collect();
        let mode = Mode::Patch { before: &empty, keys: &keys };
        let filled = match validate_custom(&plan.fields, &mut self.custom.clone(), mode, &plan.masked) {
            Ok(Value::Object(filled)) => filled,
            Ok(_) => Map::new(),
            Err(violations) => {
                self.faults.extend(violations.iter().map(fault));
                return (Map::new(), Ok(empty));
            }
        };
        let faulty: Vec<&str> = self.faults.iter().map(|fault| fault.field.as_str()).collect();
        let new = validate_custom(&plan.fields, &mut self.custom, Mode::Create, &plan.masked).map_err(|violations| {
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

/// What a name without a kind is likely to be.
fn likely_kind(customer: &Customer) -> CustomerKind {
    const ENDS: [&str; 30] = [
        "公司",
        "集团",
        "厂",
        "店",
        "医院",
        "诊所",
        "学校",
        "大学",
        "中学",
        "小学",
        "幼儿园",
        "银行",
        "酒店",
        "宾馆",
        "中心",
        "研究院",
        "研究所",
        "事务所",
        "协会",
        "学会",
        "合作社",
        "商行",
        "超市",
        "药房",
        "委员会",
        "管理局",
        "政府",
        "工作室",
        "经营部",
        "基金会",
    ];
    const LATIN: [&str; 12] =
        ["ltd", "ltd.", "limited", "inc", "inc.", "llc", "corp", "corp.", "corporation", "company", "co.", "gmbh"];
    let name = customer.name.to_lowercase();
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ')' | '）'));
    let organization = !customer.legal_representative.is_empty()
        || ENDS.iter().any(|end| name.ends_with(end) && name.chars().count() >= 4)
        || name.contains("公司")
        || name.split_whitespace().last().is_some_and(|word| name.contains(' ') && LATIN.contains(&word))
        || (checksum::unified_social_credit(&customer.id_number) && !checksum::resident_identity(&customer.id_number));
    if organization { CustomerKind::Organization } else { CustomerKind::Person }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
