//! Customers with their contacts and interactions, made batch by batch.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, Utc};
use contracts::customers::{Contact, Customer, CustomerChanged, CustomerKind, CustomerState};
use customers::search::document::{Document, contact_document, customer_document};
use customers::search::text::phone_digits;
use platform::db::{Db, timestamp};
use prost::{Message, Name};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::company::Company;
use super::copy::{Cell, Rows};
use super::present::{self, Customers};
use super::{id_at, names};

/// Provinces in which the company sells, with their weight.
const PROVINCES: &[(&str, u32)] = &[
    ("33", 22),
    ("32", 16),
    ("31", 12),
    ("44", 14),
    ("11", 8),
    ("37", 7),
    ("50", 6),
    ("51", 5),
    ("42", 4),
    ("35", 3),
    ("61", 2),
    ("21", 1),
];
const LEVELS: &[(&str, u32)] = &[("ordinary", 70), ("potential", 22), ("vip", 8)];
const SOURCES: &[(&str, u32)] = &[
    ("referral", 25),
    ("website", 18),
    ("wechat", 15),
    ("exhibition", 12),
    ("cold_call", 10),
    ("advertising", 8),
    ("store", 7),
    ("partner", 5),
];
const STATUSES: &[(&str, u32)] = &[("prospect", 35), ("active", 45), ("dormant", 14), ("lost", 6)];
const GRADES: &[(&str, u32)] = &[("A", 10), ("B", 30), ("C", 40), ("D", 20)];
const CREDITS: &[(&str, u32)] = &[("AAA", 10), ("AA", 30), ("A", 40), ("B", 15), ("C", 5)];
const HISTORY_DAYS: i64 = 3 * 365;

struct Region {
    code: String,
    name: String,
    city: String,
}

/// What all batches draw from.
pub struct Setting {
    company: Company,
    /// Counties by province code.
    regions: std::collections::HashMap<String, Vec<Region>>,
    /// The beginning of the day on which the company stands.
    pub now: DateTime<Utc>,
}

/// One batch, ready to be written.
pub struct Batch {
    /// All, also those that are there already.
    pub customers: Customers,
    tables: Vec<Rows>,
}

