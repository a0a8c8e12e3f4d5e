//! What each row of a batch means for the customers that exist: a new one, a change, nothing, or a fault.

use std::collections::HashMap;

use contracts::customers::{Customer, CustomerState};
use contracts::options::{Permission, PersonalData, Visibility};
use platform::audit::personal::{Kind, kind_of};
use platform::error::Result;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Work;
use super::seen::identity_path;
use crate::customer::row::Reader;
use crate::customer::rules::{self, Circumstances};
use crate::customer::{changes, event};
use crate::field::unique::unique_values;
use crate::import::bulk::{self, Column};
use crate::import::codes::{self, RowFault, code_of};
use crate::import::row::{Draft, Identity, Plan};
use crate::search::text::phone_digits;

/// What becomes of a row.
pub enum Decision<'a> {
    Create(&'a Draft),
    Update(Box<Change>),
    Unchanged,
    Skipped(Vec<RowFault>),
    Failed(Vec<RowFault>),
}

/// An existing customer before and after.
pub struct Change {
    pub id: Uuid,
    pub before: Customer,
    pub before_custom: Value,
    pub after: Customer,
    pub after_custom: Value,
}

/// An existing customer that a row may mean.
struct Found {
    id: Uuid,
    customer: Customer,
    custom_fields: Value,
    /// Within what the importer may update.
    covered: bool,
}

/// The customers that hold any of the batch's identities.
#[derive(Default)]
struct Base {
    found: Vec<Found>,
    /// By the value of the key's column, and by name for rows without a key.
    by_key: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
}

/// Values of the batch that somebody holds.
struct Taken {
    numbers: HashMap<String, Uuid>,
    unique: HashMap<(String, String), Uuid>,
}

