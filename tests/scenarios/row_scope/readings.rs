//! All the ways in which a person can read customers, each compared with the oracle.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Session, TestApp};
use chrono::DateTime;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::Customer;
use super::company::Company;
use crate::support::{all_pages, change, id, query, text};

/// Compares everything. What others are told by events may take a moment, so reports are asked until they agree.
pub async fn agree(app: &TestApp, company: &Company) -> Result<()> {
    // The last change of the policy has reached everybody when the answers say so; then nothing may differ.
    let settled = app.until("everybody sees what the rules say", async || lists(company).await.is_ok()).await;
    if settled.is_err() {
        lists(company).await?;
    }
    for person in company.active() {
        gets(company, person).await.with_context(|| format!("get by {person}"))?;
        search(company, person).await.with_context(|| format!("search by {person}"))?;
        export(company, person).await.with_context(|| format!("export by {person}"))?;
    }
    told(company).await?;
    let counted = app.until("the composition counts what the rules say", async || reports(company).await.is_ok()).await;
    if counted.is_err() {
        reports(company).await?;
    }
    for someone in company.people.iter().filter(|someone| !someone.active) {
        let refused = someone.session.get("/v1/customers").await?;
        ensure!(refused.status.as_u16() == 401, "somebody who left reads {}", refused.body);
    }
    Ok(())
}

