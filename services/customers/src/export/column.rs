//! The columns of an export: what each is called, and how its values read to this caller, so that a file can be imported
//! again. Names stand for codes; personal data look as they do in answers.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use contracts::customers::field_value::Value as Kind;
use contracts::customers::{Address, Customer, CustomerStage, FieldType, FieldValue};
use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::contract::Contract;
use platform::contract::masking::mask_text;
use platform::error::{Error, Result, Violation};
use platform::locale::Locale;
use prost::Name;
use prost_types::Timestamp;

use crate::customer::rules::{CODED, coded};
use crate::error::reason;
use crate::field::Fields;
use crate::import::target;
use platform::sheet::write::{Cell, Row};

/// What answers hold beyond what can be imported.
const OUTPUT: [(&str, &str, &str); 10] = [
    ("stage", "生命周期", "Stage"),
    ("id", "系统编号", "ID"),
    ("addresses", "全部地址", "All addresses"),
    ("group_id", "所属组", "Group"),
    ("state", "有效状态", "State"),
    ("last_contact_time", "最近联系时间", "Last contact"),
    ("create_time", "创建时间", "Created"),
    ("update_time", "更新时间", "Updated"),
    ("create_user_name", "创建人", "Created by"),
    ("update_user_name", "最后修改人", "Updated by"),
];

const STANDARD: [&str; 15] = [
    "number",
    "name",
    "kind",
    "phone",
    "email",
    "region",
    "addresses.street",
    "industry",
    "source",
    "level",
    "grade",
    "status",
    "owner_id",
    "remark",
    "create_time",
];

/// The longest path of a tree that is written out.
const DEPTH: usize = 8;
/// Numbers of more digits are texts, lest a spreadsheet round them.
const DIGITS: usize = 15;

pub struct Columns {
    paths: Vec<String>,
    fields: Arc<Fields>,
    locale: Locale,
    zone: FixedOffset,
    /// How the caller sees the built-in fields that hold personal data, where not in clear.
    masked: HashMap<&'static str, (PersonalData, Visibility)>,
}

impl Columns {
    pub fn new(
        asked: &[String],
        fields: &Arc<Fields>,
        caller: &Caller,
        locale: Locale,
        zone: FixedOffset,
    ) -> Result<Self> {
        let paths: Vec<String> = if asked.is_empty() {
            let custom = fields.active().map(|field| format!("custom_fields.{}", field.key));
            STANDARD.iter().map(|path| (*path).to_owned()).chain(custom).collect()
        } else {
            asked.to_vec()
        };
        let columns = Self { paths, fields: fields.clone(), locale, zone, masked: masked(caller) };
        let unknown: Vec<Violation> = columns
            .paths
            .iter()
            .enumerate()
            .filter(|(_, path)| columns.header(path).is_none())
            .map(|(index, path)| Violation {
                field: format!("columns[{index}]"),
                reason: &reason::EXPORT_COLUMN_UNKNOWN,
                args: vec![("field", path.clone())],
            })
            .collect();
        if unknown.is_empty() { Ok(columns) } else { Err(Error::invalid_fields(unknown)) }
    }

    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    pub fn headers(&self) -> Row {
        self.paths.iter().map(|path| Cell::Text(self.header(path).unwrap_or_default())).collect()
    }

    fn header(&self, path: &str) -> Option<String> {
        header(path, &self.fields, self.locale)
    }

    pub fn row(&self, customer: &Customer) -> Row {
        self.paths.iter().map(|path| self.cell(customer, path)).collect()
    }

    fn cell(&self, customer: &Customer, path: &str) -> Cell {
        if let Some(key) = path.strip_prefix("custom_fields.") {
            return customer.custom_fields.get(key).map_or(Cell::Text(String::new()), |value| self.custom(key, value));
        }
        if customer.satisfaction > 0 && path == "satisfaction" {
            return Cell::Number(customer.satisfaction.into());
        }
        Cell::Text(self.text(customer, path))
    }

