use anyhow::{Context as _, Result};
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::story::{Story, a_customer, all_pages, each, id, list, refusals, violations};

async fn names(reader: &Session, query: &[(&str, &str)]) -> Result<Vec<String>> {
    let page = list(reader, "/v1/customers", query).await?.ok()?;
    Ok(each(&page, "customers", "name").into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn a_customer_is_brought_to_form_and_changes_field_by_field() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let new = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": " 张三 ", "region": "330106", "phone": " +86 138 0013 8000 ",
        "idNumber": "11010519491231002x", "birthday": "1949-12-31", "addresses": [{"label": "home", "street": "文三路 1 号"}],
    });
    let created = li_lei.post("/v1/customers", new).await?.ok()?;
    assert_eq!((created["name"].as_str(), created["phone"].as_str()), (Some("张三"), Some("+86 138 0013 8000")));
    // A salesperson sees identity numbers masked, in the answer to a change as anywhere.
    assert_eq!(created["idNumber"], "110***********002X");
    assert_eq!(created["state"], "CUSTOMER_STATE_ACTIVE");
    assert_eq!(
        (created["ownerId"].as_str(), created["ownerName"].as_str()),
        (Some(li_lei.employee_id.as_str()), Some("lilei"))
    );
    assert_eq!(created["groupName"], "华东销售");
    let number = created["number"].as_str().unwrap_or_default();
    assert!(
        number.len() == 9 && number.starts_with('C') && number[1..].bytes().all(|b| b.is_ascii_digit()),
        "{number}"
    );

    let path = format!("/v1/customers/{}", id(&created)?);
    let read = li_lei.get(&path).await?.ok()?;
    assert_eq!(read, created);
    let change = json!({"remark": "朋友介绍", "region": "", "addresses": [], "etag": read["etag"]});
    let changed = li_lei.patch(&path, change.clone()).await?.ok()?;
    assert_eq!((changed["remark"].as_str(), changed["region"].as_str().unwrap_or_default()), (Some("朋友介绍"), ""));
    assert_eq!((&changed["name"], &changed["phone"]), (&read["name"], &read["phone"]));
    assert_ne!(changed["etag"], read["etag"]);
    li_lei.patch(&path, change).await?.refused(409, "STALE_ETAG")?;
    // Nothing to change is no change.
    let same = li_lei.patch(&path, json!({"remark": "朋友介绍", "etag": changed["etag"]})).await?.ok()?;
    assert_eq!(same["etag"], changed["etag"]);
    // What was shown masked must not become the value.
    let masked = li_lei.patch(&path, json!({"idNumber": created["idNumber"], "etag": changed["etag"]})).await?;
    assert_eq!(violations(&masked), refusals(&[("idNumber", "MASKED_VALUE")]));
    let whole = story.admin.get(&path).await?.ok()?;
    assert_eq!(whole["idNumber"], "11010519491231002X");

    let timeline = li_lei.get(&format!("{path}/timeline")).await?.ok()?;
    let actions: Vec<&str> = timeline["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["change"]["action"].as_str())
        .collect();
    assert_eq!(actions, ["customer.updated", "customer.created"], "{timeline}");
    story.end().await
}

#[tokio::test]
async fn a_customer_with_faults_leaves_no_trace() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let faulty = json!({
        "name": "  ", "region": "999999", "phone": "电话", "birthday": "2026-02-30", "idNumber": "110105194912310021",
        "kind": "CUSTOMER_KIND_PERSON", "addresses": [{"region": "1"}], "customFields": {"nothing": {"stringValue": "x"}},
    });
    let refused = li_lei.post("/v1/customers", faulty).await?;
    let mut found = violations(&refused);
    found.sort();
    assert_eq!(
        found,
        refusals(&[
            ("addresses[0].region", "CODE_UNKNOWN"),
            ("birthday", "DATE_INVALID"),
            ("customFields.nothing", "FIELD_UNKNOWN"),
            ("idNumber", "ID_NUMBER_INVALID"),
            ("name", "NAME_BLANK"),
            ("phone", "PHONE_INVALID"),
            ("region", "CODE_UNKNOWN"),
        ])
    );
    let somebody = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "ownerId": story.han_mei.employee_id});
    let refused = li_lei.post("/v1/customers", somebody).await?;
    assert_eq!(violations(&refused), refusals(&[("ownerId", "OWNER_INVALID")]));
    assert_eq!(names(&story.admin, &[]).await?, Vec::<String>::new());
    let mut database = story.app.database().await?;
    for table in ["customer", "search_document", "outbox", "audit_entry"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM customers.{table}"));
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut database).await?;
        assert_eq!(rows, 0, "{table}");
    }
    story.end().await
}