impl Setting {
    pub async fn load(db: &Db, company: Company, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
            "SELECT county.code, county.name_zh, city.name_zh
             FROM dictionary_entry county
             LEFT JOIN dictionary_entry city ON city.dictionary = 'region' AND city.code = county.parent_code
             WHERE county.dictionary = 'region' AND right(county.code, 2) <> '00'
             ORDER BY county.code",
        )
        .fetch_all(db.pool())
        .await?;
        let mut regions = std::collections::HashMap::<String, Vec<Region>>::new();
        for (code, name, city) in rows {
            let province = code[..2].to_owned();
            let city = match province.as_str() {
                "11" => "北京".to_owned(),
                "31" => "上海".to_owned(),
                "50" => "重庆".to_owned(),
                _ => city.unwrap_or_default(),
            };
            regions.entry(province).or_default().push(Region { code, name, city });
        }
        Ok(Self { company, regions, now })
    }

    /// With rows for those of its customers that are not known yet.
    pub fn batch(&self, random: &mut StdRng, number: u64, size: u64, interactions: bool, known: &Customers) -> Batch {
        let (mut tables, mut customers) = (Tables::new(), Customers::new());
        // Each takes its share of what is random, so that the next one is the same whether it is there or not.
        let mut unused = Tables::new();
        for index in 0..size {
            let serial = number * super::BATCH + index + 1;
            let tables = if known.contains_key(&serial) { &mut unused } else { &mut tables };
            customers.insert(serial, self.customer(random, serial, interactions, tables));
        }
        Batch { customers, tables: tables.into_rows() }
    }

    fn customer(&self, random: &mut StdRng, serial: u64, interactions: bool, tables: &mut Tables) -> Uuid {
        let age = Duration::seconds(random.random_range(0..HISTORY_DAYS * 86_400));
        // The first customer is the one that every introduction looks for: new, and of the seller as whom people try it.
        let age = if serial == 1 { Duration::days(14) } else { age };
        let create_time = self.now - age;
        let id = id_at(create_time, random);
        let province = weighted(random, PROVINCES);
        let region = self.regions.get(province).and_then(|regions| regions.choose(random));
        let (code, city, county) = region.map_or(("", "", ""), |region| (&region.code, &region.city, &region.name));
        let is_person = serial == 1 || random.random_bool(0.4);
        let person = match serial {
            1 => names::Person { name: "张三".to_owned(), female: false },
            _ => names::person(random),
        };
        let (name, industry) = if is_person { (person.name.clone(), "") } else { names::organization(random, city) };
        let phone = if is_person || random.random_bool(0.5) {
            names::mobile(random)
        } else {
            format!("0{}-{:08}", random.random_range(21..899), random.random_range(20_000_000..89_999_999))
        };
        let birthday = is_person.then(|| birthday(random));
        let level = weighted(random, LEVELS);
        // What nobody owns lies in the pool of the group that had it.
        let (seller, owned) = (self.company.seller(random), random.random_bool(0.96));
        let (seller, owned) = if serial == 1 { (self.company.first_seller(), true) } else { (seller, owned) };
        let owner = owned.then_some(seller);
        let customer = Customer {
            id: id.to_string(),
            kind: if is_person { CustomerKind::Person } else { CustomerKind::Organization }.into(),
            number: present::number(serial),
            name,
            region: code.to_owned(),
            industry: industry.to_owned(),
            source: weighted(random, SOURCES).to_owned(),
            level: level.to_owned(),
            grade: weighted(random, GRADES).to_owned(),
            credit: weighted(random, CREDITS).to_owned(),
            status: weighted(random, STATUSES).to_owned(),
            satisfaction: random.random_range(0..=5),
            email: if random.random_bool(0.4) { format!("c{serial}@example.com") } else { String::new() },
            phone,
            owner_id: owner.map(|owner| owner.id.to_string()).unwrap_or_default(),
            group_id: seller.group.to_string(),
            ..Customer::default()
        };
        let street = format!(
            "{city}{county}{}路{}号",
            ["人民", "解放", "中山", "建设", "文化"][random.random_range(0..5)],
            random.random_range(1..999)
        );
        let custom_fields = match random.random_range(0..10) {
            0..4 => json!({
                "budget": format!("{}.00", random.random_range(10..5_000) * 1_000),
                "contract_end": (self.now.date_naive() + Days::new(random.random_range(1..720))).to_string(),
            }),
            4..6 => json!({"key_account": random.random_bool(0.2)}),
            _ => json!({}),
        };
        let contacts = self.contacts(random, id, create_time, is_person, tables);
        let last_contact = if interactions {
            self.interactions(
                random,
                id,
                create_time,
                &contacts,
                owner.map_or(self.company.manager, |owner| owner.id),
                tables,
            )
        } else {
            None
        };
        // One in five rose to its level some time after it was created.
        let rose = (level != "ordinary" && random.random_bool(0.5)).then(|| {
            let span = (self.now - create_time).num_seconds().max(1);
            create_time + Duration::seconds(random.random_range(0..span))
        });
        let revision = if rose.is_some() { 2 } else { 1 };
        tables.customers.push(&[
            Cell::Id(id),
            Cell::Int(customer.kind.into()),
            Cell::Text(&customer.number),
            Cell::Text(&customer.name),
            Cell::Text(&customer.region),
            Cell::Text(&customer.industry),
            Cell::Text(&customer.source),
            Cell::Text(&customer.level),
            Cell::Text(&customer.grade),
            Cell::Text(&customer.credit),
            Cell::Text(&customer.status),
            Cell::Int(customer.satisfaction.into()),
            Cell::Text(&customer.email),
            Cell::Text(&customer.phone),
            Cell::Text(&phone_digits(&customer.phone)),
            Cell::Text(&json!([{"label": "office", "region": code, "street": street, "postal_code": ""}]).to_string()),
            Cell::Int(if is_person { if person.female { 2 } else { 1 } } else { 0 }),
            birthday.map_or(Cell::Null, Cell::Date),
            Cell::Text(&custom_fields.to_string()),
            owner.map_or(Cell::Null, |owner| Cell::Id(owner.id)),
            Cell::Id(seller.group),
            // Theirs since today, or the pool would have most of them back tomorrow.
            Cell::Time(self.now),
            last_contact.map_or(Cell::Null, Cell::Time),
            Cell::Time(create_time),
            Cell::Time(rose.unwrap_or(create_time)),
            owner.map_or(Cell::Null, |owner| Cell::Id(owner.id)),
            owner.map_or(Cell::Null, |owner| Cell::Id(owner.id)),
            Cell::Int(revision),
        ]);
        tables.document(&customer_document(id, &customer.name, &customer.number, &customer.phone));
        if let Some(rose) = rose {
            let before = Customer { level: "ordinary".to_owned(), ..customer.clone() };
            tables.event(random, &before, id, 1, create_time, create_time);
            tables.event(random, &customer, id, 2, rose, create_time);
        } else {
            tables.event(random, &customer, id, 1, create_time, create_time);
        }
        id
    }

    fn contacts(
        &self,
        random: &mut StdRng,
        customer: Uuid,
        create_time: DateTime<Utc>,
        is_person: bool,
        tables: &mut Tables,
    ) -> Vec<Uuid> {
        // Three a customer on average: few for people, more for organisations.
        let count = if is_person { random.random_range(0..=2) } else { random.random_range(2..=7) };
        let mut ids = Vec::with_capacity(count);
        for index in 0..count {
            let id = id_at(create_time + Duration::seconds(index as i64 + 1), random);
            let person = names::person(random);
            let contact = Contact { name: person.name, phone: names::mobile(random), ..Contact::default() };
            tables.contacts.push(&[
                Cell::Id(id),
                Cell::Id(customer),
                Cell::Text(&contact.name),
                Cell::Text(names::POSTS.choose(random).copied().unwrap_or_default()),
                Cell::Int(random.random_range(0..=5)),
                Cell::Text(&contact.phone),
                Cell::Date(birthday(random)),
                Cell::Int(random.random_range(0..=5)),
                Cell::Bool(index == 0),
                Cell::Time(create_time),
                Cell::Time(create_time),
            ]);
            tables.document(&contact_document(id, customer, &contact.name, &contact.phone));
            ids.push(id);
        }
        ids
    }

    /// Ten a customer on average, one planned now and then; answers when the last one was done.
    fn interactions(
        &self,
        random: &mut StdRng,
        customer: Uuid,
        create_time: DateTime<Utc>,
        contacts: &[Uuid],
        employee: Uuid,
        tables: &mut Tables,
    ) -> Option<DateTime<Utc>> {
        let span = (self.now - create_time).num_seconds().max(3_600);
        let count = random.random_range(1..=19);
        let mut last = None;
        for index in 0..count {
            let planned = index == 0 && random.random_bool(0.06);
            let occur_time = if planned {
                self.now + Duration::hours(random.random_range(-72..240))
            } else {
                create_time + Duration::seconds(random.random_range(0..span))
            };
            if !planned {
                last = last.max(Some(occur_time));
            }
            let (subject, content) = names::SUBJECTS.choose(random).copied().unwrap_or_default();
            let with: Vec<Uuid> = contacts.choose(random).copied().into_iter().collect();
            let next_step = (!planned && self.now - occur_time < Duration::days(20) && random.random_bool(0.3))
                .then(|| self.now + Duration::hours(random.random_range(-48..120)));
            tables.interactions.push(&[
                Cell::Id(id_at(occur_time, random)),
                Cell::Id(customer),
                Cell::Int([1, 2, 2, 2, 3, 4, 6, 6, 7][random.random_range(0..9)]),
                Cell::Int(if planned { 1 } else { 2 }),
                Cell::Text(subject),
                Cell::Text(if planned { "" } else { content }),
                Cell::Time(occur_time),
                Cell::Int([0, 5, 10, 15, 30, 45, 60, 90][random.random_range(0..8)]),
                Cell::Ids(&with),
                Cell::Id(employee),
                Cell::Text(if next_step.is_some() { "再次联系，确认意向" } else { "" }),
                next_step.map_or(Cell::Null, Cell::Time),
                Cell::Time(occur_time.min(self.now)),
                Cell::Time(occur_time.min(self.now)),
            ]);
        }
        last
    }

    /// What stands once all batches are there: the next number, and fresh statistics for the planner.
    pub async fn finish(&self, db: &Db) -> anyhow::Result<()> {
        sqlx::query(
            "SELECT setval('customer_number', greatest(nextval('customer_number'),
                 (SELECT coalesce(max(substr(number, 2)::bigint), 0) FROM customer WHERE number ~ '^C[0-9]{8}$')))",
        )
        .execute(db.pool())
        .await?;
        for table in ["customer", "contact", "interaction", "search_document"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("VACUUM ANALYZE {table}"))).execute(db.pool()).await?;
        }
        Ok(())
    }
}

