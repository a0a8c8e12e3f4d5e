//! Customers that become one, with what belongs to them, and are parted again.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};

use crate::attachment_files::attach;
use crate::duplicates::{a_person, search};
use crate::story::{Story, a_contact, a_customer, an_interaction, each, id, refusals, violations};

/// Id and present etag.
pub async fn named(reader: &Session, id: &str) -> Result<Value> {
    let etag = reader.get(&format!("/v1/customers/{id}")).await?.ok()?["etag"].clone();
    Ok(json!({"id": id, "etag": etag}))
}

/// What merges `merged` into `survivor`, as they are now.
pub async fn a_merge(reader: &Session, survivor: &str, merged: &[&str]) -> Result<Value> {
    let mut all = Vec::new();
    for id in merged {
        all.push(named(reader, id).await?);
    }
    Ok(json!({"survivor": named(reader, survivor).await?, "merged": all}))
}

/// `kind count` of what was moved.
pub fn moved(merge: &Value, list: &str) -> Vec<String> {
    let text = |moved: &Value| {
        format!("{} {}", moved["kind"].as_str().unwrap_or_default(), moved["count"].as_str().unwrap_or_default())
    };
    merge[list].as_array().into_iter().flatten().map(text).collect()
}

async fn names(reader: &Session, customer: &str, list: &str, field: &str) -> Result<Vec<String>> {
    let path = match list {
        "interactions" => format!("/v1/interactions?customerId={customer}"),
        list => format!("/v1/customers/{customer}/{list}"),
    };
    let page = reader.get(&path).await?.ok()?;
    let mut names: Vec<String> = each(&page, list, field).into_iter().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

struct Two {
    survivor: String,
    merged: String,
    partner: String,
}

/// Two customers with everything that can belong to one, and a third that both are related to.
async fn two(story: &Story) -> Result<Two> {
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let code = json!({"key": "code", "type": "FIELD_TYPE_TEXT", "labelZh": "代码", "unique": true});
    admin.post("/v1/fields", code).await?.ok()?;
    let survivor = a_person(li_lei, "张三", json!({"phone": "13800138000", "level": "vip"})).await?;
    let merged = json!({
        "phone": "13900139000", "email": "zhangsan@example.com", "remark": "老客户", "level": "ordinary",
        "addresses": [{"street": "文三路 1 号"}], "customFields": {"code": {"stringValue": "Z-1"}},
    });
    let merged = a_person(li_lei, "张小三", merged).await?;
    let (survivor, merged) = (id(&survivor)?, id(&merged)?);
    let partner = a_customer(li_lei, "平安保险").await?;
    a_contact(li_lei, &survivor, json!({"name": "王芳", "primary": true})).await?;
    let contact = a_contact(li_lei, &merged, json!({"name": "赵敏", "primary": true, "phone": "13700137000"})).await?;
    for (customer, subject) in [(&survivor, "拜访"), (&merged, "签约")] {
        let done = json!({
            "type": "INTERACTION_TYPE_VISIT", "state": "INTERACTION_STATE_DONE", "subject": subject,
            "occurTime": if subject == "签约" { "2026-03-01T00:00:00Z" } else { "2026-02-01T00:00:00Z" },
        });
        an_interaction(li_lei, customer, done).await?;
    }
    let relation = |kind: &str| json!({"relatedCustomerId": partner, "type": format!("RELATION_TYPE_{kind}")});
    for (customer, kind) in [(&survivor, "HOUSEHOLD"), (&merged, "HOUSEHOLD"), (&merged, "AGENT")] {
        li_lei.post(&format!("/v1/customers/{customer}/relations"), relation(kind)).await?.ok()?;
    }
    let among = json!({"relatedCustomerId": merged, "type": "RELATION_TYPE_AGENT"});
    li_lei.post(&format!("/v1/customers/{survivor}/relations"), among).await?.ok()?;
    attach(li_lei, &format!("customers/{merged}"), &[("name", "合同.txt")], b"contract").await?.ok()?;
    attach(li_lei, &format!("contacts/{}", id(&contact)?), &[("name", "名片.txt")], b"card").await?.ok()?;
    let share = json!({"employeeId": han_mei.employee_id});
    li_lei.post(&format!("/v1/customers/{merged}/shares"), share).await?.ok()?;
    // The history of owners.
    admin.post("/v1/customers:assign", json!({"ids": [merged], "ownerId": han_mei.employee_id})).await?.ok()?;
    admin.post("/v1/customers:assign", json!({"ids": [merged], "ownerId": li_lei.employee_id})).await?.ok()?;
    Ok(Two { survivor, merged, partner })
}

#[tokio::test]
async fn the_survivor_takes_everything_over_and_gives_it_back() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let Two { survivor, merged, partner } = two(&story).await?;
    let before = admin.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    let gone = admin.get(&format!("/v1/customers/{merged}")).await?.ok()?;
    let preview = json!({"survivorId": survivor, "mergedIds": [merged]});
    let preview = admin.post("/v1/customerMerges:preview", preview).await?.ok()?;
    assert_eq!(each(&preview, "customers", "name"), ["张三", "张小三"]);
    let whose = |field: &str| {
        let fields = preview["fields"].as_array().into_iter().flatten();
        fields.filter(|choice| choice["field"] == field).map(|choice| choice["customerId"].clone()).next()
    };
    for (field, whose_value) in
        [("name", &survivor), ("phone", &survivor), ("email", &merged), ("custom_fields.code", &merged)]
    {
        assert_eq!(whose(field), Some(json!(whose_value)), "{field}");
    }
    assert_eq!(whose("gender"), None);
    let kinds = ["attachment 2", "contact 1", "interaction 1", "ownership 2", "relation 2", "share 1"];
    assert_eq!(moved(&preview, "moved"), kinds);

    let mut wanted = a_merge(admin, &survivor, &[&merged]).await?;
    wanted["choices"] = json!([{"field": "phone", "customerId": merged}]);
    let headers = [("idempotency-key", "merge-1")];
    let merge = admin.call(Method::POST, "/v1/customerMerges", Some(wanted.clone()), &headers).await?.ok()?;
    // The household that both were in stays one.
    let kinds = ["attachment 2", "contact 1", "interaction 1", "ownership 2", "relation 1", "share 1"];
    assert_eq!(moved(&merge, "moved"), kinds);
    assert_eq!(merge["changedFields"], json!(["addresses", "custom_fields.code", "email", "phone", "remark"]));
    assert_eq!(merge["merged"][0]["name"], "张小三");
    let again = admin.call(Method::POST, "/v1/customerMerges", Some(wanted.clone()), &headers).await?.ok()?;
    assert_eq!(again, merge);
    admin.post("/v1/customerMerges", wanted).await?.refused(409, "STALE_ETAG")?;

    let now = li_lei.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    for (field, value) in [
        ("name", json!("张三")),
        ("phone", json!("13900139000")),
        ("level", json!("vip")),
        ("email", json!("zhangsan@example.com")),
        ("customFields", json!({"code": {"stringValue": "Z-1"}})),
        ("lastContactTime", json!("2026-03-01T00:00:00Z")),
        ("number", before["number"].clone()),
    ] {
        assert_eq!(now[field], value, "{field}");
    }
    assert_eq!(names(li_lei, &survivor, "contacts", "name").await?, ["王芳", "赵敏"]);
    assert_eq!(names(li_lei, &survivor, "interactions", "subject").await?, ["拜访", "签约"]);
    assert_eq!(names(li_lei, &survivor, "attachments", "name").await?, ["合同.txt"]);
    assert_eq!(names(li_lei, &survivor, "relations", "relatedCustomerName").await?, ["平安保险", "平安保险"]);
    assert_eq!(names(li_lei, &partner, "relations", "relatedCustomerName").await?, ["张三", "张三"]);
    assert!(names(li_lei, &merged, "contacts", "name").await?.is_empty());
    let primary = li_lei.get(&format!("/v1/customers/{survivor}/contacts")).await?.ok()?;
    assert_eq!((each(&primary, "contacts", "name")[0], &primary["contacts"][1]["primary"]), ("王芳", &json!(false)));
    han_mei.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    let found = li_lei.get("/v1/customers:search?query=13700137000").await?.ok()?;
    assert_eq!(found["matches"][0]["customer"]["id"], survivor.as_str());
    // The other one tells where it went, and is out of use.
    let told = li_lei.get(&format!("/v1/customers/{merged}")).await?.ok()?;
    assert_eq!((&told["state"], &told["mergedIntoId"]), (&json!("CUSTOMER_STATE_INVALID"), &json!(survivor)));
    admin.post(&format!("/v1/customers/{merged}:restore"), json!({})).await?.refused(422, "CUSTOMER_MERGED")?;
    let listed = admin.get(&format!("/v1/customerMerges?customerId={survivor}")).await?.ok()?;
    assert_eq!(listed["merges"], json!([merge]));

    // Since then: a new contact, another remark; the contact that came was changed.
    a_contact(li_lei, &survivor, json!({"name": "孙丽"})).await?;
    let change = json!({"remark": "新客户", "etag": now["etag"]});
    li_lei.patch(&format!("/v1/customers/{survivor}"), change).await?.ok()?;
    let undo = format!("/v1/customerMerges/{}:undo", id(&merge)?);
    let undone = admin.post(&undo, json!({})).await?.ok()?;
    assert_eq!(moved(&undone, "returned"), kinds);
    assert_eq!(undone["keptFields"], json!(["remark"]));
    assert_eq!((&undone["undoExpireTime"], &undone["undoUserName"]), (&Value::Null, &json!("admin")));
    admin.post(&undo, json!({})).await?.refused(422, "MERGE_UNDONE")?;
    let parted = admin.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    for field in ["name", "phone", "email", "addresses", "customFields", "lastContactTime"] {
        assert_eq!(parted[field], before[field], "{field}");
    }
    assert_eq!(parted["remark"], "新客户");
    let mut back = admin.get(&format!("/v1/customers/{merged}")).await?.ok()?;
    for field in ["etag", "updateTime", "updateUserName"] {
        back[field] = gone[field].clone();
    }
    assert_eq!(back, gone);
    assert_eq!(names(li_lei, &survivor, "contacts", "name").await?, ["孙丽", "王芳"]);
    let contacts = li_lei.get(&format!("/v1/customers/{merged}/contacts")).await?.ok()?;
    assert_eq!(
        (each(&contacts, "contacts", "name"), &contacts["contacts"][0]["primary"]),
        (vec!["赵敏"], &json!(true))
    );
    assert_eq!(names(li_lei, &merged, "interactions", "subject").await?, ["签约"]);
    assert_eq!(names(li_lei, &merged, "attachments", "name").await?, ["合同.txt"]);
    assert_eq!(names(li_lei, &partner, "relations", "relatedCustomerName").await?, ["张三", "张小三", "张小三"]);
    han_mei.get(&format!("/v1/customers/{survivor}")).await?.refused(404, "NOT_FOUND")?;
    // The unique value is theirs again.
    let taken = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "新", "customFields": {"code": {"stringValue": "Z-1"}}});
    li_lei.post("/v1/customers", taken).await?.refused(409, "CUSTOM_VALUE_TAKEN")?;
    let held: Vec<(String,)> =
        sqlx::query_as("SELECT customer_id::text FROM customers.customer_unique_value WHERE field_key = 'code'")
            .fetch_all(&mut story.app.database().await?)
            .await?;
    assert_eq!(held, [(merged,)]);
    story.end().await
}

