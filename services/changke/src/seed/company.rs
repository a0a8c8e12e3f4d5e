//! The company: forty people in a tree of four levels, eight of whom can be signed in as.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use identity::seed::{SeedEmployee, SeedGroup, SeedPlan};
use platform::db::Db;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Plan, names};

/// Key, key of the parent, name.
const GROUPS: &[(&str, &str, &str)] = &[
    ("sales", "", "销售中心"),
    ("service", "", "服务中心"),
    ("marketing", "", "市场部"),
    ("east", "sales", "华东大区"),
    ("south", "sales", "华南大区"),
    ("north", "sales", "华北大区"),
    ("west", "sales", "西南大区"),
    ("hangzhou", "east", "杭州组"),
    ("shanghai", "east", "上海组"),
    ("nanjing", "east", "南京组"),
    ("guangzhou", "south", "广州组"),
    ("shenzhen", "south", "深圳组"),
    ("beijing", "north", "北京组"),
    ("chongqing", "west", "重庆组"),
];
const TEAMS: &[&str] = &["hangzhou", "shanghai", "nanjing", "guangzhou", "shenzhen", "beijing", "chongqing"];
const EMPLOYEES: usize = 40;

/// Login name, display name, group, role, whether the password must be changed at first.
const PEOPLE: &[(&str, &str, &str, &str, bool)] = &[
    ("admin", "系统管理员", "", "administrator", false),
    ("manager", "单雄信", "east", "manager", false),
    ("seller", "曾小贤", "hangzhou", "salesperson", false),
    ("marketer", "解晓东", "marketing", "marketer", false),
    ("agent", "查文静", "service", "service_agent", false),
    ("supervisor", "盖丽丽", "service", "service_supervisor", false),
    ("analyst", "翟建华", "", "analyst", false),
    ("newcomer", "乐欣怡", "shanghai", "salesperson", true),
];

#[derive(Debug, Clone, Copy)]
pub struct Seller {
    pub id: Uuid,
    pub group: Uuid,
}

pub struct Company {
    pub root_group: Uuid,
    pub manager: Uuid,
    sellers: Vec<Seller>,
}

impl Company {
    /// As whom people try the product.
    pub fn first_seller(&self) -> Seller {
        self.sellers.first().copied().unwrap_or(Seller { id: self.manager, group: self.root_group })
    }

    pub fn seller(&self, random: &mut StdRng) -> Seller {
        self.sellers.choose(random).copied().unwrap_or(Seller { id: self.manager, group: self.root_group })
    }
}

/// How somebody signs in, for the one who tries the product.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    login_name: String,
    password: String,
    display_name: String,
    role: String,
    password_change_required: bool,
}

/// Brings the people; those who are there keep their passwords.
pub async fn found(db: &Db, config: &identity::Config, plan: &Plan) -> anyhow::Result<Company> {
    let sign_ins = sign_ins(plan.sign_ins.as_deref())?;
    let mut random = StdRng::seed_from_u64(plan.seed);
    let groups = GROUPS
        .iter()
        .map(|(key, parent, name)| SeedGroup {
            key: (*key).to_owned(),
            parent: (!parent.is_empty()).then(|| (*parent).to_owned()),
            name: (*name).to_owned(),
            id: None,
        })
        .collect();
    let mut employees: Vec<SeedEmployee> = PEOPLE
        .iter()
        .zip(&sign_ins)
        .map(|((login_name, display_name, group, role, change), sign_in)| SeedEmployee {
            login_name: (*login_name).to_owned(),
            display_name: (*display_name).to_owned(),
            email: format!("{login_name}@example.com"),
            phone: names::mobile(&mut random),
            group: (!group.is_empty()).then(|| (*group).to_owned()),
            roles: vec![(*role).to_owned()],
            password: sign_in.password.clone(),
            password_change_required: *change,
            id: None,
        })
        .collect();
    // Nobody signs in as the others: their password is thrown away.
    let nobody = password();
    for number in employees.len()..EMPLOYEES {
        employees.push(SeedEmployee {
            login_name: format!("seller{number:02}"),
            display_name: names::person(&mut random).name,
            email: format!("seller{number:02}@example.com"),
            phone: names::mobile(&mut random),
            group: Some(TEAMS[number % TEAMS.len()].to_owned()),
            roles: vec!["salesperson".to_owned()],
            password: nobody.clone(),
            password_change_required: true,
            id: None,
        });
    }
    let seeded = identity::seed::seed(db, config, &SeedPlan { groups, employees: employees.clone() }).await?;
    let mut sellers = Vec::new();
    for employee in employees.iter().filter(|employee| employee.roles == ["salesperson"]) {
        let id = seeded.employees.get(&employee.login_name);
        let group = employee.group.as_ref().and_then(|key| seeded.groups.get(key));
        if let (Some(id), Some(group)) = (id, group) {
            sellers.push(Seller { id: *id, group: *group });
        }
    }
    if let Some(path) = &plan.sign_ins {
        write_sign_ins(path, &sign_ins).with_context(|| path.display().to_string())?;
    }
    Ok(Company {
        root_group: *seeded.groups.get("").context("no root group")?,
        manager: *seeded.employees.get("manager").context("no manager")?,
        sellers,
    })
}

/// The sign-ins that were written before, or new ones.
fn sign_ins(path: Option<&Path>) -> anyhow::Result<Vec<SignIn>> {
    if let Some(text) = path.and_then(|path| std::fs::read_to_string(path).ok()) {
        let known: Vec<SignIn> = serde_json::from_str(&text).context("the file of sign-ins")?;
        if known.len() == PEOPLE.len() {
            return Ok(known);
        }
    }
    Ok(PEOPLE
        .iter()
        .map(|(login_name, display_name, _, role, change)| SignIn {
            login_name: (*login_name).to_owned(),
            password: password(),
            display_name: (*display_name).to_owned(),
            role: (*role).to_owned(),
            password_change_required: *change,
        })
        .collect())
}

/// Random, of all kinds of characters that a policy may ask for.
fn password() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut random = rand::rng();
    let letters: String = (0..10).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
    format!("Ck-{letters}7")
}

fn write_sign_ins(path: &Path, sign_ins: &[SignIn]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    serde_json::to_writer_pretty(&mut file, sign_ins)?;
    file.write_all(b"\n")?;
    Ok(())
}
