//! Every operation of the contracts × every preset role, a stranger, and a newcomer who has yet to change the initial
//! password; and every operation whose permission knows several scopes × a role for each scope: refused exactly when the
//! contract and the role's grants say so.

pub mod request;

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session, TestApp};
use contracts::options::{Scope, SessionEffect};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::contract::{Access, Contract, HttpRule, Method};
use serde_json::{Value, json};

use crate::support::{change, id, text};

struct Person {
    name: String,
    session: Session,
    who: Who,
}

enum Who {
    Stranger,
    Newcomer,
    Holder(HashSet<String>),
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Verdict {
    SignInFirst,
    ChangePasswordFirst,
    Forbidden,
    Welcome,
}

impl Who {
    fn expected(&self, method: &Method) -> Verdict {
        match (method.access, self) {
            (Access::Public, _) => Verdict::Welcome,
            (_, Who::Stranger) => Verdict::SignInFirst,
            (_, Who::Newcomer) if !method.before_password_change => Verdict::ChangePasswordFirst,
            (Access::SignedIn, _) => Verdict::Welcome,
            (Access::Permission(permission), Who::Holder(held)) if held.contains(permission.as_str_name()) => {
                Verdict::Welcome
            }
            (Access::Permission(_), _) => Verdict::Forbidden,
        }
    }
}

/// What an answer amounts to; business that fails for want of records is business all the same.
fn verdict(answer: &Answer) -> Result<Verdict> {
    let reason = text(&answer.body["reason"]);
    Ok(match (answer.status.as_u16(), reason.as_str()) {
        (401, "UNAUTHENTICATED") => Verdict::SignInFirst,
        (403, "PASSWORD_CHANGE_REQUIRED") => Verdict::ChangePasswordFirst,
        (403, "PERMISSION_DENIED") => Verdict::Forbidden,
        // Made-up credentials, which is what the operation is about.
        (
            401,
            "SIGN_IN_FAILED" | "REFRESH_TOKEN_INVALID" | "SECOND_FACTOR_WRONG" | "API_KEY_INVALID" | "SIGN_ON_FAILED",
        ) => Verdict::Welcome,
        // The permission was looked at and is there; what was asked for lies beyond its scope.
        (403, "OUTSIDE_SCOPE") => Verdict::Welcome,
        (200 | 400 | 404 | 409 | 415 | 422, _) => Verdict::Welcome,
        (status, _) => anyhow::bail!("{status} {}", answer.body),
    })
}

#[tokio::test]
async fn every_operation_is_open_to_exactly_those_who_hold_its_permission() -> Result<()> {
    let app = TestApp::start().await?;
    let people = people(&app).await?;
    let contract = Contract::get();
    let routes: Vec<(&Method, &HttpRule)> =
        contract.methods().iter().flat_map(|method| method.http.iter().map(move |rule| (method, rule))).collect();
    // Last what ends the session that all others need.
    let (ending, lasting): (Vec<_>, Vec<_>) =
        routes.into_iter().partition(|(method, _)| method.session_effect == SessionEffect::End);
    assert_eq!(ending.len(), 1);

    let mut tally = Tally::default();
    for person in &people {
        tally.count(person, tried(person, &lasting).await?);
        tally.count(person, tried(person, &ending).await?);
    }
    let Tally { cases, refused, .. } = tally;
    println!("{cases} cases: {} people, {} operations, {refused} refusals", people.len(), lasting.len() + 1);
    assert!(refused * 4 > cases, "only {refused} of {cases} cases are refusals: the matrix has lost its edge");

    let (holders, scoped) = scopes(&app).await?;
    let reached = |method: &Method| matches!(method.access, Access::Permission(permission) if scoped.contains(permission.as_str_name()));
    let routes: Vec<(&Method, &HttpRule)> = lasting.into_iter().filter(|(method, _)| reached(method)).collect();
    for holder in &holders {
        tally.count(holder, tried(holder, &routes).await?);
    }
    let by_scope = tally.cases - cases;
    assert_eq!(by_scope as usize, routes.len() * SCOPES.len());
    println!("{by_scope} cases: {} scopes, {} operations; {} in all", holders.len(), routes.len(), tally.cases);
    let wrong = tally.wrong;
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), tally.cases, wrong.join("\n"));
    app.stop().await
}

#[derive(Default)]
struct Tally {
    cases: u32,
    refused: u32,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, person: &Person, outcomes: Vec<Outcome>) {
        for (operation, expected, outcome) in outcomes {
            self.cases += 1;
            self.refused += u32::from(expected != Verdict::Welcome);
            if !matches!(&outcome, Ok(found) if *found == expected) {
                self.wrong.push(format!("{} {operation}: expected {expected:?}, got {outcome:?}", person.name));
            }
        }
    }
}

const SCOPES: [Scope; 5] = [Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::ChosenGroups, Scope::All];

