//! A company made at random, in the product and, beside it, as plain lists.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::json;

use super::{Customer, Scope};
use crate::support::{a_role, change, id};

pub const PEOPLE: usize = 8;
const CUSTOMERS: usize = 40;
const SHARES: usize = 14;
const SCOPES: [Scope; 4] = [Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::All];
const LEVELS: [&str; 3] = ["ordinary", "potential", "vip"];
const WORDS: [&str; 3] = ["kunlun", "taihang", "emei"];

pub struct Company {
    pub admin: Session,
    pub groups: Vec<Group>,
    pub people: Vec<Person>,
    pub customers: Vec<Customer>,
    pub shares: Vec<Share>,
}

pub struct Group {
    pub id: String,
    pub parent: Option<usize>,
}

pub struct Person {
    pub session: Session,
    pub group: Option<usize>,
    pub read: Scope,
    pub export: Scope,
    pub report: Scope,
    /// Groups that a second role names, for all three.
    pub chosen: Vec<usize>,
    pub active: bool,
}

pub struct Share {
    pub id: String,
    pub customer: String,
    pub person: Option<usize>,
    pub group: Option<usize>,
    pub expired: bool,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Own => "OWN",
            Scope::Group => "GROUP",
            Scope::GroupAndBelow => "GROUP_AND_BELOW",
            Scope::All => "ALL",
        }
    }
}

impl Company {
    pub async fn found(app: &TestApp, random: &mut StdRng, group_count: usize) -> Result<Self> {
        let admin = app.administrator().await?;
        let groups = vec![Group { id: app.root_group().await?, parent: None }];
        let mut company = Self { admin, groups, people: vec![], customers: vec![], shares: vec![] };
        for number in 1..group_count {
            let parent = random.random_range(0..company.groups.len().div_ceil(2));
            let group = app.group(&format!("group {number}"), &company.groups[parent].id).await?;
            company.groups.push(Group { id: group, parent: Some(parent) });
        }
        for number in 0..PEOPLE {
            company.hire(app, random, number).await?;
        }
        for number in 0..CUSTOMERS {
            company.win(random, number).await?;
        }
        let soon = Utc::now() + TimeDelta::seconds(2);
        for _ in 0..SHARES {
            company.lend(random, soon).await?;
        }
        app.until("the short shares have run out", async || Utc::now() > soon).await?;
        Ok(company)
    }

    /// The first four have each scope for reading; nobody's scopes for other permissions are like it but by chance.
    async fn hire(&mut self, app: &TestApp, random: &mut StdRng, number: usize) -> Result<()> {
        let read = SCOPES.get(number).copied().unwrap_or(pick(random, &SCOPES));
        let (export, report) = (pick(random, &SCOPES), pick(random, &SCOPES));
        // The last stands in no group.
        let group = (number + 1 < PEOPLE).then(|| random.random_range(0..self.groups.len()));
        let name = format!("person{number}");
        let role = a_role(
            &self.admin,
            &name,
            &[("CUSTOMERS_READ", read.name()), ("CUSTOMERS_EXPORT", export.name()), ("REPORTS_READ", report.name())],
        )
        .await?;
        let group_id = group.map_or("", |group| self.groups[group].id.as_str());
        // Every third one has groups of choice beside.
        let chosen: Vec<usize> = match number % 3 {
            0 => {
                (0..2).map(|_| random.random_range(1..self.groups.len())).collect::<BTreeSet<_>>().into_iter().collect()
            }
            _ => Vec::new(),
        };
        let mut roles = vec![role];
        if !chosen.is_empty() {
            roles.push(self.role_for(&format!("{name} chosen"), &chosen).await?);
        }
        let session = app.employee(&name, group_id, &[]).await?;
        change(&self.admin, &format!("/v1/employees/{}", session.employee_id), json!({"roleIds": roles})).await?;
        self.people.push(Person { session, group, read, export, report, chosen, active: true });
        Ok(())
    }

    async fn role_for(&self, name: &str, chosen: &[usize]) -> Result<String> {
        let group_ids: Vec<&str> = chosen.iter().map(|group| self.groups[*group].id.as_str()).collect();
        let grants = ["CUSTOMERS_READ", "CUSTOMERS_EXPORT", "REPORTS_READ"].map(|permission| {
            json!({
                "permission": format!("PERMISSION_{permission}"), "scope": "SCOPE_CHOSEN_GROUPS", "groupIds": group_ids,
            })
        });
        id(&self.admin.post("/v1/roles", json!({"name": name, "grants": grants})).await?.ok()?)
    }