    fn text(&self, customer: &Customer, path: &str) -> String {
        let word = |zh: &str, en: &str| if self.locale == Locale::Zh { zh } else { en }.to_owned();
        match path {
            "id" => customer.id.clone(),
            "number" => customer.number.clone(),
            "name" => customer.name.clone(),
            "kind" => match customer.kind {
                1 => word("个人", "Person"),
                2 => word("企业", "Organization"),
                _ => String::new(),
            },
            "gender" => match customer.gender {
                1 => word("男", "Male"),
                2 => word("女", "Female"),
                _ => String::new(),
            },
            "state" => {
                if customer.state == 2 {
                    word("已作废", "Invalid")
                } else {
                    word("有效", "Active")
                }
            }
            "phone" => self.personal("phone", &customer.phone),
            "email" => self.personal("email", &customer.email),
            "id_number" => self.personal("id_number", &customer.id_number),
            "bank_account" => self.personal("bank_account", &customer.bank_account),
            "website" => customer.website.clone(),
            "legal_representative" => customer.legal_representative.clone(),
            "bank_name" => customer.bank_name.clone(),
            "birthday" => customer.birthday.clone(),
            "remark" => customer.remark.clone(),
            "owner_id" => customer.owner_name.clone(),
            "group_id" => customer.group_name.clone(),
            "create_user_name" => customer.create_user_name.clone(),
            "update_user_name" => customer.update_user_name.clone(),
            "last_contact_time" => self.time(customer.last_contact_time.as_ref()),
            "create_time" => self.time(customer.create_time.as_ref()),
            "update_time" => self.time(customer.update_time.as_ref()),
            "addresses.street" => {
                customer.addresses.first().map(|address| self.personal("street", &address.street)).unwrap_or_default()
            }
            "addresses.postal_code" => {
                customer.addresses.first().map(|address| address.postal_code.clone()).unwrap_or_default()
            }
            "stage" => match customer.stage() {
                CustomerStage::Acquire => word("获取", "To be won"),
                CustomerStage::Retain => word("维系", "Kept"),
                CustomerStage::Ended => word("终止", "Ended"),
                CustomerStage::WinBack => word("挽回", "To be won back"),
                CustomerStage::Unspecified => String::new(),
            },
            "addresses" => {
                customer.addresses.iter().map(|address| self.address(address)).collect::<Vec<_>>().join("\n")
            }
            "tags" => customer.tags.iter().map(|tag| self.tag(tag)).collect::<Vec<_>>().join("; "),
            path if path.starts_with("grades.") => {
                let scheme = &path["grades.".len()..];
                customer.grades.get(scheme).map(|code| self.name(scheme, code)).unwrap_or_default()
            }
            path => match CODED.iter().find(|(field, _)| *field == path) {
                Some((field, dictionary)) => self.name(dictionary, coded(customer, field)),
                None => String::new(),
            },
        }
    }

    fn personal(&self, field: &'static str, text: &str) -> String {
        match self.masked.get(field) {
            None => text.to_owned(),
            Some((_, Visibility::Hidden)) => String::new(),
            Some((kind, _)) => mask_text(*kind, text),
        }
    }