#[tokio::test]
async fn five_become_one_and_what_was_found_of_them_is_settled() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let mut ids = Vec::new();
    for (phone, website) in
        [("", ""), ("13800138000", ""), ("", "https://a.example"), ("", "https://longer.example"), ("", "")]
    {
        let firm = json!({
            "kind": "CUSTOMER_KIND_ORGANIZATION", "name": "杭州华星有限公司", "phone": phone, "website": website,
        });
        ids.push(id(&li_lei.post("/v1/customers", firm).await?.ok()?)?);
        a_contact(li_lei, ids.last().context("none")?, json!({"name": "王芳", "primary": ids.len() > 1})).await?;
    }
    let others: Vec<&str> = ids[1..].iter().map(String::as_str).collect();
    search(&story, admin).await?;
    let mut wanted = a_merge(admin, &ids[0], &others).await?;
    wanted["survivorship"] = json!("SURVIVORSHIP_FULLER");
    let merge = admin.post("/v1/customerMerges", wanted).await?.ok()?;
    let one = li_lei.get(&format!("/v1/customers/{}", ids[0])).await?.ok()?;
    assert_eq!((&one["phone"], &one["website"]), (&json!("13800138000"), &json!("https://longer.example")));
    let contacts = li_lei.get(&format!("/v1/customers/{}/contacts", ids[0])).await?.ok()?;
    let primary = contacts["contacts"].as_array().into_iter().flatten().filter(|contact| contact["primary"] == true);
    assert_eq!((contacts["contacts"].as_array().map(Vec::len), primary.count()), (Some(5), 1));
    let count = async |state: &str| -> Result<usize> {
        let page =
            admin.get(&format!("/v1/duplicatePairs?pageSize=100&state=DUPLICATE_PAIR_STATE_{state}")).await?.ok()?;
        Ok(page["pairs"].as_array().map(Vec::len).unwrap_or_default())
    };
    assert_eq!((count("OPEN").await?, count("MERGED").await?), (0, 10));

    // Who has been merged again can't be parted first; who has gone into it before can.
    let later = a_customer(li_lei, "华星集团").await?;
    let second = admin.post("/v1/customerMerges", a_merge(admin, &later, &[&ids[0]]).await?).await?.ok()?;
    let undo = |merge: &Value| id(merge).map(|id| format!("/v1/customerMerges/{id}:undo"));
    admin.post(&undo(&merge)?, json!({})).await?.refused(422, "MERGE_SURVIVOR_MERGED")?;
    admin.post(&undo(&second)?, json!({})).await?.ok()?;
    let undone = admin.post(&undo(&merge)?, json!({})).await?.ok()?;
    assert_eq!(moved(&undone, "returned"), ["contact 4"]);
    assert_eq!((count("OPEN").await?, count("MERGED").await?), (10, 0));
    for id in &ids[1..] {
        let contacts = li_lei.get(&format!("/v1/customers/{id}/contacts")).await?.ok()?;
        assert_eq!(contacts["contacts"][0]["primary"], true);
    }

    // Too late.
    let merge = admin.post("/v1/customerMerges", a_merge(admin, &ids[0], &[&ids[1]]).await?).await?.ok()?;
    let mut database = story.app.database().await?;
    sqlx::query("UPDATE customers.customer_merge SET create_time = now() - interval '31 days'")
        .execute(&mut database)
        .await?;
    admin.post(&undo(&merge)?, json!({})).await?.refused(422, "MERGE_TOO_OLD")?;
    story.end().await
}