impl Work<'_> {
    pub(super) async fn decide<'b>(
        &self,
        connection: &mut PgConnection,
        batch: &'b [Draft],
    ) -> Result<Vec<Decision<'b>>> {
        let sound = || batch.iter().filter(|draft| draft.faults.is_empty());
        let mut base = Base::default();
        self.look_up(connection, &mut base, sound()).await?;
        let numbers: Vec<&str> =
            sound().map(|draft| draft.customer.number.as_str()).filter(|number| !number.is_empty()).collect();
        let unique: Vec<(String, String)> = if self.plan.fields.all().any(|field| field.unique) {
            sound().flat_map(|draft| values_of(&self.plan, draft)).collect()
        } else {
            Vec::new()
        };
        let taken = Taken {
            numbers: bulk::numbers_taken(connection, &numbers).await?,
            unique: bulk::unique_values_taken(connection, &unique).await?,
        };
        Ok(batch.iter().map(|draft| self.decide_one(&base, &taken, draft)).collect())
    }

    async fn look_up<'b>(
        &self,
        connection: &mut PgConnection,
        base: &mut Base,
        drafts: impl Iterator<Item = &'b Draft>,
    ) -> Result<()> {
        let (mut keys, mut names): (Vec<&str>, Vec<&str>) = Default::default();
        let mut column = Column::Name;
        for identity in drafts.filter_map(|draft| draft.identity.as_ref()) {
            match identity {
                Identity::Number(value) | Identity::Phone(value) | Identity::IdNumber(value) => {
                    column = column_of(identity);
                    keys.push(value);
                }
                Identity::Name(_, name) | Identity::Whole(_, name, ..) => names.push(name),
            }
        }
        let rows = self.plan.caller.rows(Permission::CustomersUpdate);
        let policy = self.plan.caller.policy().cloned().unwrap_or_default();
        let reader = Reader::clear(policy, &self.plan.fields);
        for (column, values, by_key) in [(column, &keys, true), (Column::Name, &names, false)] {
            for row in bulk::customers_alike(connection, column, values, &rows).await? {
                let (customer, custom_fields) = reader.stored(&row)?;
                let key = match column {
                    Column::Number => customer.number.clone(),
                    Column::Phone => phone_digits(&customer.phone),
                    Column::IdNumber => customer.id_number.clone(),
                    Column::Name => customer.name.to_ascii_lowercase(),
                };
                let map = if by_key { &mut base.by_key } else { &mut base.by_name };
                map.entry(key).or_default().push(base.found.len());
                let id = sqlx::Row::try_get(&row, 0)?;
                base.found.push(Found { id, customer, custom_fields, covered: bulk::is_covered(&row)? });
            }
        }
        Ok(())
    }

    fn decide_one<'b>(&self, base: &Base, taken: &Taken, draft: &'b Draft) -> Decision<'b> {
        if !draft.faults.is_empty() {
            return Decision::Failed(draft.faults.clone());
        }
        let Some(identity) = &draft.identity else {
            return Decision::Failed(vec![self.plan.fault("name", &codes::REQUIRED)]);
        };
        let fault = |code| vec![self.plan.fault(identity_path(identity), code)];
        let alike = base.alike(identity, &self.blind());
        match alike.as_slice() {
            [] => self.decide_new(taken, draft),
            _ if !self.update => Decision::Skipped(fault(&codes::EXISTS)),
            [one] if one.customer.state() == CustomerState::Invalid => Decision::Failed(fault(&codes::NUMBER_TAKEN)),
            [one] if one.covered => self.decide_change(taken, draft, one),
            // Of several, those that the importer may change are told from the others by the key alone: none is.
            several if several.iter().all(|found| found.covered) => Decision::Failed(fault(&codes::SEVERAL_EXIST)),
            _ => Decision::Failed(fault(&codes::EXISTS_ELSEWHERE)),
        }
    }

    fn decide_new<'b>(&self, taken: &Taken, draft: &'b Draft) -> Decision<'b> {
        let mut faults = Vec::new();
        if !draft.filled.contains(&"name") {
            faults.push(self.plan.fault("name", &codes::REQUIRED));
        }
        if let Err(missing) = &draft.new_custom_fields {
            faults.extend(missing.iter().cloned());
        }
        self.check_taken(taken, draft, None, &mut faults);
        if faults.is_empty() { Decision::Create(draft) } else { Decision::Failed(faults) }
    }

    fn check_taken(&self, taken: &Taken, draft: &Draft, own: Option<Uuid>, faults: &mut Vec<RowFault>) {
        let number = &draft.customer.number;
        if taken.numbers.get(number).is_some_and(|holder| Some(*holder) != own) {
            faults.push(self.plan.fault("number", &codes::NUMBER_TAKEN));
        }
        if taken.unique.is_empty() {
            return;
        }
        for value in values_of(&self.plan, draft) {
            if taken.unique.get(&value).is_some_and(|holder| Some(*holder) != own) {
                faults.push(self.plan.fault(&format!("custom_fields.{}", value.0), &codes::VALUE_TAKEN));
            }
        }
    }

    fn decide_change<'b>(&self, taken: &Taken, draft: &Draft, found: &Found) -> Decision<'b> {
        let mut faults = Vec::new();
        self.check_taken(taken, draft, Some(found.id), &mut faults);
        let after = changed(&found.customer, draft);
        // The kind of the customer decides what its number must be.
        let visibility = |kind| self.plan.caller.visibility(kind);
        let circumstances =
            Circumstances { dictionaries: self.plan.fields.dictionaries(), today: self.plan.today, visibility };
        let touched = |field: &str| field == "id_number" && draft.filled.contains(&"id_number");
        for violation in rules::check(&after, Some(&found.customer), touched, &circumstances) {
            faults.push(self.plan.fault("id_number", code_of(&violation)));
        }
        if !faults.is_empty() {
            return Decision::Failed(faults);
        }
        let mut after_custom = found.custom_fields.clone();
        if let Some(object) = after_custom.as_object_mut() {
            object.extend(draft.custom_fields.clone());
        }
        let (before, before_custom) = (found.customer.clone(), found.custom_fields.clone());
        // A dry run that says that nothing changes would tell what the importer sees masked.
        let untold = self.dry && self.fills_masked(draft);
        if !untold && changes::between((&before, &before_custom), (&after, &after_custom)).is_empty() {
            return Decision::Unchanged;
        }
        Decision::Update(Box::new(Change { id: found.id, before, before_custom, after, after_custom }))
    }
}