async fn lists(company: &Company) -> Result<()> {
    for person in company.active() {
        let someone = &company.people[person];
        let expected = |wanted: &dyn Fn(&Customer) -> bool| company.visible(person, someone.read, wanted);
        let own = &someone.session.employee_id;
        type Wanted<'w> = Box<dyn Fn(&Customer) -> bool + 'w>;
        let filters: [(String, Wanted<'_>); 6] = [
            (String::new(), Box::new(|customer| customer.active)),
            ("state = INVALID".into(), Box::new(|customer| !customer.active)),
            (r#"level = "vip""#.into(), Box::new(|customer| customer.active && customer.level == "vip")),
            (r#"NOT level = "vip""#.into(), Box::new(|customer| customer.active && customer.level != "vip")),
            // A filter can't widen what the scope covers.
            (
                format!(r#"level = "vip" OR owner_id != "{own}" OR NOT owner_id:*"#),
                Box::new(move |customer| {
                    customer.active && (customer.level == "vip" || customer.owner != Some(person))
                }),
            ),
            (
                r#"name : "emei" AND state = ACTIVE"#.into(),
                Box::new(|customer| customer.active && customer.word == "emei"),
            ),
        ];
        for (filter, wanted) in filters {
            let parameters = [("filter", filter.as_str()), ("count", "true"), ("orderBy", "level, name desc")];
            let expected = expected(&wanted);
            let found = all_pages(&someone.session, "/v1/customers", &parameters, "customers", 7).await?;
            same(&ids(&found, "id"), &expected, &format!("list by {person} of `{filter}`"))?;
            ensure!(found.len() == expected.len(), "list by {person} of `{filter}`: a row stands twice");
            let page = query(&someone.session, "/v1/customers", &parameters).await?.ok()?;
            ensure!(
                text(&page["totalCount"]) == expected.len().to_string(),
                "count by {person} of `{filter}`: {} for {}",
                page["totalCount"],
                expected.len()
            );
        }

        // The newest, which are found scope by scope.
        let newest = all_pages(&someone.session, "/v1/customers", &[], "customers", 7).await?;
        same(&ids(&newest, "id"), &expected(&|customer| customer.active), &format!("newest by {person}"))?;
        let place =
            |row: &Value| Ok::<_, anyhow::Error>((DateTime::parse_from_rfc3339(&text(&row["createTime"]))?, id(row)?));
        let order = newest.iter().map(place).collect::<Result<Vec<_>>>()?;
        ensure!(order.is_sorted_by(|one, next| one > next), "newest by {person}: {order:?}");
    }
    Ok(())
}

async fn gets(company: &Company, person: usize) -> Result<()> {
    let someone = &company.people[person];
    let visible = company.visible(person, someone.read, |_| true);
    let found: BTreeSet<String> = stream::iter(&company.customers)
        .map(async |customer| {
            let answer = someone.session.get(&format!("/v1/customers/{}", customer.id)).await?;
            match answer.status.as_u16() {
                200 => Ok(Some(customer.id.clone())),
                404 => Ok(None),
                _ => anyhow::bail!("{}", answer.body),
            }
        })
        .buffer_unordered(4)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await?;
    same(&found, &visible, "get")
}

async fn search(company: &Company, person: usize) -> Result<()> {
    let someone = &company.people[person];
    for word in ["kunlun", "emei"] {
        // Customers out of use are found too: whoever looks for one wants to know what became of it.
        let expected = company.visible(person, someone.read, |customer| customer.word == word);
        let matches = all_pages(&someone.session, "/v1/customers:search", &[("query", word)], "matches", 5).await?;
        let found = matches.iter().map(|found| text(&found["customer"]["id"])).collect();
        same(&found, &expected, word)?;
    }
    Ok(())
}

async fn export(company: &Company, person: usize) -> Result<()> {
    let someone = &company.people[person];
    let parameters = [("format", "EXPORT_FORMAT_CSV"), ("columns", "id"), ("filter", r#"level != "vip""#)];
    let file = query(&someone.session, "/v1/customers:export", &parameters).await?.ok()?;
    let file = file.as_str().context("no file")?;
    let found = file.lines().skip(1).map(|line| line.trim().trim_matches('"').to_owned()).collect();
    let expected = company.visible(person, someone.export, |customer| customer.active && customer.level != "vip");
    same(&found, &expected, "export")
}

/// Everybody watches while every customer changes, twice: by the second time, all that was to come of the first has come.
async fn told(company: &Company) -> Result<()> {
    let mut watches = Vec::new();
    for person in company.active() {
        let mut watch = company.people[person].session.lines("/v1/customers:watch", &[]).await?;
        ensure!(watch.next().await?.is_some_and(|first| first["resync"] == true), "the stream does not begin");
        watches.push((person, watch));
    }
    for remark in ["once", "twice"] {
        for customer in company.customers.iter().filter(|customer| customer.active) {
            change(&company.admin, &format!("/v1/customers/{}", customer.id), json!({"remark": remark})).await?;
        }
        for (person, watch) in &mut watches {
            let mut missing = company.visible(*person, company.people[*person].read, |customer| customer.active);
            while !missing.is_empty() {
                let update = watch.next().await.with_context(|| format!("{person} waits for {missing:?}"))?;
                let update = update.context("the stream has ended")?;
                let expected =
                    update["customer"]["remark"] == remark && missing.remove(&text(&update["customer"]["id"]));
                ensure!(expected, "stream of {person}: {update} beyond the scope, or twice");
            }
        }
    }
    Ok(())
}

async fn reports(company: &Company) -> Result<()> {
    for person in company.active() {
        let someone = &company.people[person];
        let slices = levels(&someone.session, "").await?;
        let vips = levels(&someone.session, r#"level = "vip""#).await?;
        for level in ["ordinary", "potential", "vip"] {
            let wanted = |customer: &Customer| customer.active && customer.level == level;
            let expected = company.visible(person, someone.report, wanted).len();
            let counted = |slices: &[(String, String)]| -> usize {
                let slice = slices.iter().find(|(key, _)| key == level);
                slice.and_then(|(_, count)| count.parse().ok()).unwrap_or_default()
            };
            ensure!(counted(&slices) == expected, "composition by {person}: {slices:?}, {expected} of {level}");
            ensure!(level != "vip" || counted(&vips) == expected, "filtered composition by {person}: {vips:?}");
        }
        ensure!(vips.len() <= 1, "filtered composition by {person}: {vips:?}");
    }
    Ok(())
}

async fn levels(reader: &Session, filter: &str) -> Result<Vec<(String, String)>> {
    let parameters = [("dimension", "DIMENSION_LEVEL"), ("filter", filter)];
    let composition = query(reader, "/v1/reports/composition", &parameters).await?.ok()?;
    let slices = composition["slices"].as_array().context("slices")?;
    Ok(slices.iter().map(|slice| (text(&slice["key"]), text(&slice["count"]))).collect())
}

fn ids(records: &[Value], field: &str) -> BTreeSet<String> {
    records.iter().map(|record| text(&record[field])).collect()
}

fn same(found: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) -> Result<()> {
    let (extra, missing): (Vec<_>, Vec<_>) =
        (found.difference(expected).collect(), expected.difference(found).collect());
    ensure!(extra.is_empty() && missing.is_empty(), "{what}: shows {extra:?} beyond the scope, leaves out {missing:?}");
    Ok(())
}