impl Batch {
    pub async fn write(&self, connection: &mut PgConnection) -> anyhow::Result<()> {
        for rows in &self.tables {
            rows.write(connection).await?;
        }
        Ok(())
    }
}

struct Tables {
    customers: Rows,
    contacts: Rows,
    interactions: Rows,
    documents: Rows,
    events: Rows,
}

impl Tables {
    fn new() -> Self {
        Self {
            customers: Rows::new(
                "customer",
                "id, kind, number, name, region, industry, source, level, grade, credit, status, satisfaction, email, phone,
                 phone_digits, addresses, gender, birthday, custom_fields, owner_id, group_id, owner_time,
                 last_contact_time, create_time, update_time, create_user_id, update_user_id, revision",
            ),
            contacts: Rows::new(
                "contact",
                "id, customer_id, name, post, decision_role, phone, birthday, relationship_strength, is_primary,
                 create_time, update_time",
            ),
            interactions: Rows::new(
                "interaction",
                "id, customer_id, type, state, subject, content, occur_time, duration_minutes, contact_ids, employee_id,
                 next_step, next_step_time, create_time, update_time",
            ),
            documents: Rows::new("search_document", "id, customer_id, of_contact, name, number, phone, reading, grams"),
            events: Rows::new("outbox", "id, aggregate, aggregate_id, type, payload"),
        }
    }