/// Somebody for each scope, who holds every permission that knows it in it; and the permissions that know several.
async fn scopes(app: &TestApp) -> Result<(Vec<Person>, HashSet<String>)> {
    let root = app.root_group().await?;
    let admin = app.administrator().await?;
    let catalog = admin.get("/v1/permissionCatalog").await?.ok()?;
    let entries = catalog["permissions"].as_array().context("permissions")?;
    let known = |entry: &Value| entry["scopes"].as_array().map_or(0, Vec::len);
    let scoped = entries.iter().filter(|entry| known(entry) > 1).map(|entry| text(&entry["permission"])).collect();
    let mut holders = Vec::new();
    for scope in SCOPES {
        let name = scope.as_str_name();
        let knows = |entry: &&Value| entry["scopes"].as_array().is_some_and(|scopes| scopes.contains(&json!(name)));
        let held: HashSet<String> = entries.iter().filter(knows).map(|entry| text(&entry["permission"])).collect();
        let groups: &[&str] = if scope == Scope::ChosenGroups { &[&root] } else { &[] };
        let grants: Vec<Value> = held
            .iter()
            .map(|permission| json!({"permission": permission, "scope": name, "groupIds": groups}))
            .collect();
        let role = id(&admin.post("/v1/roles", json!({"name": name, "grants": grants})).await?.ok()?)?;
        let session = app.employee(&name.to_lowercase(), &root, &[]).await?;
        change(&admin, &format!("/v1/employees/{}", session.employee_id), json!({"roleIds": [role]})).await?;
        app.until("the role counts in every service", async || {
            let mut counts = true;
            for path in ["/v1/employees", "/v1/customers", "/v1/reports/composition?dimension=DIMENSION_LEVEL"] {
                counts &= session.get(path).await.is_ok_and(|answer| answer.status.as_u16() != 403);
            }
            counts
        })
        .await?;
        holders.push(Person { name: name.to_owned(), session, who: Who::Holder(held) });
    }
    Ok((holders, scoped))
}

type Outcome = (String, Verdict, Result<Verdict>);

async fn tried(person: &Person, routes: &[(&Method, &HttpRule)]) -> Result<Vec<Outcome>> {
    stream::iter(routes.iter().copied())
        .map(async |(method, rule)| {
            let answer = request::send(&person.session, method, rule).await?;
            let operation = format!("{} {}", rule.verb.as_str(), rule.template);
            Ok((operation, person.who.expected(method), verdict(&answer)))
        })
        .buffer_unordered(4)
        .try_collect()
        .await
}

async fn people(app: &TestApp) -> Result<Vec<Person>> {
    let root = app.root_group().await?;
    let admin = app.administrator().await?;
    let roles = admin.get("/v1/roles?pageSize=200").await?.ok()?;
    let grants: HashMap<String, HashSet<String>> = roles["roles"]
        .as_array()
        .context("roles")?
        .iter()
        .map(|role| {
            let permissions = role["grants"].as_array().into_iter().flatten().map(|grant| text(&grant["permission"]));
            (text(&role["preset"]), permissions.collect())
        })
        .collect();
    assert_eq!(grants.len(), 8, "the presets, and no other role");

    let mut people = vec![Person { name: "stranger".into(), session: app.anonymous(), who: Who::Stranger }];
    let administrator_role =
        roles["roles"].as_array().into_iter().flatten().find(|role| role["preset"] == "administrator");
    let newcomer = json!({
        "loginName": "newcomer", "displayName": "newcomer", "groupId": root,
        "roleIds": [id(administrator_role.context("no administrator role")?)?],
    });
    let created = admin.post("/v1/employees", newcomer).await?.ok()?;
    let session = app.sign_in("newcomer", &text(&created["initialPassword"])).await?;
    people.push(Person { name: "newcomer".into(), session, who: Who::Newcomer });
    for (preset, held) in grants {
        let session = app.employee(&format!("matrix-{preset}"), &root, &[&preset]).await?;
        people.push(Person { name: preset, session, who: Who::Holder(held) });
    }
    Ok(people)
}

#[tokio::test]
async fn a_permission_that_only_services_hold_can_not_be_given() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let catalog = admin.get("/v1/permissionCatalog").await?.ok()?;
    let grantable: HashSet<String> =
        catalog["permissions"].as_array().into_iter().flatten().map(|entry| text(&entry["permission"])).collect();
    for method in Contract::get().methods() {
        let Access::Permission(permission) = method.access else { continue };
        let role = json!({
            "name": format!("{} {}", method.service, method.name),
            "grants": [{"permission": permission.as_str_name(), "scope": "SCOPE_ALL"}],
        });
        let answer = admin.post("/v1/roles", role).await?;
        match grantable.contains(permission.as_str_name()) {
            true => drop(answer.ok()?),
            false => {
                assert_eq!(answer.status.as_u16(), 400, "{}", answer.body);
                assert_eq!(answer.body["fieldViolations"][0]["reason"], Value::from("PERMISSION_NOT_GRANTABLE"));
            }
        }
    }
    assert!(grantable.len() > 20 && !grantable.contains("PERMISSION_POLICY_WATCH"));
    app.stop().await
}