#[tokio::test]
async fn of_two_merges_at_once_one_wins() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    for _ in 0..5 {
        let [one, two, three] =
            [a_customer(li_lei, "甲").await?, a_customer(li_lei, "乙").await?, a_customer(li_lei, "丙").await?];
        for id in [&one, &two, &three] {
            a_contact(li_lei, id, json!({"name": "王芳"})).await?;
        }
        let first = a_merge(admin, &one, &[&three]).await?;
        let second = a_merge(admin, &three, &[&two, &one]).await?;
        let contact = json!({"name": "赵敏"});
        let path = format!("/v1/customers/{three}/contacts");
        let (first, second, _) = tokio::join!(
            admin.post("/v1/customerMerges", first),
            admin.post("/v1/customerMerges", second),
            li_lei.post(&path, contact)
        );
        let answers = [first?, second?];
        let won = answers.iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(won, 1, "{} {}", answers[0].body, answers[1].body);
        let lost = answers.iter().find(|answer| !answer.status.is_success()).context("both won")?;
        assert_eq!(lost.body["reason"], "STALE_ETAG", "{}", lost.body);
        // Nothing hangs on a customer that is gone.
        let lost: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM customers.contact t JOIN customers.customer c ON c.id = t.customer_id
             WHERE c.merged_into_id IS NOT NULL",
        )
        .fetch_one(&mut story.app.database().await?)
        .await?;
        assert_eq!(lost, 0);
        let merges = admin.get("/v1/customerMerges?pageSize=1").await?.ok()?;
        let undo = format!("/v1/customerMerges/{}:undo", id(&merges["merges"][0])?);
        let (first, second) = tokio::join!(admin.post(&undo, json!({})), admin.post(&undo, json!({})));
        let answers = [first?.status.as_u16(), second?.status.as_u16()];
        assert!(answers == [200, 422] || answers == [422, 200], "{answers:?}");
    }
    story.end().await
}