/// What the importer does not see in clear, and rows are therefore not told apart by.
struct Blind {
    phone: bool,
    id_number: bool,
}

impl Work<'_> {
    fn is_masked(&self, kind: PersonalData) -> bool {
        self.plan.caller.visibility(kind) != Visibility::Clear
    }

    fn blind(&self) -> Blind {
        Blind { phone: self.is_masked(PersonalData::Phone), id_number: self.is_masked(PersonalData::IdNumber) }
    }

    /// Whether the row writes something that the importer sees masked.
    fn fills_masked(&self, draft: &Draft) -> bool {
        let of_contract = draft.filled.iter().any(|path| match kind_of(crate::NAME, event::AGGREGATE, path) {
            Kind::Of(kind) => self.is_masked(kind),
            _ => false,
        });
        of_contract || draft.custom_fields.keys().any(|key| self.plan.masked.contains(key))
    }
}

fn column_of(identity: &Identity) -> Column {
    match identity {
        Identity::Number(_) => Column::Number,
        Identity::Phone(_) => Column::Phone,
        Identity::IdNumber(_) => Column::IdNumber,
        Identity::Name(..) | Identity::Whole(..) => Column::Name,
    }
}

fn values_of(plan: &Plan, draft: &Draft) -> Vec<(String, String)> {
    match &draft.new_custom_fields {
        Ok(values) => unique_values(&plan.fields, values),
        Err(_) => unique_values(&plan.fields, &Value::Object(draft.custom_fields.clone())),
    }
}

/// The customer with the cells of the row that are not empty. The owner stays.
fn changed(before: &Customer, draft: &Draft) -> Customer {
    let mut after = before.clone();
    let mut values = draft.customer.clone();
    for path in &draft.filled {
        let Some(part) = path.strip_prefix("addresses.") else {
            rules::take(&mut after, &mut values, path);
            continue;
        };
        if after.addresses.is_empty() {
            after.addresses.push(Default::default());
        }
        let Some(given) = values.addresses.first_mut() else { continue };
        match part {
            "street" => after.addresses[0].street = std::mem::take(&mut given.street),
            _ => after.addresses[0].postal_code = std::mem::take(&mut given.postal_code),
        }
    }
    after
}

impl Base {
    fn alike(&self, identity: &Identity, blind: &Blind) -> Vec<&Found> {
        let (map, key) = match identity {
            Identity::Number(value) | Identity::Phone(value) | Identity::IdNumber(value) => (&self.by_key, value),
            Identity::Name(_, name) | Identity::Whole(_, name, ..) => (&self.by_name, name),
        };
        let found = map.get(key).into_iter().flatten().map(|index| &self.found[*index]);
        found.filter(|found| is_alike(identity, &found.customer, blind)).collect()
    }
}

fn is_alike(identity: &Identity, customer: &Customer, blind: &Blind) -> bool {
    // A row that doesn't say the kind means either.
    let kind_fits = |kind: &i32| *kind == 0 || *kind == customer.kind;
    match identity {
        Identity::Number(_) | Identity::Phone(_) | Identity::IdNumber(_) => true,
        Identity::Name(kind, _) => kind_fits(kind),
        Identity::Whole(kind, _, phone, id_number) => {
            kind_fits(kind)
                && (blind.phone || phone_digits(&customer.phone) == *phone)
                && (blind.id_number || customer.id_number == *id_number)
        }
    }
}