    async fn win(&mut self, random: &mut StdRng, number: usize) -> Result<()> {
        let owner = random.random_range(0..PEOPLE);
        let (level, word) = (pick(random, &LEVELS), pick(random, &WORDS));
        let body = json!({
            "kind": "CUSTOMER_KIND_ORGANIZATION", "name": format!("{word} {number}"), "level": level,
            "ownerId": self.people[owner].session.employee_id,
        });
        let id = id(&self.admin.post("/v1/customers", body).await?.ok()?)?;
        let mut customer =
            Customer { id, level, word, active: true, owner: Some(owner), group: self.people[owner].group };
        if random.random_ratio(1, 6) {
            // It stays with the group of the last owner.
            self.assign(&mut customer, None).await?;
        }
        if random.random_ratio(1, 8) {
            let path = format!("/v1/customers/{}", customer.id);
            let etag = &self.admin.get(&path).await?.ok()?["etag"];
            self.admin.post(&format!("{path}:invalidate"), json!({"reason": "closed", "etag": etag})).await?.ok()?;
            customer.active = false;
        }
        self.customers.push(customer);
        Ok(())
    }

    async fn assign(&self, customer: &mut Customer, owner: Option<usize>) -> Result<()> {
        let owner_id = owner.map_or("", |owner| self.people[owner].session.employee_id.as_str());
        let body = json!({"ids": [customer.id], "ownerId": owner_id});
        self.admin.post("/v1/customers:assign", body).await?.ok()?;
        customer.owner = owner;
        if let Some(owner) = owner {
            customer.group = self.people[owner].group;
        }
        Ok(())
    }

    async fn lend(&mut self, random: &mut StdRng, soon: DateTime<Utc>) -> Result<()> {
        let customer = self.customers.choose(random).context("customers")?;
        if !customer.active {
            return Ok(());
        }
        let (person, group) = match random.random_bool(0.5) {
            true => (Some(random.random_range(0..PEOPLE)), None),
            false => (None, Some(random.random_range(0..self.groups.len()))),
        };
        let mut body = match (person, group) {
            (Some(person), _) => json!({"employeeId": self.people[person].session.employee_id}),
            (_, group) => json!({"groupId": self.groups[group.unwrap_or_default()].id}),
        };
        let expired = random.random_ratio(1, 3);
        if expired {
            body["expireTime"] = json!(soon.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
        let answer = self.admin.post(&format!("/v1/customers/{}/shares", customer.id), body).await?;
        // Lent to the same twice.
        if answer.status.as_u16() == 409 {
            return Ok(());
        }
        let customer = customer.id.clone();
        self.shares.push(Share { id: id(&answer.ok()?)?, customer, person, group, expired });
        Ok(())
    }

    /// People move, groups move, customers change hands, shares end, somebody leaves.
    pub async fn reorganise(&mut self, app: &TestApp, random: &mut StdRng) -> Result<()> {
        for _ in 0..3 {
            let person = random.random_range(0..PEOPLE);
            let group = random.random_range(0..self.groups.len());
            let path = format!("/v1/employees/{}", self.people[person].session.employee_id);
            change(&self.admin, &path, json!({"groupId": self.groups[group].id})).await?;
            self.people[person].group = Some(group);
            for customer in self.customers.iter_mut().filter(|customer| customer.owner == Some(person)) {
                customer.group = Some(group);
            }
        }
        self.settle(app).await?;
        let group = random.random_range(1..self.groups.len());
        let elsewhere: Vec<usize> =
            (0..self.groups.len()).filter(|other| !self.ancestry(*other).contains(&group)).collect();
        let parent = pick(random, &elsewhere);
        let path = format!("/v1/groups/{}", self.groups[group].id);
        change(&self.admin, &path, json!({"parentId": self.groups[parent].id})).await?;
        self.groups[group].parent = Some(parent);
        for _ in 0..6 {
            let position = random.random_range(0..CUSTOMERS);
            let mut customer = self.customers[position].clone();
            if customer.active {
                let owner = random.random_bool(0.8).then(|| random.random_range(0..PEOPLE - 1));
                self.assign(&mut customer, owner).await?;
                self.customers[position] = customer;
            }
        }
        self.shares.shuffle(random);
        for share in self.shares.split_off(self.shares.len() / 2) {
            self.admin.delete(&format!("/v1/shares/{}", share.id)).await?.ok()?;
        }
        let leaver = &mut self.people[PEOPLE - 1];
        let path = format!("/v1/employees/{}:disable", leaver.session.employee_id);
        self.admin.post(&path, json!({})).await?.ok()?;
        leaver.active = false;
        Ok(())
    }

    /// Customers follow their owners by events; waits until they have.
    async fn settle(&self, app: &TestApp) -> Result<()> {
        app.until("the customers have followed their owners", async || {
            for customer in &self.customers {
                let Ok(found) = self.admin.get(&format!("/v1/customers/{}", customer.id)).await else { return false };
                if found.body["groupId"] != customer.group.map_or("", |group| self.groups[group].id.as_str()) {
                    return false;
                }
            }
            true
        })
        .await
    }
}

fn pick<T: Copy>(random: &mut StdRng, among: &[T]) -> T {
    among[random.random_range(0..among.len())]
}