#[tokio::test]
async fn what_makes_no_sense_changes_nothing() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let firm = a_customer(li_lei, "甲").await?;
    let other = a_customer(li_lei, "乙").await?;
    let person = id(&a_person(li_lei, "张三", json!({})).await?)?;
    let stranger = uuid::Uuid::now_v7().to_string();
    let good = a_merge(admin, &firm, &[&other]).await?;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut wanted = good.clone();
        change(&mut wanted);
        wanted
    };
    let choose = |field: &str, customer: &str| json!([{"field": field, "customerId": customer}]);
    for (wanted, field, reason) in [
        (with(&|wanted| wanted["merged"][0]["etag"] = json!("")), "merged[0].etag", "ETAG_REQUIRED"),
        (with(&|wanted| wanted["merged"][0] = wanted["survivor"].clone()), "merged[0].id", "MERGE_CUSTOMER_TWICE"),
        (with(&|wanted| wanted["merged"][0]["id"] = json!(stranger)), "merged[0].id", "NOT_FOUND"),
        (with(&|wanted| wanted["survivor"]["id"] = json!(stranger)), "survivor.id", "NOT_FOUND"),
        (with(&|wanted| wanted["choices"] = choose("phone", &person)), "choices[0].customerId", "MERGE_CHOICE_UNKNOWN"),
        (with(&|wanted| wanted["choices"] = choose("number", &other)), "choices[0].field", "MERGE_FIELD_FIXED"),
        (
            with(&|wanted| wanted["choices"] = choose("custom_fields.x", &other)),
            "choices[0].field",
            "MERGE_FIELD_FIXED",
        ),
        (with(&|wanted| wanted["merged"] = json!([])), "merged", "TOO_FEW"),
    ] {
        let answer = admin.post("/v1/customerMerges", wanted.clone()).await?;
        let found = violations(&answer);
        assert!(found.iter().any(|(place, _)| place == field), "{wanted}: {}", answer.body);
        if reason != "TOO_FEW" {
            assert_eq!(found, refusals(&[(field, reason)]), "{wanted}");
        }
    }
    let kinds = a_merge(admin, &firm, &[&person]).await?;
    admin.post("/v1/customerMerges", kinds).await?.refused(422, "MERGE_KINDS_DIFFER")?;
    let preview = json!({"survivorId": firm, "mergedIds": [firm]});
    let preview = admin.post("/v1/customerMerges:preview", preview).await?;
    assert_eq!(violations(&preview), refusals(&[("mergedIds[0]", "MERGE_CUSTOMER_TWICE")]));
    admin.post(&format!("/v1/customers/{other}:invalidate"), json!({})).await?.ok()?;
    let invalid = a_merge(admin, &firm, &[&other]).await?;
    admin.post("/v1/customerMerges", invalid).await?.refused(422, "CUSTOMER_INVALID")?;
    assert_eq!(admin.get("/v1/customerMerges").await?.ok()?["merges"], json!([]));
    story.end().await
}