#[tokio::test]
async fn a_list_filters_sorts_pages_and_counts() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    for (name, region, satisfaction) in
        [("甲", "330106", 5), ("乙", "330102", 3), ("丙", "310115", 4), ("丁", "", 3), ("戊", "330106", 1)]
    {
        let customer =
            json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "region": region, "satisfaction": satisfaction});
        li_lei.post("/v1/customers", customer).await?.ok()?;
    }
    assert_eq!(names(li_lei, &[]).await?, ["戊", "丁", "丙", "乙", "甲"]);
    assert_eq!(names(li_lei, &[("filter", "region : 33")]).await?, ["戊", "乙", "甲"]);
    let filter = "region : 33 AND satisfaction >= 3 AND owner_id = me() AND kind = PERSON AND create_time = today()";
    assert_eq!(names(li_lei, &[("filter", filter), ("orderBy", "satisfaction")]).await?, ["乙", "甲"]);
    let mixed = "satisfaction desc, region, create_time";
    assert_eq!(names(li_lei, &[("orderBy", mixed)]).await?, ["甲", "丙", "丁", "乙", "戊"]);
    let pages =
        all_pages(li_lei, "/v1/customers?orderBy=satisfaction%20desc%2C%20region%2C%20create_time", "customers", 2)
            .await?;
    let paged: Vec<&str> = pages.iter().filter_map(|customer| customer["name"].as_str()).collect();
    assert_eq!(paged, ["甲", "丙", "丁", "乙", "戊"]);
    let counted = list(li_lei, "/v1/customers", &[("filter", "region : 33"), ("count", "true"), ("pageSize", "1")])
        .await?
        .ok()?;
    assert_eq!((counted["totalCount"].as_str(), counted["customers"].as_array().map(Vec::len)), (Some("3"), Some(1)));
    let token = counted["nextPageToken"].as_str().unwrap_or_default();
    list(li_lei, "/v1/customers", &[("pageToken", token)]).await?.refused(400, "INVALID_REQUEST")?;

    for (name, text, reason) in [
        ("filter", "satisfaction = high", "FILTER_INVALID"),
        ("filter", "colour = red", "FILTER_INVALID"),
        ("filter", "id_number = \"110105\"", "FIELD_MASKED"),
        ("orderBy", "bank_account", "FIELD_MASKED"),
        ("orderBy", "addresses", "FILTER_INVALID"),
    ] {
        let refused = list(li_lei, "/v1/customers", &[(name, text)]).await?;
        assert_eq!(violations(&refused), refusals(&[(name, reason)]), "{text}");
    }
    story.end().await
}

#[tokio::test]
async fn customers_out_of_use_stay_to_be_seen_and_restored() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let customer = a_customer(li_lei, "华信").await?;
    let path = format!("/v1/customers/{customer}");
    li_lei.post(&format!("{path}:invalidate"), json!({"reason": "x"})).await?.refused(403, "PERMISSION_DENIED")?;
    admin.post(&format!("{path}:invalidate"), json!({"etag": "77"})).await?.refused(409, "STALE_ETAG")?;
    let invalid = admin.post(&format!("{path}:invalidate"), json!({"reason": "重复登记"})).await?.ok()?;
    assert_eq!(invalid["state"], "CUSTOMER_STATE_INVALID");
    admin.post(&format!("{path}:invalidate"), json!({})).await?.refused(422, "CUSTOMER_INVALID")?;
    assert_eq!(names(li_lei, &[]).await?, Vec::<String>::new());
    assert_eq!(names(li_lei, &[("filter", "state = INVALID")]).await?, ["华信"]);
    assert_eq!(li_lei.get(&path).await?.ok()?["state"], "CUSTOMER_STATE_INVALID");
    li_lei.patch(&path, json!({"remark": "x", "etag": invalid["etag"]})).await?.refused(422, "CUSTOMER_INVALID")?;
    admin.post(&format!("{path}:restore"), json!({"etag": invalid["etag"]})).await?.ok()?;
    admin.post(&format!("{path}:restore"), json!({})).await?.refused(422, "CUSTOMER_NOT_INVALID")?;
    assert_eq!(names(li_lei, &[]).await?, ["华信"]);
    story.end().await
}