    fn document(&mut self, document: &Document) {
        self.documents.push(&[
            Cell::Id(document.id),
            Cell::Id(document.customer_id),
            Cell::Bool(document.of_contact),
            Cell::Text(&document.name),
            Cell::Text(&document.number),
            Cell::Text(&document.phone),
            Cell::Text(&document.reading),
            Cell::Ints(&document.grams),
        ]);
    }

    fn event(
        &mut self,
        random: &mut StdRng,
        customer: &Customer,
        id: Uuid,
        revision: i64,
        change_time: DateTime<Utc>,
        create_time: DateTime<Utc>,
    ) {
        let event = CustomerChanged {
            id: id.to_string(),
            revision,
            change_time: Some(timestamp(change_time)),
            create_time: Some(timestamp(create_time)),
            kind: customer.kind,
            region: customer.region.clone(),
            industry: customer.industry.clone(),
            source: customer.source.clone(),
            level: customer.level.clone(),
            grade: customer.grade.clone(),
            status: customer.status.clone(),
            state: CustomerState::Active.into(),
            owner_id: customer.owner_id.clone(),
            group_id: customer.group_id.clone(),
        };
        self.events.push(&[
            Cell::Id(id_at(change_time, random)),
            Cell::Text("customer"),
            Cell::Id(id),
            Cell::Text(&CustomerChanged::full_name()),
            Cell::Bytes(&event.encode_to_vec()),
        ]);
    }

    fn into_rows(self) -> Vec<Rows> {
        vec![self.customers, self.contacts, self.interactions, self.documents, self.events]
    }
}

/// Fields that the demonstration company added for itself.
pub async fn custom_fields(db: &Db) -> anyhow::Result<()> {
    sqlx::query(
        "WITH added AS (
             INSERT INTO field (key, type, label_zh, label_en, position) VALUES
                 ('budget', 3, '年度预算', 'Annual budget', 10),
                 ('contract_end', 5, '合同到期日', 'Contract end', 20),
                 ('key_account', 4, '重点客户', 'Key account', 30)
             ON CONFLICT DO NOTHING RETURNING key
         )
         UPDATE schema_revision SET revision = revision + 1 WHERE EXISTS (SELECT FROM added)",
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

fn weighted<'t>(random: &mut StdRng, choices: &[(&'t str, u32)]) -> &'t str {
    choices.choose_weighted(random, |choice| choice.1).map_or("", |choice| choice.0)
}

fn birthday(random: &mut StdRng) -> NaiveDate {
    let year = random.random_range(1950..2005);
    NaiveDate::from_yo_opt(year, random.random_range(1..=365)).unwrap_or_default().with_year(year).unwrap_or_default()
}