    fn address(&self, address: &Address) -> String {
        let region = self.name("region", &address.region);
        let street = self.personal("street", &address.street);
        let parts = [address.label.as_str(), &region, &street, &address.postal_code];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn time(&self, time: Option<&Timestamp>) -> String {
        let time = time.and_then(|time| DateTime::<Utc>::from_timestamp(time.seconds, 0));
        time.map(|time| time.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
    }

    fn custom(&self, key: &str, value: &FieldValue) -> Cell {
        let field = self.fields.by_key(key);
        let dictionary = field.map(|field| field.dictionary.as_str()).unwrap_or_default();
        let is_code = field.is_some_and(|field| field.r#type() == FieldType::Option);
        let word = |zh: &str, en: &str| if self.locale == Locale::Zh { zh } else { en }.to_owned();
        Cell::Text(match &value.value {
            None => String::new(),
            Some(Kind::StringValue(code)) if is_code => self.name(dictionary, code),
            Some(Kind::StringValue(text) | Kind::DateValue(text)) => text.clone(),
            Some(Kind::IntegerValue(number)) => return number_cell(&number.to_string()),
            Some(Kind::DecimalValue(number)) => return number_cell(number),
            Some(Kind::BooleanValue(true)) => word("是", "Yes"),
            Some(Kind::BooleanValue(false)) => word("否", "No"),
            Some(Kind::TimestampValue(time)) => self.time(Some(time)),
            Some(Kind::OptionsValue(options)) => {
                options.codes.iter().map(|code| self.name(dictionary, code)).collect::<Vec<_>>().join("; ")
            }
        })
    }

    /// Without its group.
    fn tag(&self, code: &str) -> String {
        match self.fields.dictionaries().contains("tag", code) {
            Some(entry) if self.locale == Locale::En && !entry.name_en.is_empty() => entry.name_en.clone(),
            Some(entry) => entry.name_zh.clone(),
            None => code.to_owned(),
        }
    }

    /// The name of a code, in a tree below the names of what it is part of; the code where it has none.
    fn name(&self, dictionary: &str, code: &str) -> String {
        let dictionaries = self.fields.dictionaries();
        let mut names: Vec<&str> = Vec::new();
        let mut next = code;
        while let Some(entry) = dictionaries.contains(dictionary, next).filter(|_| names.len() < DEPTH) {
            let name =
                if self.locale == Locale::En && !entry.name_en.is_empty() { &entry.name_en } else { &entry.name_zh };
            names.push(name);
            next = &entry.parent_code;
        }
        if names.is_empty() {
            return code.to_owned();
        }
        names.reverse();
        names.join("/")
    }
}

/// What a column is called; nothing when there is none of this path.
pub fn header(path: &str, fields: &Fields, locale: Locale) -> Option<String> {
    let word = |zh: &str, en: &str| if locale == Locale::Zh || en.is_empty() { zh } else { en }.to_owned();
    if let Some(key) = path.strip_prefix("custom_fields.") {
        let field = fields.by_key(key).filter(|field| !field.retired)?;
        return Some(word(&field.label_zh, &field.label_en));
    }
    if let Some(field) = target::built_in(path) {
        return Some(word(field.zh, field.en));
    }
    if path == "tags" {
        return Some(word("标签", "Tags"));
    }
    if let Some(scheme) = path.strip_prefix("grades.") {
        let dictionaries = fields.dictionaries();
        return dictionaries.names(scheme).filter(|_| dictionaries.is_graded(scheme)).map(|(zh, en)| word(zh, en));
    }
    OUTPUT.iter().find(|(known, _, _)| *known == path).map(|(_, zh, en)| word(zh, en))
}

fn number_cell(text: &str) -> Cell {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match text.parse() {
        Ok(number) if digits <= DIGITS => Cell::Number(number),
        _ => Cell::Text(text.to_owned()),
    }
}

/// The fields of the contract that the caller doesn't see in clear.
fn masked(caller: &Caller) -> HashMap<&'static str, (PersonalData, Visibility)> {
    let contract = Contract::get();
    let messages = [Customer::full_name(), Address::full_name()];
    let fields =
        messages.iter().filter_map(|name| contract.message_named(name)).flat_map(|id| &contract.message(id).fields);
    let masked = fields
        .filter(|field| field.personal_data != PersonalData::Unspecified)
        .map(|field| (field.name.as_str(), (field.personal_data, caller.visibility(field.personal_data))))
        .filter(|(_, (_, visibility))| *visibility != Visibility::Clear);
    masked.collect()
}