#[tokio::test]
async fn customers_change_hands_all_or_none_and_back() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let ours = [a_customer(li_lei, "甲").await?, a_customer(li_lei, "乙").await?];
    let theirs = a_customer(han_mei, "丙").await?;
    let all = json!([ours[0], ours[1], theirs]);
    let assign = async |ids: &Value, owner: &str| {
        admin.post("/v1/customers:assign", json!({"ids": ids, "ownerId": owner})).await
    };

    let stranger = Uuid::now_v7().to_string();
    let refused = assign(&json!([ours[0], stranger]), &han_mei.employee_id).await?;
    assert_eq!(refused.status.as_u16(), 404);
    assert_eq!(violations(&refused), refusals(&[("ids[1]", "NOT_FOUND")]));
    assert_eq!(names(li_lei, &[]).await?, ["乙", "甲"]);
    assert_eq!(violations(&assign(&all, &stranger).await?), refusals(&[("ownerId", "OWNER_INVALID")]));

    let moved = assign(&all, &han_mei.employee_id).await?.ok()?;
    assert_eq!(names(han_mei, &[]).await?, ["丙", "乙", "甲"]);
    li_lei.get(&format!("/v1/customers/{}", ours[0])).await?.refused(404, "NOT_FOUND")?;
    // What she had before did not change.
    assert_eq!(han_mei.get(&format!("/v1/customers/{theirs}")).await?.ok()?["etag"], "1");
    for previous in moved["previousOwners"].as_array().into_iter().flatten() {
        let owner = previous["ownerId"].as_str().unwrap_or_default();
        assign(&json!([previous["customerId"]]), owner).await?.ok()?;
    }
    assert_eq!((names(li_lei, &[]).await?.len(), names(han_mei, &[]).await?.len()), (2, 1));
    story.end().await
}

#[tokio::test]
async fn an_owner_is_removed_only_without_customers() -> Result<()> {
    let story = Story::begin().await?;
    let (app, admin, li_lei) = (&story.app, &story.admin, &story.li_lei);
    let customer = a_customer(li_lei, "华信").await?;
    let employee = format!("/v1/employees/{}", li_lei.employee_id);
    let remove = async || {
        let etag = admin.get(&employee).await?.ok()?["etag"].clone();
        admin.delete(&format!("{employee}?etag={}", etag.as_str().unwrap_or_default())).await
    };
    let refused = remove().await?;
    assert_eq!((refused.status.as_u16(), refused.body["reason"].as_str()), (422, Some("EMPLOYEE_OWNS_CUSTOMERS")));
    let body = json!({"ids": [customer], "ownerId": admin.employee_id});
    admin.post("/v1/customers:assign", body).await?.ok()?;

    // One that is given to them while they go lies in the pool afterwards.
    let mut meanwhile = app.database().await?;
    meanwhile.execute("BEGIN; LOCK TABLE customers.inbox IN ACCESS EXCLUSIVE MODE").await?;
    remove().await?.ok()?;
    let sql = "UPDATE customers.customer SET owner_id = $1 WHERE id = $2";
    let (owner, id): (Uuid, Uuid) = (li_lei.employee_id.parse()?, customer.parse()?);
    sqlx::query(sql).bind(owner).bind(id).execute(&mut meanwhile).await?;
    meanwhile.execute("COMMIT").await?;
    let path = format!("/v1/customers/{customer}");
    app.until("it lies in the pool", async || admin.get(&path).await.is_ok_and(|answer| answer.body["ownerId"] == ""))
        .await?;
    let periods = admin.get(&format!("{path}/ownershipPeriods")).await?.ok()?;
    assert_eq!(periods["periods"][0]["reason"], "OWNERSHIP_REASON_RECYCLED", "{periods}");
    story.end().await
}

#[tokio::test]
async fn customers_follow_their_owner_to_another_group() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let customer = a_customer(li_lei, "华信").await?;
    a_customer(li_lei, "中信").await?;
    let north = story.app.group("华北销售", &story.app.root_group().await?).await?;
    let manager = story.app.employee("wangjingli", &north, &["manager"]).await?;
    let path = format!("/v1/customers/{customer}");
    manager.get(&path).await?.refused(404, "NOT_FOUND")?;
    let employee = format!("/v1/employees/{}", li_lei.employee_id);
    let before = admin.get(&employee).await?.ok()?;
    admin.call(Method::PATCH, &employee, Some(json!({"groupId": north, "etag": before["etag"]})), &[]).await?.ok()?;
    let sees = async || manager.get(&path).await.is_ok_and(|answer| answer.status.is_success());
    story.app.until("the manager of the new group sees the customer", sees).await?;
    let moved = li_lei.get(&path).await?.ok()?;
    assert_eq!((moved["groupId"].as_str(), moved["etag"].as_str()), (Some(north.as_str()), Some("2")));
    // One entry of the move, at the employee, however many customers go along.
    let filter = "filter=action%20%3D%20%22customer.followed_owner%22";
    let trail = admin.get(&format!("/v1/operations/customers/auditEntries?{filter}")).await?.ok()?;
    let entries = trail["entries"].as_array().context("no entries")?;
    assert_eq!((entries.len(), entries[0]["recordId"].as_str()), (1, Some(li_lei.employee_id.as_str())), "{trail}");
    assert_eq!((&entries[0]["changes"][0]["after"], &entries[0]["changes"][1]["after"]), (&json!("2"), &json!(north)));
    story.end().await
}
